/** Real nodes for tests: each in a network namespace of its own with no route out, gone when the test ends. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { realClock, realRandom } from "@kubets/apimachinery";
import { connectRuntime, type PodSandboxConfig, type RuntimeClient } from "@kubets/cri";
import { writeCniConfig } from "@kubets/network";
import { ensureClusterNetwork, removeClusterNetwork } from "./cluster-network.ts";
import { destroyNode } from "./destroy.ts";
import { ensureNode, type NodeMachinery, type NodeOptions } from "./node.ts";
import { routePods } from "./node-network.ts";
import { missingPackages, privilegeProblem } from "./preflight.ts";
import { type ClusterSubnets, clusterSubnets } from "./subnets.ts";

/**
 * Why tests with real nodes cannot run here, for `test(..., { skip })`; false when they can, and false in continuous integration,
 * where a test that cannot run must fail.
 */
export function nodeTestSkip(): string | false {
  if (process.env["CI"] === "true") return false;
  const missing = missingPackages().map(({ name }) => name);
  return privilegeProblem() ?? (missing.length > 0 && `missing: ${missing.join(", ")}`);
}

/** Built images are shared by all tests and runs. */
export const testImageCache = fileURLToPath(new URL("../../../../.cache/images", import.meta.url));

export interface TestNode {
  readonly options: NodeOptions;
  readonly machinery: NodeMachinery;
  readonly podCIDR: string;
  readonly client: RuntimeClient;
}

export interface TestCluster {
  readonly name: string;
  readonly subnets: ClusterSubnets;
  readonly dataDir: string;
  readonly nodes: readonly TestNode[];
}

/** Brings up `count` nodes, with pod networks, under a name nobody else has. With `egress`, send nothing but to namespaces of the test's own. */
export async function startTestNodes(t: TestContext, count: number, egress = false): Promise<TestCluster> {
  const name = `test-${realRandom.uuid().slice(0, 8)}`;
  const dataDir = await mkdtemp(join(tmpdir(), "kubets-test-"));
  const started: NodeOptions[] = [];
  t.after(async () => {
    for (const options of started) await destroyNode({ ...options, deleteData: true });
    await removeClusterNetwork(name);
    await rm(dataDir, { recursive: true, force: true });
  });
  const subnets = await clusterSubnets(name, dataDir);
  await ensureClusterNetwork(name, subnets, { egress });
  const nodes: TestNode[] = [];
  for (let index = 0; index < count; index++) {
    const options = {
      cluster: name,
      node: `n${index}`,
      index,
      dataDir,
      subnets,
      egress,
      imageCacheDir: testImageCache,
    };
    started.push(options);
    nodes.push(await startTestNode(t, options));
  }
  return { name, subnets, dataDir, nodes };
}

async function startTestNode(t: TestContext, options: NodeOptions): Promise<TestNode> {
  const machinery = await ensureNode(options);
  const { layout, address } = machinery;
  const podCIDR = options.subnets.podCIDR.replace(/\.0\.0\/16$/, `.${options.index}.0/24`);
  await writeCniConfig(layout.cniConfDir, { name: layout.cniNetwork, podCIDRs: [podCIDR], dataDir: layout.cniDataDir });
  await routePods(layout, podCIDR, address);
  const client = await connectRuntime(layout.socketPath);
  t.after(() => client.close());
  await networkReady(client);
  return { options, machinery, podCIDR, client };
}

/** The runtime reads a new CNI configuration a moment after it is written. */
async function networkReady(client: RuntimeClient): Promise<void> {
  for (;;) {
    const { status } = await client.runtime.status({});
    if (status?.conditions.find(({ type }) => type === "NetworkReady")?.status) return;
    await realClock.sleep(5);
  }
}

/** A sandbox's configuration with the cgroup and log directory a kubelet would give it. */
export function testSandbox(node: TestNode, name: string): PodSandboxConfig {
  const uid = `uid-${name}`;
  const { cgroupRoot, podLogsDir } = node.machinery.layout;
  return {
    metadata: { name, uid, namespace: "default", attempt: 0 },
    hostname: name,
    logDirectory: `${podLogsDir}/default_${name}_${uid}`,
    labels: { "io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "default", "io.kubernetes.pod.uid": uid },
    linux: {
      cgroupParent: `${cgroupRoot}/kubepods/pod${uid}`,
      securityContext: { namespaceOptions: { network: "POD", pid: "CONTAINER", ipc: "POD" } },
    },
  };
}
