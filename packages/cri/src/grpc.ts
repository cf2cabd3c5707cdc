/** Calls by name over one gRPC channel on a Unix socket, described by the .proto files beside this package's sources. */

import { fileURLToPath } from "node:url";
import type { ClientReadableStream, CallOptions as GrpcCallOptions, Metadata, ServiceError } from "@grpc/grpc-js";
import type { MessageTypeDefinition, MethodDefinition, PackageDefinition, ServiceDefinition } from "@grpc/proto-loader";
import { realClock } from "@kubets/apimachinery";
import { CriError, grpcCodes } from "./errors.ts";
import type { Call, CallOptions } from "./services.ts";

/** As the kubelet allows for one answer. */
const maxMessageBytes = 16 * 1024 * 1024;
/** The kubelet's default `runtimeRequestTimeout`. */
const defaultDeadlineMs = 2 * 60 * 1000;
/** `sun_path` holds 108 bytes with its closing zero. */
const maxSocketPathBytes = 107;

export interface Channel {
  /** The call `method` (camelCase) of `service` (full name). */
  unary(service: string, method: string): Call<object, unknown>;
  /** Messages as the server sends them; ends when the server ends it or `signal` aborts, throws CriError otherwise. */
  stream<Message>(service: string, method: string, request: object, options: StreamOptions): AsyncIterable<Message>;
  /** Reads `bytes` as the message type `name` (full name). */
  decode<Message>(name: string, bytes: Buffer): Message;
  close(): void;
}

export interface StreamOptions {
  readonly signal: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

type Method = MethodDefinition<object, unknown>;

/** @throws Error when `socketPath` is relative or too long for the kernel */
export async function openChannel(socketPath: string): Promise<Channel> {
  const target = unixTarget(socketPath);
  const [grpc, definitions] = await Promise.all([import("@grpc/grpc-js"), loadDefinitions()]);
  const client = new grpc.Client(target, grpc.credentials.createInsecure(), {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 500,
    // Channels to one address are otherwise shared across the process, and closed clients keep sockets open.
    "grpc.use_local_subchannel_pool": 1,
  });

  const unary = (service: string, name: string): Call<object, unknown> => {
    const method = findMethod(definitions, service, name);
    return (request, options = {}) =>
      new Promise((resolve, reject) => {
        const signal = options.signal;
        if (signal?.aborted) return reject(signal.reason);
        const call = client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          metadataOf(grpc.Metadata, options),
          deadlineOf(options),
          (error, response) => {
            signal?.removeEventListener("abort", cancel);
            if (!error) resolve(response);
            else reject(signal?.aborted ? signal.reason : criError(nameOf(method), error));
          },
        );
        const cancel = () => call.cancel();
        signal?.addEventListener("abort", cancel, { once: true });
      });
  };

  async function* stream<Message>(service: string, name: string, request: object, options: StreamOptions) {
    if (options.signal.aborted) return;
    const method = findMethod(definitions, service, name);
    const call = client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
      metadataOf(grpc.Metadata, options),
      {},
    ) as ClientReadableStream<Message>;
    const cancel = () => call.cancel();
    options.signal.addEventListener("abort", cancel, { once: true });
    try {
      for await (const message of call) yield message as Message;
    } catch (error) {
      if (!options.signal.aborted) throw criError(nameOf(method), error as ServiceError);
    } finally {
      options.signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }

  const decode = <Message>(name: string, bytes: Buffer): Message =>
    (definitions[name] as MessageTypeDefinition<unknown, Message>).deserialize(bytes);

  return { unary, stream, decode, close: () => client.close() };
}

function unixTarget(socketPath: string): string {
  const path = socketPath.replace(/^unix:\/\//, "");
  if (!path.startsWith("/"))
    throw new Error(`container runtime socket ${JSON.stringify(socketPath)} is not an absolute path`);
  const length = Buffer.byteLength(path);
  if (length > maxSocketPathBytes) {
    throw new Error(
      `container runtime socket path is ${length} bytes long, the kernel allows ${maxSocketPathBytes}: ${path}`,
    );
  }
  return `unix://${path}`;
}

async function loadDefinitions(): Promise<PackageDefinition> {
  const { load } = await import("@grpc/proto-loader");
  const files = ["cri.proto", "containerd-events.proto"].map((name) =>
    fileURLToPath(new URL(`../proto/${name}`, import.meta.url)),
  );
  return load(files, { keepCase: false, longs: Number, enums: String, defaults: true });
}

function findMethod(definitions: PackageDefinition, service: string, name: string): Method {
  const definition = definitions[service] as ServiceDefinition | undefined;
  const method = definition?.[`${name[0]?.toUpperCase()}${name.slice(1)}`];
  if (method === undefined) throw new Error(`no method ${name} in ${service}`);
  return method as Method;
}

function nameOf(method: Method): string {
  return method.path.slice(method.path.lastIndexOf("/") + 1);
}

function metadataOf(Type: typeof Metadata, options: CallOptions | StreamOptions): Metadata {
  const metadata = new Type();
  for (const [key, value] of Object.entries(options.metadata ?? {})) metadata.set(key, value);
  return metadata;
}

/** By the real clock, whatever the caller's: gRPC keeps the deadline and tells the runtime of it. */
function deadlineOf(options: CallOptions): GrpcCallOptions {
  const deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
  return Number.isFinite(deadlineMs) ? { deadline: realClock.now() + deadlineMs } : {};
}

function criError(method: string, error: ServiceError): CriError {
  return new CriError(method, grpcCodes[error.code] ?? "UNKNOWN", error.details || error.message, error);
}
