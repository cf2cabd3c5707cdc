/** Where a cluster keeps its things. One directory holds all that must outlive a reboot; sockets and process ids live below the run directory. */

import { homedir } from "node:os";
import { join } from "node:path";

const isRoot = process.getuid?.() === 0;

/** Below this, one folder per cluster by name; a cluster with its own `--data-dir` leaves a pointer here. */
export const defaultBase = isRoot
  ? "/var/lib/kubets"
  : join(process.env["XDG_STATE_HOME"] || join(homedir(), ".local/state"), "kubets");

export interface ClusterPaths {
  readonly dataDir: string;
  /** The cluster's {@link ClusterConfig}. */
  readonly config: string;
  readonly lock: string;
  readonly store: string;
  readonly pki: string;
  /** The administrator's kubeconfig. */
  readonly adminConf: string;
  readonly logs: string;
  readonly images: string;
  readonly nodes: string;
  /** Process ids and sockets; short, as a socket's path holds at most 107 bytes. */
  readonly run: string;
  readonly controlPlanePid: string;
  /** The configuration that the running control plane was started with. */
  readonly started: string;
}

/** Makes nothing. @param dataDir default below /var/lib/kubets for root, and the user's own folder otherwise */
export function clusterPaths(name: string, dataDir: string = join(defaultBase, name)): ClusterPaths {
  const run = isRoot ? join("/run/kubets", name) : join(dataDir, "run");
  return {
    dataDir,
    config: join(dataDir, "cluster.json"),
    lock: join(dataDir, "lock"),
    store: join(dataDir, "store"),
    pki: join(dataDir, "pki"),
    adminConf: join(dataDir, "admin.conf"),
    logs: join(dataDir, "logs"),
    images: join(dataDir, "images"),
    nodes: join(dataDir, "nodes"),
    run,
    controlPlanePid: join(run, "control-plane.pid"),
    started: join(run, "control-plane.json"),
  };
}
