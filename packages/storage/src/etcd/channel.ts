/** gRPC to one member of an etcd cluster. */

import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Client, ClientDuplexStream, Metadata, ServiceError } from "@grpc/grpc-js";
import type { MethodDefinition, PackageDefinition, ServiceDefinition } from "@grpc/proto-loader";
import { realClock } from "@kubets/apimachinery";
import { EtcdError } from "./errors.ts";
import type { UnaryCalls, UnaryName, WatchRequest, WatchResponse } from "./types.ts";

export interface EtcdTls {
  /** PEM: who may have signed the members' certificates; the system's own when undefined. */
  readonly ca?: string;
  /** PEM: who we are. */
  readonly certificate?: string;
  readonly key?: string;
}

export interface Channel {
  readonly endpoint: string;
  /** @throws EtcdError, also after `deadlineMs` */
  call<Name extends UnaryName>(
    name: Name,
    request: UnaryCalls[Name][0],
    deadlineMs: number,
  ): Promise<UnaryCalls[Name][1]>;
  /** Ends, or fails, by the stream's own events. */
  watch(): ClientDuplexStream<WatchRequest, WatchResponse>;
  close(): void;
}

type Grpc = typeof import("@grpc/grpc-js");

/** Makes channels; what they share is loaded once. */
export async function channelFactory(tls: EtcdTls): Promise<(endpoint: string) => Channel> {
  const [grpc, definitions] = await Promise.all([import("@grpc/grpc-js"), loadDefinitions()]);
  return (endpoint) => new GrpcChannel(grpc, definitions, endpoint, tls);
}

class GrpcChannel implements Channel {
  readonly endpoint: string;
  readonly #client: Client;
  readonly #definitions: PackageDefinition;
  /** A member without a leader refuses at once, where it would otherwise let its clients wait. */
  readonly #metadata: Metadata;

  constructor(grpc: Grpc, definitions: PackageDefinition, endpoint: string, tls: EtcdTls) {
    this.endpoint = endpoint;
    this.#definitions = definitions;
    this.#metadata = new grpc.Metadata();
    this.#metadata.set("hasleader", "true");
    const { host, secure } = parseEndpoint(endpoint);
    const credentials = secure ? secureCredentials(grpc, tls, addressOf(host)) : grpc.credentials.createInsecure();
    this.#client = new grpc.Client(host, credentials, {
      "grpc.max_receive_message_length": -1,
      "grpc.max_send_message_length": -1,
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 1000,
      "grpc.keepalive_time_ms": 10_000,
      "grpc.keepalive_timeout_ms": 5000,
      // A channel's end must end its sockets, which clients of one address would otherwise share.
      "grpc.use_local_subchannel_pool": 1,
      // Node refuses an address as a TLS server name, and gRPC would give it one.
      ...(secure && addressOf(host) !== undefined ? { "grpc.ssl_target_name_override": "etcd" } : {}),
      "grpc.enable_retries": 0,
      "grpc.enable_http_proxy": 0,
    });
  }

  call<Name extends UnaryName>(
    name: Name,
    request: UnaryCalls[Name][0],
    deadlineMs: number,
  ): Promise<UnaryCalls[Name][1]> {
    const method = findMethod(this.#definitions, name);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        this.#metadata,
        // By the real clock, whatever the store's: gRPC keeps the deadline and tells the server of it.
        { deadline: realClock.now() + deadlineMs },
        (error, response) => {
          if (error) reject(new EtcdError(name, this.endpoint, error));
          else resolve(response as UnaryCalls[Name][1]);
        },
      );
    });
  }

  watch(): ClientDuplexStream<WatchRequest, WatchResponse> {
    const method = findMethod(this.#definitions, "Watch.Watch");
    return this.#client.makeBidiStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      this.#metadata,
    ) as ClientDuplexStream<WatchRequest, WatchResponse>;
  }

  close(): void {
    this.#client.close();
  }
}

/** @param address what the server's certificate must be for, where it is no name */
function secureCredentials(grpc: Grpc, { ca, key, certificate }: EtcdTls, address: string | undefined) {
  const pem = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const verify =
    address === undefined
      ? {}
      : { checkServerIdentity: (_name: string, cert: PeerCertificate) => checkServerIdentity(address, cert) };
  return grpc.credentials.createSsl(pem(ca), pem(key), pem(certificate), verify);
}

/** The IP address of `host:port`; undefined for a name. */
function addressOf(host: string): string | undefined {
  const address = host.slice(0, host.lastIndexOf(":")).replace(/^\[(.*)\]$/, "$1");
  return isIP(address) === 0 ? undefined : address;
}

/** @throws Error for what is no URL of an etcd member */
function parseEndpoint(endpoint: string): { host: string; secure: boolean } {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:.]+\]|[^/:\s]+)(?::(\d+))?\/?$/.exec(endpoint);
  if (match === null)
    throw new Error(`${JSON.stringify(endpoint)} is no etcd server; want one such as https://10.0.0.1:2379`);
  const [, scheme = "http", host, port = "2379"] = match;
  return { host: `${host}:${port}`, secure: scheme === "https" };
}

export function watchError(endpoint: string, error: unknown): EtcdError {
  return new EtcdError("Watch.Watch", endpoint, error as ServiceError);
}

let loading: Promise<PackageDefinition> | undefined;

function loadDefinitions(): Promise<PackageDefinition> {
  loading ??= import("@grpc/proto-loader").then(({ load }) =>
    load(fileURLToPath(new URL("../../proto/etcd.proto", import.meta.url)), {
      keepCase: false,
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    }),
  );
  return loading;
}

function findMethod(definitions: PackageDefinition, name: string): MethodDefinition<object, unknown> {
  const [service, method] = name.split(".") as [string, string];
  return (definitions[`etcdserverpb.${service}`] as ServiceDefinition)[method] as MethodDefinition<object, unknown>;
}
