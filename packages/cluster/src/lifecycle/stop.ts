/** `down`: stops everything a cluster runs; with `deleteData`, leaves nothing of it. Works from any state, and again. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { kubeconfigPaths, removeKubeconfigContext } from "@kubets/client";
import { type ClusterConfig, forgetCluster } from "../config.ts";
import { endMakers } from "../control-plane/ready-certificates.ts";
import { contextName } from "../credentials.ts";
import { localNode, nodesOnDisk } from "../local-nodes.ts";
import { withLock } from "../lock.ts";
import { removeClusterNetwork } from "../node/cluster-network.ts";
import { destroyNode } from "../node/destroy.ts";
import { clusterPaths } from "../paths.ts";
import { endOrphan, stopProgram } from "../supervised.ts";

export interface StopOptions {
  readonly deleteData: boolean;
  step<T>(title: string, work: () => Promise<T>): Promise<T>;
}

/** The nodes first, then the control plane. @throws Error when another command keeps working on the cluster for more than a minute */
export async function stopCluster(config: ClusterConfig, { deleteData, step }: StopOptions): Promise<void> {
  const paths = clusterPaths(config.name, config.dataDir);
  await withLock(paths.lock, async () => {
    const count = nodesOnDisk(config);
    if (count > 0)
      await step(count === 1 ? "Stop the node" : `Stop ${count} nodes`, async () => {
        for (let index = 0; index < count; index++) await stopNode(config, index, deleteData);
        await removeClusterNetwork(config.name);
      });
    await step("Stop the control plane", async () => {
      await stopProgram(paths.controlPlanePid);
      await endOrphan(paths.controlPlanePid, ["run-control-plane", config.dataDir]);
      await endMakers(config);
    });
    rmSync(paths.run, { recursive: true, force: true });
    if (!deleteData) return;
    await step("Delete its data", async () => {
      const now = config.kubeconfig ?? kubeconfigPaths()[0];
      const files = new Set([...(config.contextFiles ?? []), ...(now === undefined ? [] : [resolve(now)])]);
      for (const file of files) if (existsSync(file)) await removeKubeconfigContext(file, contextName(config.name));
      // What tells that there is a cluster goes last: a `down` that is ended half-way is done again.
      for (const entry of existsSync(config.dataDir) ? readdirSync(config.dataDir) : [])
        if (!["cluster.json", "lock"].includes(entry))
          rmSync(join(config.dataDir, entry), { recursive: true, force: true });
      removeLast(config.dataDir);
      if (!existsSync(config.dataDir)) forgetCluster(config);
    });
  });
}

/** Whoever waits for the lock takes it as soon as it is gone, and makes the cluster anew. */
function removeLast(dataDir: string): void {
  try {
    rmSync(dataDir, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  }
}

async function stopNode(config: ClusterConfig, index: number, deleteData: boolean): Promise<void> {
  const node = localNode(config, index);
  await stopProgram(node.pidFile);
  await endOrphan(node.pidFile, ["run-node", config.dataDir, String(index)]);
  await destroyNode({ ...node.identity, deleteData });
}
