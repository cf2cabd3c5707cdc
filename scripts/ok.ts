/**
 * The one gate, under a minute: format and lint, types, boundaries, generated files, fast tests.
 * `npm run ok -- types lint` runs only those named. Exits 1 when any fails, after running all.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { runFastTests } from "./fast-tests.ts";

const steps: Record<string, () => boolean | Promise<boolean>> = {
  lint: () => run("node_modules/.bin/biome", "check", "--error-on-warnings", "."),
  types: () => run("node_modules/.bin/tsc", "--noEmit", "-p", "."),
  boundaries: () => run(process.execPath, "scripts/boundaries.ts"),
  generated: () => run(process.execPath, "scripts/generate.ts", "--check"),
  tests: runFastTests,
};

function run(command: string, ...args: string[]): boolean {
  if (!existsSync(command)) throw new Error(`ok: ${command} is missing; run npm install`);
  return spawnSync(command, args, { stdio: "inherit" }).status === 0;
}

process.chdir(new URL("..", import.meta.url).pathname);
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`ok: no step named ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
  process.exit(2);
}
const failed: string[] = [];
for (const name of asked.length > 0 ? asked : Object.keys(steps)) {
  const started = performance.now();
  const passed = await steps[name]!();
  console.log(`ok: ${name} ${passed ? "passed" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  if (!passed) failed.push(name);
}
if (failed.length > 0) {
  console.error(`ok: failed: ${failed.join(", ")}`);
  process.exit(1);
}
