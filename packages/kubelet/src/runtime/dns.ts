/** A pod's resolv.conf, by its dnsPolicy. Source: pkg/kubelet/network/dns. */

import type { Pod } from "@kubets/api";
import { isHostNetwork } from "../pods/pod-ref.ts";

export interface ResolvConf {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

export interface ClusterDns {
  readonly servers: readonly string[];
  readonly domain: string;
}

const maxServers = 3;
const maxSearches = 32;
const maxSearchChars = 2048;

export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let searches: string[] = [];
  let options: string[] = [];
  for (const line of text.split("\n")) {
    const [keyword, ...fields] = line.trim().split(/\s+/);
    if (keyword === "nameserver" && fields[0] !== undefined) servers.push(fields[0]);
    else if (keyword === "search") searches = fields.map((f) => (f === "." ? f : f.replace(/\.$/, "")));
    else if (keyword === "options") options = fields;
  }
  return { servers, searches, options };
}

/** `policy` is what was really applied: ClusterFirst without a cluster DNS server falls back to Default. */
export function podDns(
  pod: Pod,
  cluster: ClusterDns,
  node: ResolvConf,
): ResolvConf & { readonly missingClusterDns: boolean } {
  const asked = pod.spec?.dnsPolicy ?? "ClusterFirst";
  const wantsCluster = asked === "ClusterFirstWithHostNet" || (asked === "ClusterFirst" && !isHostNetwork(pod));
  const missingClusterDns = wantsCluster && cluster.servers.length === 0;
  let base: ResolvConf = node.servers.length > 0 ? node : { ...node, servers: ["127.0.0.1"] };
  if (asked === "None") base = { servers: [], searches: [], options: [] };
  else if (wantsCluster && !missingClusterDns) base = clusterFirst(pod, cluster, node);
  return { ...limit(merge(base, pod)), missingClusterDns };
}

function clusterFirst(pod: Pod, { servers, domain }: ClusterDns, node: ResolvConf): ResolvConf {
  const namespace = pod.metadata?.namespace ?? "default";
  const own = domain === "" ? [] : [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];
  return { servers, searches: unique([...own, ...node.searches]), options: ["ndots:5"] };
}

function unique(list: readonly string[]): string[] {
  return [...new Set(list)];
}

/** The pod's dnsConfig goes after the policy's; its options replace those of the same name. */
function merge(base: ResolvConf, pod: Pod): ResolvConf {
  const own = pod.spec?.dnsConfig;
  if (own === undefined) return base;
  const options = new Map<string, string>();
  for (const option of base.options) {
    const [name = "", value] = option.split(":");
    options.set(name, value ?? "");
  }
  for (const option of own.options ?? []) options.set(option.name ?? "", option.value ?? "");
  return {
    servers: unique([...base.servers, ...(own.nameservers ?? [])]),
    searches: unique([...base.searches, ...(own.searches ?? [])]),
    options: [...options].map(([name, value]) => (value === "" ? name : `${name}:${value}`)),
  };
}

function limit(conf: ResolvConf): ResolvConf {
  const searches = conf.searches.slice(0, maxSearches);
  while (searches.join(" ").length > maxSearchChars) searches.pop();
  return { ...conf, servers: conf.servers.slice(0, maxServers), searches };
}
