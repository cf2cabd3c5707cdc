/**
 * `npm test`: the gate's static checks, then every test there is, end-to-end ones included.
 * `npm test -- FILE...` runs only those test files. As root it first installs the Debian packages that nodes need, and says so.
 * Under CI=true a test that lacks root, containers or a tool fails; elsewhere it is skipped, and said so.
 */

import { spawnSync } from "node:child_process";
import { runFastTests, slowTest } from "./fast-tests.ts";
import { sourceFiles } from "./files.ts";

process.chdir(new URL("..", import.meta.url).pathname);

function run(args: readonly string[]): boolean {
  return (
    spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio: "inherit" }).status === 0
  );
}

async function installWhatNodesNeed(): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { installPackages, missingPackages } = await import("@kubets/cluster/node");
  await installPackages(missingPackages(), { install: true, tell: (line) => console.log(line) });
}

const asked = process.argv.slice(2);
if (asked.length > 0) {
  await installWhatNodesNeed();
  process.exit(run(["--test", "--test-reporter=spec", ...asked]) ? 0 : 1);
}

const parts: Record<string, () => boolean | Promise<boolean>> = {
  "static checks": () => run(["scripts/ok.ts", "lint", "types", "boundaries", "generated"]),
  "fast tests": runFastTests,
  // They bring up clusters: one file at a time, so that they do not take the cores from each other.
  "end-to-end tests": () =>
    run([
      "--test",
      "--test-concurrency=1",
      "--test-reporter=spec",
      "--test-timeout=600000",
      ...sourceFiles("*.test.ts").filter((f) => slowTest.test(f)),
    ]),
};

const outcomes: string[] = [];
let passed = true;
await installWhatNodesNeed();
for (const [name, part] of Object.entries(parts)) {
  const started = performance.now();
  const ok = await part();
  passed &&= ok;
  outcomes.push(`${name} ${ok ? "passed" : "FAILED"} in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
console.log(outcomes.join("\n"));
process.exit(passed ? 0 : 1);
