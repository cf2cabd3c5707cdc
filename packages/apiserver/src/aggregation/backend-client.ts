/** Requests to aggregated API servers: the connections to each are kept, and every one is made with the front proxy's certificate. */

import type { IncomingMessage } from "node:http";
import type { Agent, AgentOptions, RequestOptions } from "node:https";
import { httpsAgent, throughAgent } from "../egress/agents.ts";
import type { Dial } from "../egress/egress.ts";
import { dial, sendOn, type Upgraded } from "../streaming/forward.ts";
import { type Address, checkIdentity, type ServiceResolver } from "../webhook/index.ts";
import type { Headers } from "./identity-headers.ts";
import type { Backend } from "./registrations.ts";

export interface BackendClientOptions {
  readonly services: ServiceResolver;
  /** How the servers are reached where not directly. */
  readonly dial?: Dial | undefined;
  /** PEM: `--proxy-client-cert-file` and `--proxy-client-key-file`. */
  readonly certificate?: { readonly certificate: string; readonly key: string };
}

export interface BackendRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array | undefined;
  readonly signal: AbortSignal;
}

/** Go's IdleConnTimeout. */
const idleMs = 90_000;

export class BackendClient {
  readonly #options: BackendClientOptions;
  /** By trust and server name: APIServices of one server share its connections. */
  readonly #agents = new Map<string, Agent>();
  #certificate: BackendClientOptions["certificate"];

  constructor(options: BackendClientOptions) {
    this.#options = options;
    this.#certificate = options.certificate;
  }

  /** New connections show this; what goes on over old ones goes on. */
  useCertificate(certificate: NonNullable<BackendClientOptions["certificate"]>): void {
    this.#certificate = certificate;
    this.#agents.clear();
  }

  /** Ends all connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }

  /** @throws Error when there is nowhere to go */
  async address({ service }: Backend): Promise<Address> {
    return await this.#options.services.resolve(service.namespace, service.name, service.port);
  }

  /** Resolves when the answer's header is here. @throws Error of the connection */
  send(backend: Backend, address: Address, request: BackendRequest): Promise<IncomingMessage> {
    const options = { ...this.#requestOptions(backend, address, request), agent: this.#agent(backend) };
    return sendOn("https", options, request.body);
  }

  /** An upgraded connection, or the answer of a server that would not upgrade. @throws Error of the connection */
  upgrade(backend: Backend, address: Address, request: BackendRequest): Promise<Upgraded | IncomingMessage> {
    const tls = this.#tls(backend) as RequestOptions;
    const through = throughAgent("https", this.#options.dial);
    return dial("https", { ...tls, ...through, ...this.#requestOptions(backend, address, request) });
  }

  #requestOptions(
    { service }: Backend,
    { host, port }: Address,
    { method, path, headers, signal }: BackendRequest,
  ): RequestOptions {
    const serverName = `${service.name}.${service.namespace}.svc`;
    const outgoing = headers as Record<string, string | string[]>;
    return { host, port, method, path, headers: outgoing, signal, servername: serverName };
  }

  #tls({ ca, insecure }: Backend): AgentOptions {
    const pair = this.#certificate;
    return {
      ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
      minVersion: "TLSv1.2",
      checkServerIdentity: checkIdentity,
      ALPNProtocols: ["http/1.1"],
      ...(ca === undefined ? {} : { ca }),
      ...(insecure ? { rejectUnauthorized: false } : {}),
    };
  }

  #agent(backend: Backend): Agent {
    const key = JSON.stringify([backend.service.namespace, backend.service.name, backend.ca, backend.insecure]);
    let agent = this.#agents.get(key);
    if (agent === undefined) {
      const pool = { keepAlive: true, maxFreeSockets: 25, timeout: idleMs };
      agent = httpsAgent({ ...this.#tls(backend), ...pool }, this.#options.dial);
      this.#agents.set(key, agent);
    }
    return agent;
  }
}
