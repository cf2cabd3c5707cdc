/** What the command line does with clusters. The same as the package's index, but each part is loaded when it is used: a command starts at once. */

import type { ClusterConfig } from "./config.ts";
import type { StartedCluster, StartOptions } from "./lifecycle/start.ts";
import type { ClusterStatus } from "./lifecycle/status.ts";
import type { StopOptions } from "./lifecycle/stop.ts";

export {
  type ClusterConfig,
  type ClusterRequest,
  ConfigError,
  findCluster,
  listClusters,
  orphanedCluster,
  readConfig,
  resolveConfig,
} from "./config.ts";
export { localNodes } from "./local-nodes.ts";
export { clusterPaths } from "./paths.ts";
export { runningProgram } from "./supervised.ts";

/** @see lifecycle/start.ts */
export async function prepareMachine(
  config: ClusterConfig,
  options: Pick<StartOptions, "install" | "tell" | "signal">,
): Promise<void> {
  await (await import("./lifecycle/start.ts")).prepareMachine(config, options);
}

/** @see lifecycle/start.ts */
export async function startCluster(config: ClusterConfig, options: StartOptions): Promise<StartedCluster> {
  return (await import("./lifecycle/start.ts")).startCluster(config, options);
}

/** @see lifecycle/stop.ts */
export async function stopCluster(config: ClusterConfig, options: StopOptions): Promise<void> {
  await (await import("./lifecycle/stop.ts")).stopCluster(config, options);
}

/** @see lifecycle/status.ts */
export async function clusterStatus(config: ClusterConfig, signal: AbortSignal): Promise<ClusterStatus> {
  return (await import("./lifecycle/status.ts")).clusterStatus(config, signal);
}
