/** `up` and `down` that were themselves killed half-way are made good by the next one. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUp } from "../harness/clean-up.ts";
import { freshName, isolatedEnv, kubetsProgram, testDirectory } from "../harness/cluster.ts";
import { needs } from "../harness/needs.ts";
import { seededRandom } from "../harness/random.ts";
import { output, run, start } from "../harness/run.ts";

test("commands killed at random moments leave nothing that the next one cannot handle", {
  timeout: 300_000,
}, async (t) => {
  if (!(await needs(t, "root", "containerd"))) return;
  const random = seededRandom(t);
  const dir = await testDirectory(t);
  const env = isolatedEnv(dir);
  const name = freshName();
  cleanUp(t, () => run(kubetsProgram, ["down", "--delete", "--name", name], { env }));
  const up = ["up", "--name", name, "--data-dir", join(dir, "data"), "--secure-port", "0", "--egress=false"];
  const killed = async (args: readonly string[], withinMs: number) => {
    const running = start(kubetsProgram, args, { env });
    const afterMs = random.below(withinMs);
    await sleep(afterMs);
    await running.stop("SIGKILL");
    return afterMs;
  };
  for (let round = 0; round < 4; round++) {
    const upMs = await killed(up, 4_000);
    const { code, stderr } = await run(kubetsProgram, up, { env, timeoutMs: 150_000 });
    assert.equal(code, 0, `up after an up that was killed at ${upMs} ms: ${stderr}`);
    const downMs = await killed(["down", "--name", name], 1_000);
    const again = await run(kubetsProgram, round % 2 ? up : ["down", "--name", name], { env, timeoutMs: 150_000 });
    assert.equal(again.code, 0, `after a down that was killed at ${downMs} ms: ${again.stderr}`);
  }
  await killed(["down", "--delete", "--name", name], 600);
  const last = await run(kubetsProgram, ["down", "--delete", "--name", name], { env });
  // The killed one may have been done already.
  assert.ok(last.code === 0 || /there is no cluster/.test(last.stderr), last.stderr);
  const left = [
    await output("ip", ["netns"]),
    await output("nft", ["list", "tables"]),
    await output("ps", ["-eo", "args"]),
    readFileSync("/proc/mounts", "utf8"),
  ];
  assert.deepEqual(
    left.flatMap((text) => text.split("\n")).filter((line) => line.includes(name)),
    [],
  );
});
