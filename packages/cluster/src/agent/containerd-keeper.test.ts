import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ContainerdKeeper } from "./containerd-keeper.ts";

test("one that is stopped while containerd starts ends, and holds no connection", { timeout: 5_000 }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-keeper-"));
  const socketPath = join(directory, "containerd.sock");
  const server = createServer((socket) => socket.resume()).listen(socketPath);
  t.after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });
  const stop = new AbortController();
  const ensure = async () => stop.abort();
  await new ContainerdKeeper({ socketPath, ensure }).start(stop.signal);
});
