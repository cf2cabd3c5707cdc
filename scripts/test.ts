/**
 * `npm test`: the gate's static checks, then every test there is, end-to-end ones included.
 * `npm test -- FILE...` runs only those test files. Under CI=true a test that lacks root, containers or a tool fails; elsewhere it is skipped, and said so.
 */

import { spawnSync } from "node:child_process";
import { sourceFiles } from "./files.ts";
import { slowTest } from "./ok.ts";

process.chdir(new URL("..", import.meta.url).pathname);

function run(args: readonly string[]): number {
  return spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", ...args], { stdio: "inherit" }).status ?? 1;
}

const asked = process.argv.slice(2);
if (asked.length > 0) process.exit(run(["--test", "--test-reporter=spec", ...asked]));

const all = sourceFiles("*.test.ts");
const checks = run(["scripts/ok.ts", "lint", "types", "boundaries", "generated"]);
const fast = run(["--test", "--test-reporter=dot", ...all.filter((f) => !slowTest.test(f))]);
// End-to-end tests bring up clusters: one file at a time, so that they do not take the cores from each other.
const slow = run(["--test", "--test-concurrency=1", "--test-reporter=spec", ...all.filter((f) => slowTest.test(f))]);
console.log(`static checks: ${checks === 0 ? "passed" : "FAILED"}; fast tests: ${fast === 0 ? "passed" : "FAILED"}; end-to-end: ${slow === 0 ? "passed" : "FAILED"}`);
process.exit(checks || fast || slow);
