/** For tests of what a control plane is made of. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { ClusterConfig } from "../config.ts";

/** A cluster without nodes, as `up` has written it down; its directory goes with the test. */
export function configIn(t: TestContext): ClusterConfig {
  const dataDir = mkdtempSync(join(tmpdir(), "kubets-control-plane-"));
  t.after(() => rmSync(dataDir, { recursive: true }));
  const ranges = { serviceCIDR: "10.96.0.0/16", podCIDR: "10.244.0.0/16", nodeCIDR: "10.86.0.0/24" };
  const listen = { bindAddress: "127.0.0.1", securePort: 0 };
  const config = { format: 1, name: "x", dataDir, ...ranges, ...listen, nodes: 0, simulatedNodes: 0, egress: false };
  writeFileSync(join(dataDir, "cluster.json"), JSON.stringify(config));
  return config;
}
