/** The content of a pod's /etc/hosts. Source: `managedHostsFileContent` in pkg/kubelet/kubelet_pods.go. */

import type { HostAlias } from "@kubets/api";
import type { PodHostname } from "./hostname.ts";

const ownHeader = "# Kubernetes-managed hosts file.\n";
const hostNetworkHeader = "# Kubernetes-managed hosts file (host network).\n";
const fixed = [
  "127.0.0.1\tlocalhost",
  "::1\tlocalhost ip6-localhost ip6-loopback",
  "fe00::0\tip6-localnet",
  "fe00::0\tip6-mcastprefix",
  "fe00::1\tip6-allnodes",
  "fe00::2\tip6-allrouters",
];

export function managedHosts(
  ips: readonly string[],
  { hostname, domain }: PodHostname,
  aliases: readonly HostAlias[],
): string {
  const short = domain !== "" && hostname.endsWith(`.${domain}`) ? hostname.slice(0, -domain.length - 1) : hostname;
  const names = domain === "" ? short : `${short}.${domain}\t${short}`;
  const lines = [...fixed, ...ips.map((ip) => `${ip}\t${names}`)];
  return `${ownHeader}${lines.join("\n")}\n${aliasLines(aliases)}`;
}

/** For pods on the node's network: the node's own file, and the aliases. */
export function hostNetworkHosts(nodeHosts: string, aliases: readonly HostAlias[]): string {
  return `${hostNetworkHeader}${nodeHosts}${aliasLines(aliases)}`;
}

function aliasLines(aliases: readonly HostAlias[]): string {
  if (aliases.length === 0) return "";
  const lines = aliases.map((alias) => `${alias.ip}\t${(alias.hostnames ?? []).join("\t")}`);
  return `\n# Entries added by HostAliases.\n${lines.join("\n")}\n`;
}
