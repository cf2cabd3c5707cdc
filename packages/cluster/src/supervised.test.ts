import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startProgram } from "./supervised.ts";

test("what an earlier run said is not told as why this one failed", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-supervised-"));
  // What ended may still be writing down that it has.
  t.after(() => rmSync(directory, { recursive: true, maxRetries: 20 }));
  const spec = { pidFile: join(directory, "pid"), logFile: join(directory, "log") };
  writeFileSync(spec.logFile, `${JSON.stringify({ level: "error", msg: "old" })}\n`);
  await assert.rejects(startProgram({ ...spec, command: ["/bin/sh", "-c", "exit 1"] }), (error: Error) => {
    assert.match(error.message, /^the program ended at once; /);
    assert.doesNotMatch(error.message, /old/);
    return true;
  });
  const says = `echo '{"level":"error","err":{"message":"new"}}' >&2; exit 1`;
  await assert.rejects(startProgram({ ...spec, command: ["/bin/sh", "-c", says] }), { message: "new" });
});
