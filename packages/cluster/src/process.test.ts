import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { run } from "./process.ts";

test("a program that is given up has ended when its caller hears of it", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-process-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const [begun, ended] = [join(directory, "begun"), join(directory, "ended")];
  const script = `trap "sleep 0.2; touch ${ended}; exit 1" TERM; touch ${begun}; sleep 1 >/dev/null 2>&1 & wait`;
  const stop = new AbortController();
  const running = run("/bin/sh", ["-c", script], { signal: stop.signal });
  running.catch(() => undefined);
  while (!existsSync(begun)) await setImmediate();
  stop.abort(new Error("enough"));
  await assert.rejects(running, { message: "enough" });
  assert.ok(existsSync(ended));
});

test("a program that is not there is named", async () => {
  await assert.rejects(run("/no/such", ["-x"], { signal: new AbortController().signal }), {
    message: "/no/such -x: could not run: spawn /no/such ENOENT",
  });
});
