export { Cluster, type ClusterOptions } from "./cluster.ts";
export {
  type ClusterConfig,
  type ClusterRequest,
  ConfigError,
  findCluster,
  listClusters,
  readConfig,
  resolveConfig,
} from "./config.ts";
export { loadImage } from "./images/load.ts";
export { type Reporter, type StartedCluster, startCluster } from "./lifecycle/start.ts";
export { type ClusterStatus, clusterStatus } from "./lifecycle/status.ts";
export { stopCluster } from "./lifecycle/stop.ts";
export { type LocalNode, localNodes } from "./local-nodes.ts";
export { clusterPaths } from "./paths.ts";
export { runningProgram } from "./supervised.ts";
