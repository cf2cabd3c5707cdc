/** Where everything of one node is on this machine: a pure function of its names, so that it can be found again after any crash. */

import { createHash } from "node:crypto";
import { join } from "node:path";

export interface NodeIdentity {
  /** The cluster's name, unique on this machine. */
  readonly cluster: string;
  /** The node's name, unique in the cluster. */
  readonly node: string;
  /** 0, 1, 2...: the node's place among the cluster's nodes on this machine; decides its address. */
  readonly index: number;
  /** The cluster's data directory. */
  readonly dataDir: string;
}

export interface NodeLayout {
  /** The name under /run/netns. */
  readonly netns: string;
  readonly netnsPath: string;
  /** The machine's end of the veth pair; the node's end is `eth0`. */
  readonly hostInterface: string;
  /** Kept until the cluster is deleted: images, snapshots, logs, the kubelet's files. */
  readonly nodeDir: string;
  /** Gone after a reboot: sockets and the state of running containers. */
  readonly runDir: string;
  readonly containerdConfig: string;
  readonly containerdLog: string;
  readonly containerdRoot: string;
  readonly containerdState: string;
  readonly socketPath: string;
  readonly cniConfDir: string;
  /** Where host-local remembers addresses it gave out. */
  readonly cniDataDir: string;
  /** The name of the node's pod network in CNI's own records. */
  readonly cniNetwork: string;
  readonly kubeletDir: string;
  /** Manifests put here run as the node's static pods. */
  readonly manifestsDir: string;
  readonly podLogsDir: string;
  /** Parent of all pod cgroups of this node, in cgroupfs notation; the kubelet's `cgroupRoot`. */
  readonly cgroupRoot: string;
}

/** The longest run directory that leaves room for the names of sockets below it: they may have 107 bytes in all. */
const maxRunName = 60;

/** @throws Error when a name could not be a file's and an interface's */
export function nodeLayout({ cluster, node, index, dataDir }: NodeIdentity): NodeLayout {
  for (const name of [cluster, node]) {
    if (!/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(name)) {
      throw new Error(
        `${JSON.stringify(name)} cannot name a cluster or node: use lower case letters, digits, "-" and "."`,
      );
    }
  }
  const nodeDir = join(dataDir, "nodes", node);
  const full = `${cluster}/${node}`;
  const runDir = join("/run/kubets", full.length <= maxRunName ? full : `${cluster.slice(0, 20)}-${digest(full)}`);
  return {
    netns: `kubets-${cluster}-${node}`,
    netnsPath: `/run/netns/kubets-${cluster}-${node}`,
    hostInterface: `${interfacePrefix(cluster)}${index}`,
    nodeDir,
    runDir,
    containerdConfig: join(nodeDir, "containerd.toml"),
    containerdLog: join(nodeDir, "containerd.log"),
    containerdRoot: join(nodeDir, "containerd"),
    containerdState: join(runDir, "containerd"),
    socketPath: join(runDir, "containerd.sock"),
    cniConfDir: join(nodeDir, "cni/net.d"),
    cniDataDir: join(nodeDir, "cni/networks"),
    cniNetwork: `kubets-${cluster}-${node}`,
    kubeletDir: join(nodeDir, "kubelet"),
    manifestsDir: join(nodeDir, "manifests"),
    podLogsDir: join(nodeDir, "pods"),
    cgroupRoot: `/kubets/${cluster}/${node}`,
  };
}

/** What the names of all the cluster's interfaces on the machine begin with. An interface's name has at most 15 bytes. */
export function interfacePrefix(cluster: string): string {
  return `k${digest(cluster).slice(0, 7)}-`;
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
