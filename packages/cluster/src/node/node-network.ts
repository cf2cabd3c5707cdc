/** A node's network namespace and its joint with the machine: one veth pair, addresses, routes. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { run } from "../process.ts";
import { addressAt, parseCidr } from "./cidr.ts";
import type { NodeLayout } from "./layout.ts";
import type { ClusterSubnets } from "./subnets.ts";

export interface NodeAddresses {
  /** The node's InternalIP. */
  readonly address: string;
  /** The machine as the node sees it: where an API server bound to all addresses is reached. The same for all nodes of a cluster. */
  readonly machineAddress: string;
}

/** Nodes are numbered from here within the cluster's node range; 1 is the machine. */
const firstNodeOffset = 10;

/**
 * @param index from 0.
 * @returns the node's own address, and the machine's as nodes see it
 */
export function nodeAddresses(subnets: ClusterSubnets, index: number): NodeAddresses {
  const range = parseCidr(subnets.nodeCIDR);
  return { address: addressAt(range, firstNodeOffset + index), machineAddress: addressAt(range, 1) };
}

export interface NodeNetworkOptions {
  /** Whether the node gets a default route through the machine. */
  readonly egress: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Makes the namespace and the veth pair, or leaves them as they are when they are right.
 * Each end has a /32 address and a route to the other, so a cluster's nodes share one range without sharing a link.
 */
export async function ensureNodeNetwork(
  layout: NodeLayout,
  subnets: ClusterSubnets,
  index: number,
  options: NodeNetworkOptions,
): Promise<NodeAddresses> {
  const addresses = nodeAddresses(subnets, index);
  const { address, machineAddress } = addresses;
  const call = options.signal ? { signal: options.signal } : {};
  if (!(await hasNetns(layout))) await run("ip", ["netns", "add", layout.netns], call);
  const host = layout.hostInterface;
  if (!(await isJoined(layout, address))) {
    // One end alone is what a crash between two steps leaves.
    await run("ip", ["link", "delete", host], { ...call, okCodes: [0, 1] });
    await run("ip", ["-netns", layout.netns, "link", "delete", "eth0"], { ...call, okCodes: [0, 1] });
    const mtu = await uplinkMtu();
    const link = [
      "link",
      "add",
      host,
      "mtu",
      mtu,
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "mtu",
      mtu,
      "netns",
      layout.netns,
    ];
    await run("ip", link, call);
  }
  const inside = [
    "link set lo up",
    "link set eth0 up",
    `address replace ${address}/32 dev eth0`,
    `route replace ${machineAddress}/32 dev eth0 scope link src ${address}`,
    ...[subnets.nodeCIDR, subnets.podCIDR, subnets.serviceCIDR].map(
      (cidr) => `route replace ${cidr} via ${machineAddress} src ${address}`,
    ),
    options.egress ? `route replace default via ${machineAddress} src ${address}` : "route flush exact default",
  ];
  await run("ip", ["-netns", layout.netns, "-batch", "-"], { ...call, input: `${inside.join("\n")}\n` });
  const outside = [
    `address replace ${machineAddress}/32 dev ${host}`,
    `link set ${host} up`,
    `route replace ${address}/32 dev ${host} scope link src ${machineAddress}`,
  ];
  await run("ip", ["-batch", "-"], { ...call, input: `${outside.join("\n")}\n` });
  await run("sysctl", ["-q", "-w", `net.ipv4.conf.${host}.forwarding=1`, `net.ipv4.conf.${host}.rp_filter=0`], call);
  await setNodeSysctls(layout, call);
  return addresses;
}

/** The kernel settings kube-proxy and the kubelet expect of a node; they are the namespace's own. */
async function setNodeSysctls(layout: NodeLayout, call: { signal?: AbortSignal }): Promise<void> {
  // Without br_netfilter a pod's answer to its neighbour on the bridge would pass by the translation of Service addresses.
  if (!existsSync("/proc/sys/net/bridge"))
    await run("modprobe", ["br_netfilter"], { ...call, okCodes: [0, 1] }).catch(() => undefined);
  const settings = [
    "net.ipv4.ip_forward=1",
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.eth0.rp_filter=0",
    // A Service without endpoints refuses with an ICMP message: every attempt at once, not one in a second.
    "net.ipv4.icmp_ratelimit=0",
  ];
  await run("nsenter", [`--net=${layout.netnsPath}`, "sysctl", "-q", "-w", ...settings], call);
  const bridge = ["-q", "-w", "net.bridge.bridge-nf-call-iptables=1"];
  await run("nsenter", [`--net=${layout.netnsPath}`, "sysctl", ...bridge], { ...call, okCodes: [0, 1, 255] });
}

/** Sends the pods' addresses of a node to that node, from the machine and so from all other nodes. */
export async function routePods(
  layout: NodeLayout,
  podCIDR: string,
  address: string,
  signal?: AbortSignal,
): Promise<void> {
  const route = ["route", "replace", podCIDR, "via", address, "dev", layout.hostInterface, "onlink"];
  await run("ip", route, signal ? { signal } : {});
}

/** Takes the namespace, the veth pair and with it all routes away. Harmless when they are gone. */
export async function removeNodeNetwork(layout: NodeLayout): Promise<void> {
  await run("ip", ["link", "delete", layout.hostInterface], { okCodes: [0, 1] });
  if (await hasNetns(layout)) await run("ip", ["netns", "delete", layout.netns]);
}

/** Clears away what a reboot leaves of one. */
export async function hasNetns(layout: NodeLayout): Promise<boolean> {
  // A name whose mount is gone (after a reboot) is an empty file and no namespace.
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  if (mounts.includes(` ${layout.netnsPath} `)) return true;
  if (existsSync(layout.netnsPath)) await run("rm", ["-f", layout.netnsPath]);
  return false;
}

async function isJoined(layout: NodeLayout, address: string): Promise<boolean> {
  const host = await run("ip", ["-json", "link", "show", "dev", layout.hostInterface], { okCodes: [0, 1] });
  const node = await run("ip", ["-netns", layout.netns, "-json", "-4", "address", "show", "dev", "eth0"], {
    okCodes: [0, 1],
  });
  return host.code === 0 && node.code === 0 && node.stdout.includes(`"${address}"`);
}

/** Packets that leave the machine must fit its own link. */
async function uplinkMtu(): Promise<string> {
  const { stdout } = await run("ip", ["-json", "-4", "route", "show", "default"]);
  const [route] = JSON.parse(stdout || "[]") as { dev?: string }[];
  if (!route?.dev) return "1500";
  return (await readFile(`/sys/class/net/${route.dev}/mtu`, "utf8").catch(() => "1500")).trim();
}
