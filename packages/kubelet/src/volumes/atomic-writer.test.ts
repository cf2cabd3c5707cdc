import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { dataTimestamp, writeAtomically } from "./atomic-writer.ts";
import type { Payload } from "./payload.ts";

function payload(files: Record<string, string>, mode = 0o644): Payload {
  return new Map(Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]));
}

describe("writeAtomically", () => {
  let root = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "kubets-volume-"));
  });
  afterEach(() => rm(root, { recursive: true }));
  const write = (files: Record<string, string>, mode?: number) =>
    writeAtomically(root, payload(files, mode), "2026_01_01_00_00_00");

  it("puts every name behind ..data", async () => {
    assert.equal(await write({ a: "1", "dir/b": "2" }), true);
    assert.equal(await readFile(join(root, "a"), "utf8"), "1");
    assert.equal(await readFile(join(root, "dir/b"), "utf8"), "2");
    assert.equal(await readlink(join(root, "a")), "..data/a");
    assert.equal(await readlink(join(root, "dir")), "..data/dir");
  });

  it("does nothing when nothing changed", async () => {
    await write({ a: "1" });
    const before = await readlink(join(root, "..data"));
    assert.equal(await write({ a: "1" }), false);
    assert.equal(await readlink(join(root, "..data")), before);
  });

  it("replaces contents, adds and removes names, and leaves no old directory", async () => {
    await write({ a: "1", gone: "x" });
    assert.equal(await write({ a: "2", b: "3" }), true);
    assert.equal(await readFile(join(root, "a"), "utf8"), "2");
    const names = (await readdir(root)).filter((name) => !name.startsWith("..2026"));
    assert.deepEqual(names.sort(), ["..data", "a", "b"]);
    assert.equal((await readdir(root)).length, 4);
  });

  it("gives the mode asked for, whatever the umask", async () => {
    await write({ a: "1" }, 0o666);
    assert.equal((await stat(join(root, "a"))).mode & 0o777, 0o666);
  });

  it("refuses paths that lead out", async () => {
    for (const path of ["../a", "/a", "a/../../b", "..a", ""])
      await assert.rejects(write({ [path]: "x" }), /invalid path/);
  });
});

it("dataTimestamp", () => assert.equal(dataTimestamp(Date.UTC(2026, 0, 2, 3, 4, 5)), "2026_01_02_03_04_05"));
