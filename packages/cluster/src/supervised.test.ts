import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runningProgram, startProgram, stopProgram } from "./supervised.ts";

test("what an earlier run said is not told as why this one failed", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-supervised-"));
  t.after(() => rmSync(directory, { recursive: true }));
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

test("what failed to start is gone before another is started in its place", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-supervised-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const spec = { pidFile: join(directory, "pid"), logFile: join(directory, "log") };
  const marker = join(directory, "again");
  // Started again by its supervisor, it takes its time to end.
  const slow = `[ -e ${marker} ] || { touch ${marker}; exit 1; }; trap "sleep 0.3; exit 1" TERM; sleep 5 & wait`;
  await assert.rejects(startProgram({ ...spec, command: ["/bin/sh", "-c", slow] }), /the program ended at once/);
  assert.equal(runningProgram(spec.pidFile), undefined);
  const ready = `echo '{"port":1}' >&"$KUBETS_READY_FD"; exec sleep 20`;
  t.after(() => stopProgram(spec.pidFile));
  assert.equal(await startProgram({ ...spec, command: ["/bin/sh", "-c", ready] }), '{"port":1}');
  assert.notEqual(runningProgram(spec.pidFile), undefined);
});
