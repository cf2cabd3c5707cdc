import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clusterPaths } from "../paths.ts";
import { runControlPlane } from "./run.ts";

test("a control plane whose credentials cannot be written does not go on, with up waiting for it", async (t) => {
  const dataDir = mkdtempSync(join(tmpdir(), "kubets-run-"));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const ranges = { serviceCIDR: "10.96.0.0/16", podCIDR: "10.244.0.0/16", nodeCIDR: "10.86.0.0/24" };
  const listen = { bindAddress: "127.0.0.1", securePort: 0 };
  const config = { format: 1, name: "x", dataDir, ...ranges, ...listen, nodes: 0, simulatedNodes: 0, egress: false };
  writeFileSync(join(dataDir, "cluster.json"), JSON.stringify(config));
  mkdirSync(clusterPaths("x", dataDir).adminConf);
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 15_000);
  await assert.rejects(
    runControlPlane(dataDir, stop.signal, () => assert.fail()),
    { code: "EISDIR" },
  );
  clearTimeout(timer);
  stop.abort();
});
