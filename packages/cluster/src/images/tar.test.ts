import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { readTar, type TarEntry, writeTar } from "./tar.ts";

const entries: TarEntry[] = [
  { path: "etc", type: "directory", mode: 0o755, uid: 0, gid: 0 },
  { path: "etc/motd", type: "file", mode: 0o644, uid: 33, gid: 33, data: Buffer.from("hello\n") },
  { path: "bin/sh", type: "symlink", mode: 0o777, uid: 0, gid: 0, target: "busybox" },
  { path: "usr/bin/su", type: "file", mode: 0o4755, uid: 0, gid: 0, data: Buffer.alloc(512, 1) },
  { path: `${"a/".repeat(60)}file`, type: "file", mode: 0o600, uid: 0, gid: 0, data: Buffer.from("x") },
  { path: "long", type: "symlink", mode: 0o777, uid: 0, gid: 0, target: `/${"b".repeat(150)}` },
];
const core = ({ path, type, mode, uid, gid, target, data }: TarEntry) => ({
  path,
  type,
  mode,
  uid,
  gid,
  target,
  data: data?.toString("hex"),
});

test("what is written can be read back", () => {
  assert.deepEqual([...readTar(writeTar(entries))].map(core), entries.map(core));
});

test("the tar program reads it", () => {
  const listed = execFileSync("tar", ["-tf", "-"], { input: writeTar(entries), encoding: "utf8" });
  assert.deepEqual(
    listed.trimEnd().split("\n"),
    entries.map((e) => (e.type === "directory" ? `${e.path}/` : e.path)),
  );
});

test("the same entries make the same bytes", () => {
  assert.ok(writeTar(entries).equals(writeTar(entries)));
});

test("a damaged archive is refused", () => {
  const archive = writeTar(entries);
  archive[3] = 0xff;
  assert.throws(() => [...readTar(archive)], /damaged at byte 0/);
});
