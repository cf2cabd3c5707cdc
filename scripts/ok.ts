/**
 * The one gate, under a minute: format and lint, types, boundaries, generated files, fast tests.
 * `npm run ok -- types lint` runs only those named. Exits 1 when any fails, after running all.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { sourceFiles } from "./files.ts";

/** Tests that need root, containers or a built image; `npm test` runs them, the gate does not. */
export const slowTest = /^(test\/e2e|test\/compat)\/|\.slow\.test\.ts$/;

const node = process.execPath;
const steps: Record<string, () => string[]> = {
  lint: () => ["node_modules/.bin/biome", "check", "--error-on-warnings", "."],
  types: () => ["node_modules/.bin/tsc", "--noEmit", "-p", "."],
  boundaries: () => [node, "scripts/boundaries.ts"],
  generated: () => [node, "scripts/generate.ts", "--check"],
  tests: () => [
    node,
    "--disable-warning=ExperimentalWarning",
    "--test",
    "--test-reporter=dot",
    // A test that hangs is a failure of its own, not of everyone's patience.
    "--test-timeout=120000",
    ...sourceFiles("*.test.ts").filter((f) => !slowTest.test(f)),
  ],
};

if (import.meta.main) {
  process.chdir(new URL("..", import.meta.url).pathname);
  const asked = process.argv.slice(2);
  const unknown = asked.filter((name) => !(name in steps));
  if (unknown.length > 0) {
    console.error(`ok: no step named ${unknown.join(", ")}; there are ${Object.keys(steps).join(", ")}`);
    process.exit(2);
  }
  const failed: string[] = [];
  for (const name of asked.length > 0 ? asked : Object.keys(steps)) {
    const [command, ...args] = steps[name]!() as [string, ...string[]];
    if (!existsSync(command)) throw new Error(`ok: ${command} is missing; run npm install`);
    const started = performance.now();
    const { status } = spawnSync(command, args, { stdio: "inherit" });
    console.log(
      `ok: ${name} ${status === 0 ? "passed" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(1)} s`,
    );
    if (status !== 0) failed.push(name);
  }
  if (failed.length > 0) {
    console.error(`ok: failed: ${failed.join(", ")}`);
    process.exit(1);
  }
}
