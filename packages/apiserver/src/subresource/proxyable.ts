/** Where the API server lets itself be sent. Source: kubernetes' pkg/proxy/util (IsProxyableIP, IsProxyableHostname). */

import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { badRequest } from "@kubets/apimachinery";

/** What means the machine or the link the API server is on, and not the pod or node that someone gave the address of. */
const ownGround = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 32],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["224.0.0.0", 24],
] as const)
  ownGround.addSubnet(network, prefix, "ipv4");
for (const [network, prefix] of [
  ["::", 128],
  ["::1", 128],
  ["fe80::", 10],
  ["ff01::", 16],
  ["ff02::", 16],
] as const)
  ownGround.addSubnet(network, prefix, "ipv6");

/** @throws StatusError 400 for addresses of loopback and of the link, and for names that have one */
export async function confirmProxyable(host: string): Promise<void> {
  const addresses = isIP(host) === 0 ? await addressesOf(host) : [host];
  for (const address of addresses) {
    // An IPv4 address in IPv6's clothes is looked at as what it is: so does BlockList.
    if (ownGround.check(address, isIP(address) === 6 ? "ipv6" : "ipv4")) throw badRequest("address not allowed");
  }
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    throw badRequest(`lookup ${host}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** @throws StatusError 400 */
export function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65535) throw badRequest(`invalid port ${JSON.stringify(text)}`);
  return port;
}
