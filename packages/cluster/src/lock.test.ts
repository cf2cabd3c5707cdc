import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import { withLock } from "./lock.ts";

function lockIn(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), "kubets-lock-"));
  t.after(() => rmSync(directory, { recursive: true }));
  return join(directory, "lock");
}

/** A process that takes the lock so many times. Rejects when another had it too. */
function taking(file: string, rounds: number): Promise<unknown> {
  const fixture = new URL("lock.fixture.ts", import.meta.url).pathname;
  return promisify(execFile)(process.execPath, [fixture, file, String(rounds)]);
}

test("several who want a lock have it one after the other, and leave nothing", async (t) => {
  const file = lockIn(t);
  await Promise.all([taking(file, 8), taking(file, 8), taking(file, 8)]);
  assert.deepEqual(readdirSync(dirname(file)), []);
});

test("a lock names its holder from its first moment: an empty one would be taken for a dead one's", async (t) => {
  const file = lockIn(t);
  let done = false;
  const taken = taking(file, 200).finally(() => {
    done = true;
  });
  const seen = new Set<boolean>();
  while (!done) {
    for (let i = 0; i < 50; i++) if (existsSync(file)) seen.add(/^\d+ \d+\n$|^gone$/.test(read(file)));
    await setImmediate();
  }
  await taken;
  assert.ok(!seen.has(false));
});

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "gone";
  }
}

test("a dead one's lock is taken, whatever is in it", async (t) => {
  const file = lockIn(t);
  for (const text of ["999999999 1\n", `${process.pid} 1\n`, "", "garbage"]) {
    writeFileSync(file, text);
    assert.equal(await withLock(file, async () => existsSync(file)), true);
  }
  assert.deepEqual(readdirSync(dirname(file)), []);
});

test("who waits for a lock takes it when its holder has deleted the directory", async (t) => {
  const file = join(lockIn(t), "lock");
  const deleted = Promise.withResolvers<void>();
  let waits = 0;
  const holding = withLock(file, () => deleted.promise);
  const onWait = () => {
    waits++;
    rmSync(dirname(file), { recursive: true });
    deleted.resolve();
  };
  assert.equal(await withLock(file, async () => existsSync(file), { onWait }), true);
  await holding;
  assert.equal(waits, 1);
});
