import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { test } from "node:test";
import { clusterPaths } from "../paths.ts";
import { runControlPlane } from "./run.ts";
import { configIn } from "./testing.ts";

test("a control plane whose credentials cannot be written does not go on, with up waiting for it", async (t) => {
  const { name, dataDir } = configIn(t);
  mkdirSync(clusterPaths(name, dataDir).adminConf);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 15_000);
  await assert.rejects(
    runControlPlane(dataDir, stop.signal, () => assert.fail()),
    { code: "EISDIR" },
  );
  clearTimeout(timer);
  stop.abort();
});
