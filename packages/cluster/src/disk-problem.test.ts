import assert from "node:assert/strict";
import { test } from "node:test";
import { explainDiskProblem } from "./disk-problem.ts";

function failing(code: string, path?: string): Error {
  return Object.assign(new Error(`${code}: as Node says it`), { code, syscall: "open", ...(path && { path }) });
}

test("the disk's failures say where and what to do", () => {
  const said = (error: unknown) => (explainDiskProblem(error, "/data") as Error).message;
  assert.equal(said(failing("ENOSPC")), "cannot write to /data: the disk is full; free some space and try again");
  assert.match(
    said(failing("EROFS", "/data/lock")),
    /^cannot write to \/data\/lock: the disk is read-only; make it writable/,
  );
});

test("other errors are left as they are", () => {
  for (const error of [new Error("other"), failing("ECONNREFUSED")])
    assert.equal(explainDiskProblem(error, "/data"), error);
});
