/**
 * How long from creating a pod of a loaded image to Running, against what the node's own containerd takes for the same sandbox and container.
 * Both are measured in turn, in the same run, on the same containerd.
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Pod, pods } from "@kubets/api";
import { createClient, transportFromKubeconfig } from "@kubets/client";
import { clusterPaths, findCluster, loadImage, localNodes } from "@kubets/cluster";
import { buildImage, busyboxImage } from "@kubets/cluster/images";
import {
  clusterSubnets,
  destroyNode,
  ensureClusterNetwork,
  ensureNode,
  removeClusterNetwork,
} from "@kubets/cluster/node";
import { testImageCache } from "@kubets/cluster/node-testing";
import { connectRuntime, type RuntimeClient } from "@kubets/cri";
import { writeCniConfig } from "@kubets/network";
import { type BareStart, startBare } from "./bare-containerd.ts";
import { flagsOf, jsonFlag } from "./lib/program.ts";

const image = "kubets.local/bench:1";
const command = ["sleep", "3600"];

const about = "How long from creating a pod to Running, as a ratio to what the node's containerd takes by itself.";
const flags = flagsOf("pod-start.ts", about, {
  name: { type: "string", value: "CLUSTER", help: "a running cluster that has a node", default: "kubets" },
  bare: { type: "boolean", help: "containerd alone, on a node made for the run: no cluster is needed", default: false },
  rounds: { type: "number", help: "pods to start, one after the other", default: 15 },
  json: jsonFlag,
});
const { rounds } = flags;
const rows = flags.bare ? await bareRows() : await clusterRows(flags.name);
if (flags.json) console.log(JSON.stringify(rows));
else console.table(rows);

async function bareRows() {
  const dataDir = mkdtempSync(join(tmpdir(), "kubets-bench-"));
  const identity = { cluster: `bench-${process.pid}`, node: "node-1", index: 0, dataDir };
  const { cluster } = identity;
  try {
    const subnets = await clusterSubnets(cluster, dataDir);
    await ensureClusterNetwork(cluster, subnets, { egress: false });
    const startedAt = performance.now();
    const { layout } = await ensureNode({ ...identity, subnets, egress: false, imageCacheDir: testImageCache });
    const nodeMs = performance.now() - startedAt;
    const podCIDRs = [subnets.podCIDR.replace(/\/\d+$/, "/24")];
    await writeCniConfig(layout.cniConfDir, { name: layout.cniNetwork, podCIDRs, dataDir: layout.cniDataDir });
    await loadImage(layout, await buildImage(busyboxImage([image]), testImageCache));
    const client = await connectRuntime(layout.socketPath);
    try {
      await networkReady(client);
      const bare = { image, command, cgroupRoot: layout.cgroupRoot, logRoot: layout.podLogsDir };
      await startBare(client, "warm-up", bare);
      const measured: BareStart[] = [];
      for (let round = 0; round < rounds; round++) measured.push(await startBare(client, `bare-${round}`, bare));
      return [
        { what: "bring up the node's containerd", "p50 ms": Math.round(nodeMs), "p90 ms": Math.round(nodeMs) },
        ...bareTable(measured),
      ];
    } finally {
      client.close();
    }
  } finally {
    await destroyNode({ ...identity, deleteData: true });
    await removeClusterNetwork(cluster);
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function networkReady({ runtime }: RuntimeClient): Promise<void> {
  for (;;) {
    const { status } = await runtime.status({});
    if (status?.conditions.every((condition) => condition.status)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function clusterRows(name: string) {
  const config = findCluster(name);
  const node = config && localNodes(config)[0];
  if (!node)
    throw new Error(
      `no cluster ${name} with a node runs here: start one with "./kubets up --name ${name}", or use --bare`,
    );
  const { layout } = node;
  await loadImage(layout, await buildImage(busyboxImage([image]), testImageCache));
  const client = await connectRuntime(layout.socketPath);
  try {
    const bare = { image, command, cgroupRoot: layout.cgroupRoot, logRoot: layout.podLogsDir };
    const start = await podStarter(clusterPaths(config.name, config.dataDir).adminConf);
    await startBare(client, "warm-up", bare);
    await start("warm-up");
    const bareMeasured: BareStart[] = [];
    const podsMeasured: PodStart[] = [];
    for (let round = 0; round < rounds; round++) {
      bareMeasured.push(await startBare(client, `bare-${round}`, bare));
      await settle();
      podsMeasured.push(await start(`pod-${round}`));
    }
    const bareP50 = percentile(
      bareMeasured.map(({ totalMs }) => totalMs),
      0.5,
    );
    const podsMs = podsMeasured.map(({ totalMs }) => totalMs);
    const ratio = Number((percentile(podsMs, 0.5) / bareP50).toFixed(2));
    const minRatio = Number((Math.min(...podsMs) / Math.min(...bareMeasured.map(({ totalMs }) => totalMs))).toFixed(2));
    return [
      ...bareTable(bareMeasured),
      row(
        "kubets: create acknowledged",
        podsMeasured.map(({ createdMs }) => createdMs),
      ),
      row(
        "kubets: scheduled",
        podsMeasured.map(({ scheduledMs }) => scheduledMs),
      ),
      { ...row("kubets: pod created to Running", podsMs), ratio, minRatio },
    ];
  } finally {
    client.close();
  }
}

interface PodStart {
  /** From the request to the watch's word that the pod is Running. */
  readonly totalMs: number;
  /** Until the API acknowledged it. */
  readonly createdMs: number;
  /** Until the watch saw it on a node. */
  readonly scheduledMs: number;
}

/** What the node does after a pod is gone from the API: its sandbox, its directories. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 300));
}

/** Creates pods in the cluster, one at a time. Each is deleted after, and gone before the next. */
async function podStarter(kubeconfig: string): Promise<(name: string) => Promise<PodStart>> {
  const resource = createClient(await transportFromKubeconfig(kubeconfig))
    .resource(pods)
    .namespace("default");
  return async (suffix) => {
    const name = `bench-${process.pid}-${suffix}`;
    const pod: Pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image, command, imagePullPolicy: "IfNotPresent" }],
      },
    };
    const stop = new AbortController();
    const { metadata } = await resource.list({ limit: 1 });
    const watch = resource.watch({
      fieldSelector: `metadata.name=${name}`,
      ...(metadata?.resourceVersion && { resourceVersion: metadata.resourceVersion }),
      signal: stop.signal,
    });
    let scheduledAt: number | undefined;
    const running = Promise.withResolvers<number>();
    const gone = (async () => {
      for await (const event of watch) {
        if (event.type === "ERROR" || event.type === "BOOKMARK") continue;
        if (event.object.spec?.nodeName !== undefined) scheduledAt ??= performance.now();
        if (event.object.status?.phase === "Running") running.resolve(performance.now());
        if (event.type === "DELETED") return;
      }
      throw new Error(`the watch of pod ${name} ended early`);
    })();
    gone.catch(running.reject);
    const startedAt = performance.now();
    await resource.create(pod);
    const createdMs = performance.now() - startedAt;
    const totalMs = (await running.promise) - startedAt;
    // Not gracePeriodSeconds 0, which removes the object alone: the next round must find a node at rest.
    await resource.delete(name, { gracePeriodSeconds: 1 });
    await gone;
    stop.abort();
    await settle();
    return { totalMs, createdMs, scheduledMs: (scheduledAt ?? startedAt) - startedAt };
  };
}

function bareTable(measured: readonly BareStart[]) {
  return [
    row(
      "containerd: sandbox",
      measured.map(({ sandboxMs }) => sandboxMs),
    ),
    row(
      "containerd: create",
      measured.map(({ createMs }) => createMs),
    ),
    row(
      "containerd: start",
      measured.map(({ startMs }) => startMs),
    ),
    row(
      "containerd: all three",
      measured.map(({ totalMs }) => totalMs),
    ),
  ];
}

function row(what: string, values: readonly number[]) {
  return {
    what,
    "min ms": round1(Math.min(...values)),
    "p50 ms": round1(percentile(values, 0.5)),
    "p90 ms": round1(percentile(values, 0.9)),
  };
}

function percentile(values: readonly number[], p: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(Math.floor(values.length * p), values.length - 1)] ?? Number.NaN;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
