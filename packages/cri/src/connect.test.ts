import assert from "node:assert/strict";
import { test } from "node:test";
import { connectRuntime } from "./connect.ts";
import { CriError, isNotFound, isUnimplemented } from "./errors.ts";
import { stopSignals } from "./types.ts";

test("a path that cannot be a socket's is refused at once", async () => {
  await assert.rejects(connectRuntime("containerd.sock"), /is not an absolute path/);
  await assert.rejects(connectRuntime(`unix:///${"a".repeat(110)}`), /is 111 bytes long, the kernel allows 107/);
});

test("a runtime that is not there is UNAVAILABLE", async (t) => {
  const client = await connectRuntime("/run/kubets-no-such.sock");
  t.after(() => client.close());
  await assert.rejects(client.runtime.version({}), (error) => {
    assert.ok(error instanceof CriError);
    assert.deepEqual([error.code, error.method], ["UNAVAILABLE", "Version"]);
    assert.match(error.message, /^rpc error: code = Unavailable desc = /);
    return true;
  });
});

test("a call whose signal has aborted is not made", async (t) => {
  const client = await connectRuntime("/run/kubets-no-such.sock");
  t.after(() => client.close());
  await assert.rejects(client.runtime.version({}, { signal: AbortSignal.abort(new Error("enough")) }), {
    message: "enough",
  });
});

test("errors read as Go's gRPC prints them", () => {
  for (const [code, text] of [
    ["NOT_FOUND", "rpc error: code = NotFound desc = no such container"],
    ["DEADLINE_EXCEEDED", "rpc error: code = DeadlineExceeded desc = no such container"],
    ["CANCELLED", "rpc error: code = Canceled desc = no such container"],
  ] as const) {
    assert.equal(new CriError("ContainerStatus", code, "no such container").message, text);
  }
  assert.ok(isNotFound(new CriError("m", "NOT_FOUND", "")) && !isNotFound(new Error("NOT_FOUND")));
  assert.ok(isUnimplemented(new CriError("m", "UNIMPLEMENTED", "")));
});

test("stop signals have the protocol's numbers", () => {
  for (const [name, number] of [
    ["SIGABRT", 1],
    ["SIGKILL", 13],
    ["SIGQUIT", 18],
    ["SIGTERM", 23],
    ["SIGUSR1", 29],
    ["SIGRTMIN", 35],
    ["SIGRTMIN+15", 50],
    ["SIGRTMAX-14", 51],
    ["SIGRTMAX-1", 64],
    ["SIGRTMAX", 65],
  ] as const) {
    assert.equal(stopSignals.indexOf(name), number);
  }
});
