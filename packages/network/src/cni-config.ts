/**
 * The CNI configuration of a node: how the container runtime joins pods to the pod network.
 * Chains the reference plugins: bridge with addresses from host-local, then portmap for host ports; the runtime adds loopback by itself.
 */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface CniConfigOptions {
  /** The network's name, under which the plugins keep their records; unique on the machine. */
  readonly name: string;
  /** The ranges of `Node.spec.podCIDRs`. */
  readonly podCIDRs: readonly string[];
  /** Where host-local remembers the addresses it gave out. */
  readonly dataDir: string;
  /** The largest packet of the links between nodes; the machine's own choice when left out. */
  readonly mtu?: number;
  /** The bridge's name in the node's network namespace. */
  readonly bridge?: string;
}

export interface CniNetworkList {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly Readonly<Record<string, unknown>>[];
}

/** 1.0.0 is the newest version that both Debian 12's plugins and containerd 1.6 speak. */
const cniVersion = "1.0.0";

/** @throws Error when there is no range to take addresses from */
export function cniConfig(options: CniConfigOptions): CniNetworkList {
  if (options.podCIDRs.length === 0)
    throw new Error("a pod network needs at least one pod CIDR, the node has none yet");
  const bridge = {
    type: "bridge",
    bridge: options.bridge ?? "cni0",
    isGateway: true,
    // A pod that calls its own Service gets its packets back through the port they came from.
    hairpinMode: true,
    // Addresses are translated at the cluster's edge, not between its nodes.
    ipMasq: false,
    ...(options.mtu !== undefined && { mtu: options.mtu }),
    ipam: {
      type: "host-local",
      dataDir: options.dataDir,
      ranges: options.podCIDRs.map((subnet) => [{ subnet }]),
      routes: options.podCIDRs.map((cidr) => ({ dst: cidr.includes(":") ? "::/0" : "0.0.0.0/0" })),
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true }, snat: true };
  return { cniVersion, name: options.name, plugins: [bridge, portmap] };
}

/** The runtime takes the first file by name of its configuration directory. */
export const cniConfigFile = "10-kubets.conflist";

/**
 * Writes the configuration into the runtime's directory, whole or not at all; the runtime sees it at once.
 * Returns false when it was there already.
 */
export async function writeCniConfig(confDir: string, options: CniConfigOptions): Promise<boolean> {
  const file = join(confDir, cniConfigFile);
  const text = `${JSON.stringify(cniConfig(options), undefined, 2)}\n`;
  if ((await readFile(file, "utf8").catch(() => undefined)) === text) return false;
  await mkdir(confDir, { recursive: true });
  // The runtime ignores names that do not end in .conf, .conflist or .json.
  await writeFile(`${file}.part`, text);
  await rename(`${file}.part`, file);
  return true;
}
