/** The machine's side of a whole cluster's network: what its addresses may and may not do here. */

import { run } from "../process.ts";
import { acceptForwarded, forgetForwarded, forwardUplinks, restoreUplinks } from "./forwarding.ts";
import { interfacePrefix } from "./layout.ts";
import { type ClusterSubnets, routeProtocol } from "./subnets.ts";

export interface ClusterNetworkOptions {
  /** Whether pods and nodes reach what the machine reaches. */
  readonly egress: boolean;
  readonly signal?: AbortSignal;
}

/** A route that loses against every other one to the same range. */
const lastMetric = "4294967294";

/** Can be repeated. @throws Error with the words of `ip` or `nft` */
export async function ensureClusterNetwork(
  cluster: string,
  subnets: ClusterSubnets,
  options: ClusterNetworkOptions,
): Promise<void> {
  const call = options.signal ? { signal: options.signal } : {};
  // What no node answers for must fail at once, and never leave by the machine's default route.
  const routes = [subnets.nodeCIDR, subnets.podCIDR, subnets.serviceCIDR].map(
    (cidr) => `route replace unreachable ${cidr} metric ${lastMetric} proto ${routeProtocol(cluster)}`,
  );
  await run("ip", ["-batch", "-"], { ...call, input: `${routes.join("\n")}\n` });
  await run("nft", ["-f", "-"], { ...call, input: clusterRules(cluster, subnets, options.egress) });
  await acceptForwarded(cluster, call);
  if (options.egress) await forwardUplinks(call);
}

/**
 * One nftables transaction that replaces the cluster's table. A node never needs the machine for a Service's address: what it sends there
 * would come back for ever. The machine itself reaches pods and nodes, its neighbours do not.
 */
export function clusterRules(
  cluster: string,
  { nodeCIDR, podCIDR, serviceCIDR }: ClusterSubnets,
  egress: boolean,
): string {
  const table = tableName(cluster);
  const ours = `"${interfacePrefix(cluster)}*"`;
  return `table ip ${table}
delete table ip ${table}
table ip ${table} {
  chain forward {
    type filter hook forward priority filter; policy accept;
    iifname ${ours} ip daddr ${serviceCIDR} reject with icmp host-unreachable
    iifname != ${ours} oifname ${ours} ct state != { established, related } drop
${egress ? "" : `    iifname ${ours} oifname != ${ours} reject with icmp net-unreachable\n`}  }
${
  egress
    ? `  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr { ${nodeCIDR}, ${podCIDR} } oifname != ${ours} masquerade
  }
`
    : ""
}}
`;
}

/**
 * Sends Services' addresses to these nodes; each flow stays with one node.
 * Their proxies must masquerade what comes from outside the pods' range, or answers from a pod on another node miss their way back.
 */
export async function routeServices(
  subnets: ClusterSubnets,
  nodes: readonly { readonly address: string; readonly hostInterface: string }[],
  signal?: AbortSignal,
): Promise<void> {
  const call = signal ? { signal } : {};
  if (nodes.length === 0) {
    await run("ip", ["route", "delete", "unicast", subnets.serviceCIDR], { ...call, okCodes: [0, 2] });
    return;
  }
  const hops = nodes.flatMap(({ address, hostInterface }) => [
    "nexthop",
    "via",
    address,
    "dev",
    hostInterface,
    "onlink",
  ]);
  await run("ip", ["route", "replace", subnets.serviceCIDR, ...hops], call);
}

/** Takes away what `ensureClusterNetwork` made. Harmless when it is gone. */
export async function removeClusterNetwork(cluster: string): Promise<void> {
  await run("ip", ["route", "flush", "proto", routeProtocol(cluster), "type", "unreachable"], { okCodes: [0, 2] });
  const table = tableName(cluster);
  await run("nft", ["-f", "-"], { input: `table ip ${table}\ndelete table ip ${table}\n` });
  await forgetForwarded(cluster);
  await restoreUplinks();
}

function tableName(cluster: string): string {
  return `kubets-${cluster.replaceAll(".", "-")}`;
}
