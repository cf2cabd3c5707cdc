/** Ways out: how connections to the cluster, the control plane and etcd are made where not directly. Source: KEP-1281. */

import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { type Clock, type Random, realRandom } from "@kubets/apimachinery";
import { MetricsRegistry } from "../metrics/families.ts";
import { type EgressConnection, type EgressName, type EgressTls, readEgressSelections } from "./configuration.ts";
import { connectThrough, type ProxyAddress } from "./http-connect.ts";
import { metered } from "./metered-dial.ts";

/** Connects to a host as no one in particular: nothing has been said on the connection yet. @throws Error */
export type Dial = (host: string, port: number) => Promise<Duplex>;

/**
 * `cluster`: nodes, pods, Services, aggregated API servers, webhooks that are Services. `controlplane`: webhooks by URL, for tokens, authorization and
 * audit. What is undefined is connected to directly.
 */
export interface Egress extends Readonly<Partial<Record<EgressName, Dial>>> {
  /** What is counted of the connections through proxies. */
  readonly meters?: MetricsRegistry;
}

export interface EgressMeans {
  readonly clock: Clock;
  readonly random?: Random;
}

/** @throws Error in upstream's words, also for files that cannot be read */
export async function egressFrom(content: string, means: EgressMeans): Promise<Egress> {
  const egress: Partial<Record<EgressName, Dial>> = {};
  const meters = new MetricsRegistry();
  for (const [name, connection] of await readEgressSelections(content)) {
    if (connection.proxyProtocol === "Direct") continue;
    try {
      const protocol = connection.proxyProtocol === "GRPC" ? "grpc" : "http_connect";
      const transport = connection.transport?.uds ? "uds" : "tcp";
      egress[name] = metered(dialOf(connection, means), meters, means.clock, { protocol, transport });
    } catch (cause) {
      const why = `failed to create dialer for egressSelection ${JSON.stringify(name)}: ${(cause as Error).message}`;
      throw new Error(`failed to setup egress selector: ${why}`, { cause });
    }
  }
  return Object.keys(egress).length === 0 ? {} : { ...egress, meters };
}

/** @throws Error */
function dialOf(connection: EgressConnection, { clock, random = realRandom }: EgressMeans): Dial {
  if (connection.proxyProtocol === "GRPC") {
    const socketPath = connection.transport?.uds?.udsName ?? "";
    return async (host, port) => {
      const { connectByKonnectivity } = await import("./konnectivity.ts");
      return await connectByKonnectivity(socketPath, host, port, { clock, random });
    };
  }
  const proxy = proxyOf(connection);
  return (host, port) => connectThrough(proxy, host, port, clock);
}

/** @throws Error */
function proxyOf({ transport }: EgressConnection): ProxyAddress {
  const { tcp, uds } = transport ?? {};
  if (uds) return { type: "uds", socketPath: uds.udsName ?? "" };
  const { url = "", tlsConfig } = tcp ?? {};
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const tls = tlsConfig ? tlsOf(tlsConfig, host) : undefined;
  return { type: "tcp", host, port: Number(port || (protocol === "https:" ? 443 : 80)), tls };
}

function tlsOf(
  { caBundle, clientCert = "", clientKey = "", tlsServerName }: EgressTls,
  host: string,
): ConnectionOptions {
  const servername = tlsServerName || host;
  return {
    cert: readFileSync(clientCert, "utf8"),
    key: readFileSync(clientKey, "utf8"),
    ...(caBundle ? { ca: readFileSync(caBundle, "utf8") } : {}),
    minVersion: "TLSv1.2",
    ...(/^[\d.]+$|:/.test(servername) ? {} : { servername }),
  };
}
