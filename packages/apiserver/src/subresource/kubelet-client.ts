/** Where a node's kubelet is, and how to ask it as the API server. */

import type { IncomingMessage } from "node:http";
import type { RequestOptions } from "node:https";
import type { Node } from "@kubets/api";
import { badRequest, internalError, notFound, StatusError } from "@kubets/apimachinery";
import { throughAgent } from "../egress/agents.ts";
import type { ServerContext } from "../server/context.ts";
import { sendOn, textOf } from "../streaming/forward.ts";
import { confirmProxyable } from "./proxyable.ts";

export interface KubeletClientOptions {
  /** PEM: the certificate `apiserver-kubelet-client` and its key: `--kubelet-client-certificate`, `--kubelet-client-key`. */
  readonly cert?: string;
  readonly key?: string;
  /** Where the two were read from: looked at again while the server runs. */
  readonly files?: { readonly cert: string; readonly key: string } | undefined;
  /** PEM: who signs kubelets' serving certificates. Without it they are not verified, as upstream without --kubelet-certificate-authority. */
  readonly ca?: string;
  /** `--kubelet-preferred-address-types`: best first. Default: InternalIP, ExternalIP, InternalDNS, ExternalDNS, Hostname. */
  readonly preferredAddressTypes?: readonly string[];
}

const defaultAddressTypes = ["InternalIP", "ExternalIP", "InternalDNS", "ExternalDNS", "Hostname"];
const defaultKubeletPort = 10250;
/** What the kubelet's simulated nodes carry. */
const simulatedLabel = "kubets.io/simulated";
const maxErrorLength = 64 * 1024;

/** Where a request is to be sent on to. */
export interface Location {
  readonly scheme: "http" | "https";
  readonly options: RequestOptions;
}

interface OtherPort {
  readonly scheme: Location["scheme"];
  readonly port: number;
}

export class KubeletClient {
  readonly #options: KubeletClientOptions;

  constructor(options: KubeletClientOptions) {
    this.#options = options;
  }

  /**
   * Of the kubelet; or of whatever else is at `other.port` of the node, which is not shown who the API server is: it may be the API server.
   * @throws StatusError 404 for a node that is not there, 500 for one without an address, 400 for an address of this machine's
   */
  async location(server: ServerContext, nodeName: string, path: string, other?: OtherPort): Promise<Location> {
    const nodes = server.resources.find("", "nodes");
    if (nodes === undefined) throw notFound({ group: "", resource: "nodes" }, nodeName);
    const { metadata, status } = (await nodes.registry.get("", nodeName)).object as Node;
    // Its address is made up: whoever has it is not to be called.
    if (metadata?.labels?.[simulatedLabel] !== undefined)
      throw badRequest(
        `node ${nodeName} is simulated: its pods have no containers to reach, and it has no kubelet server`,
      );
    const host = this.#addressOf(status);
    if (host === undefined) {
      throw internalError(new Error(`no preferred addresses found; known addresses: [] of node ${nodeName}`));
    }
    const kubeletPort = status?.daemonEndpoints?.kubeletEndpoint?.Port || defaultKubeletPort;
    if (other !== undefined && other.port !== kubeletPort) {
      await confirmProxyable(host);
      const { scheme, port } = other;
      const through = throughAgent(scheme, server.egress?.cluster);
      return { scheme, options: { host, port, path, rejectUnauthorized: false, ...through } };
    }
    const through = throughAgent("https", server.egress?.cluster);
    return { scheme: "https", options: { host, port: kubeletPort, path, ...this.#tls(), ...through } };
  }

  #addressOf(status: Node["status"]): string | undefined {
    const types = this.#options.preferredAddressTypes ?? defaultAddressTypes;
    for (const type of types) {
      const found = status?.addresses?.find((address) => address.type === type);
      if (found !== undefined) return found.address;
    }
    return undefined;
  }

  #tls(): RequestOptions {
    const { cert, key, ca } = this.#options;
    const own = cert === undefined || key === undefined ? {} : { cert, key };
    return { ...own, ...(ca === undefined ? { rejectUnauthorized: false } : { ca }) };
  }
}

/** Sends a request on and gives the answer once its header is here. @throws StatusError 503-like when nobody answers */
export function send(
  { scheme, options }: Location,
  method: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const outgoing = { ...options, method, headers: headers as Record<string, string | string[]>, signal };
  return sendOn(scheme, outgoing, body).catch((cause: Error) => {
    throw unreachable(cause);
  });
}

export function unreachable(cause: Error): StatusError {
  return new StatusError(503, "ServiceUnavailable", `error trying to reach service: ${cause.message}`, { cause });
}

/** What a kubelet that refused said, as a Status. Source: apiserver's generic/rest/response_checker.go. */
export async function refusalOf(response: IncomingMessage): Promise<StatusError> {
  const said = await textOf(response, maxErrorLength);
  const code = response.statusCode ?? 500;
  if (code === 400) return badRequest(said);
  if (code === 404) return new StatusError(404, "NotFound", "the server could not find the requested resource");
  if (code === 401 || code === 403) {
    return new StatusError(code, code === 401 ? "Unauthorized" : "Forbidden", said.trim() || "the node refused");
  }
  return internalError(new Error(said));
}
