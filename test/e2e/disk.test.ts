/** A disk that is full or read-only: said in one sentence, nothing acknowledged is lost, and all goes on when there is room again. */

import assert from "node:assert/strict";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { configMaps } from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import { cleanUp } from "../harness/clean-up.ts";
import { freshName, isolatedEnv, kubetsProgram, startCluster, testDirectory } from "../harness/cluster.ts";
import { needs } from "../harness/needs.ts";
import { output, run } from "../harness/run.ts";

/** A file system of its own, gone when the test ends. */
async function smallDisk(t: TestContext, sizeMB: number): Promise<string> {
  const disk = join(await testDirectory(t), "disk");
  mkdirSync(disk);
  await output("mount", ["-t", "tmpfs", "-o", `size=${sizeMB}m`, "kubets-test", disk]);
  cleanUp(t, () => output("umount", [disk]));
  return disk;
}

/** Leaves no byte free. */
function fill(disk: string): void {
  const file = openSync(join(disk, "filler"), "a");
  for (let size = 1 << 20; size >= 1; size >>= 1) while (wrote(file, size));
  closeSync(file);
}

function wrote(file: number, size: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(size)) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    return false;
  }
}

test("a disk that fills up refuses writes, serves reads, and recovers", async (t) => {
  if (!(await needs(t, "root"))) return;
  const disk = await smallDisk(t, 48);
  const cluster = await startCluster(t, { dataDir: join(disk, "data") });
  const maps = cluster.client.resource(configMaps).namespace("default");
  const create = (name: string, size = 100) =>
    maps.create({ metadata: { name }, data: { text: "x".repeat(size) } }, { signal: AbortSignal.timeout(10_000) });
  await create("before");
  fill(disk);
  const acknowledged: string[] = [];
  let refusal: unknown;
  for (let i = 0; i < 2_000 && refusal === undefined; i++)
    await create(`n${i}`, 50_000).then(
      () => acknowledged.push(`n${i}`),
      (error) => {
        refusal = error;
      },
    );
  assert.ok(refusal instanceof StatusError, `a Status, not ${refusal}`);
  assert.ok((refusal.status.code ?? 0) >= 500, JSON.stringify(refusal.status));
  assert.match(refusal.message, /disk is full|no space/i);
  assert.equal((await maps.get("before")).data?.["text"]?.length, 100);
  rmSync(join(disk, "filler"));
  await create("after");
  cluster.killEverything();
  const { code, stderr } = await cluster.kubets(["up"]);
  assert.equal(code, 0, stderr);
  const names = new Set((await maps.list()).items.map((item) => item.metadata?.name));
  for (const name of ["before", "after", ...acknowledged]) assert.ok(names.has(name), `${name} is lost`);
});

test("up on a full or read-only disk says so, and works once it can", async (t) => {
  if (!(await needs(t, "root"))) return;
  const disk = await smallDisk(t, 48);
  const dir = await testDirectory(t);
  const env = isolatedEnv(dir);
  const name = freshName();
  const flags = ["--name", name, "--data-dir", join(disk, "data"), "--nodes", "0", "--secure-port", "0"];
  const up = () => run(kubetsProgram, ["up", ...flags], { env });
  cleanUp(t, () => run(kubetsProgram, ["down", "--delete", "--name", name], { env }));
  const refused = async (pattern: RegExp) => {
    const { code, stderr } = await up();
    assert.equal(code, 1, stderr);
    assert.match(stderr.trimEnd().split("\n").at(-1) ?? "", pattern);
  };
  fill(disk);
  await refused(/^kubets up: .*disk.* is full.*free some space/);
  rmSync(join(disk, "filler"));
  await output("mount", ["-o", "remount,ro", disk]);
  await refused(/^kubets up: .*read-only.*(make|choose)/);
  await output("mount", ["-o", "remount,rw", disk]);
  const { code, stderr } = await up();
  assert.equal(code, 0, stderr);
  // A cluster that was stopped, and whose disk became read-only.
  assert.equal((await run(kubetsProgram, ["down", "--name", name], { env })).code, 0);
  await output("mount", ["-o", "remount,ro", disk]);
  await refused(/^kubets up: .*read-only.*(make|choose)/);
  await output("mount", ["-o", "remount,rw", disk]);
  assert.equal((await up()).code, 0);
});
