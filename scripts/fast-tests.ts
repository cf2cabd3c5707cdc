/**
 * The fast tests, in a few processes that each run many files: most of the time of a small test file is starting Node.
 * Within a process files run one after the other and share its modules and its globals; a test that needs a process of its own starts one.
 */

import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { sourceFiles } from "./files.ts";

/** Tests that need root, containers or a built image; `npm test` runs them, the gate does not. */
export const slowTest = /^(test\/e2e|test\/compat)\/|\.slow\.test\.ts$/;

/** A process that takes longer, in milliseconds, hangs: something is still open when its tests are done. */
const patience = 240_000;

export async function runFastTests(): Promise<boolean> {
  const files = sourceFiles("*.test.ts").filter((file) => !slowTest.test(file));
  const processes = Math.min(availableParallelism(), 8);
  const shares = Array.from({ length: processes }, (_, share) => files.filter((_, i) => i % processes === share));
  return (await Promise.all(shares.map(runTogether))).every((passed) => passed);
}

function runTogether(files: readonly string[]): Promise<boolean> {
  const options = ["--test", "--test-isolation=none", "--test-reporter=dot", "--test-timeout=60000"];
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...options, ...files], {
    stdio: ["ignore", "inherit", "inherit"],
    timeout: patience,
    killSignal: "SIGKILL",
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      if (signal !== null) {
        console.error(
          `fast tests: ended by ${signal}, after ${patience / 1000} s at most; one of these hangs:\n${files.join("\n")}`,
        );
      }
      resolve(status === 0);
    });
  });
}
