import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { findProgram, runningProgram, startProgram, stopProgram } from "./supervised.ts";

function specIn(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-supervised-"));
  const pidFile = join(directory, "pid");
  t.after(async () => {
    await stopProgram(pidFile);
    rmSync(directory, { recursive: true });
  });
  return { pidFile, logFile: join(directory, "log") };
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  for (const end = performance.now() + 10_000; performance.now() < end; await setImmediate()) {
    const found = look();
    if (found !== undefined && found !== false) return found;
  }
  assert.fail("waited in vain");
}

/** Empty once it is dead, though nobody has taken note of that yet. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // No such process.
  }
}

test("what an earlier run said is not told as why this one failed", async (t) => {
  const spec = specIn(t);
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
  const spec = specIn(t);
  const marker = `${spec.logFile}.again`;
  // Started again by its supervisor, it takes its time to end.
  const slow = `[ -e ${marker} ] || { touch ${marker}; exit 1; }; trap "sleep 0.3; exit 1" TERM; sleep 5 & wait`;
  await assert.rejects(startProgram({ ...spec, command: ["/bin/sh", "-c", slow] }), /the program ended at once/);
  assert.equal(runningProgram(spec.pidFile), undefined);
  const ready = `echo '{"port":1}' >&"$KUBETS_READY_FD"; exec sleep 20`;
  assert.equal(await startProgram({ ...spec, command: ["/bin/sh", "-c", ready] }), '{"port":1}');
  await until(() => runningProgram(spec.pidFile));
});

test("a program that ends as soon as it starts leaves its own words, and no process id file", (t) => {
  const { pidFile, logFile } = specIn(t);
  const supervise = new URL("../../../scripts/supervise", import.meta.url).pathname;
  for (let i = 0; i < 6; i++) {
    const { status, stderr } = spawnSync(supervise, [pidFile, logFile, "/bin/sh", "-c", "exit 78"]);
    assert.deepEqual([status, String(stderr), existsSync(pidFile)], [0, "", false]);
  }
});

test("a program that was told to end, and has not ended yet, is not found running: it is waited for", async (t) => {
  const spec = specIn(t);
  const slow = `trap "sleep 0.3; exit 0" TERM; echo '{}' >&"$KUBETS_READY_FD"; sleep 5 & wait`;
  await startProgram({ ...spec, command: ["/bin/sh", "-c", slow] });
  const { supervisorPid, pid } = await until(() => runningProgram(spec.pidFile));
  assert.ok(await findProgram(spec.pidFile, ["no", "such"]));
  process.kill(supervisorPid, "SIGTERM");
  await until(() => runningProgram(spec.pidFile)?.isStopping);
  assert.notEqual(commandLine(pid), "");
  assert.equal(await findProgram(spec.pidFile, ["no", "such"]), false);
  assert.equal(commandLine(supervisorPid) + commandLine(pid), "");
});

test("a start that is given up leaves no program, though that ignores SIGTERM", async (t) => {
  const spec = specIn(t);
  const stop = new AbortController();
  const starting = startProgram(
    { ...spec, command: ["/bin/sh", "-c", 'trap "" TERM; exec sleep 7'] },
    stop.signal,
    100,
  );
  const { pid } = await until(() => runningProgram(spec.pidFile));
  await until(() => commandLine(pid).startsWith("sleep"));
  stop.abort(new Error("enough"));
  await assert.rejects(starting, { message: "enough" });
  assert.equal(commandLine(pid), "");
  assert.equal(existsSync(spec.pidFile), false);
});
