/** A KMS plugin: a program that listens on a Unix socket and keeps the key that encrypts keys. KMS v2's gRPC API (kubernetes/kms, apis/v2). */

import type { Client } from "@grpc/grpc-js";
import { realClock } from "@kubets/apimachinery";
import type { EncryptedSource } from "./encrypted-object.ts";
import { bytesField, Fields, mapField } from "./wire.ts";

export interface KmsStatus {
  readonly version: string;
  /** "ok", or what is wrong. */
  readonly healthz: string;
  /** Of the key that encrypts now. */
  readonly keyId: string;
}

export type KmsMethod = "Status" | "Encrypt" | "Decrypt";

/** All reject with {@link KmsError}. */
export interface KmsService {
  status(): Promise<KmsStatus>;
  encrypt(plaintext: Uint8Array, uid: string): Promise<Omit<EncryptedSource, "type">>;
  decrypt(encrypted: EncryptedSource, uid: string): Promise<Uint8Array>;
  close(): void;
}

/** As Go's gRPC prints them, by their number. */
const codeNames = [
  ...["OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"],
  ...["PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented"],
  ...["Internal", "Unavailable", "DataLoss", "Unauthenticated"],
];

export class KmsError extends Error {
  /** Of gRPC, by name. */
  readonly code: string;

  constructor(code: number | undefined, details: string) {
    const name = codeNames[code ?? 2] ?? "Unknown";
    super(`rpc error: code = ${name} desc = ${details}`);
    this.code = name;
  }
}

export interface KmsServiceOptions {
  /** The path of the socket. */
  readonly path: string;
  /** Of each call. */
  readonly timeoutMs: number;
  /** Told of each call that has ended. */
  onCall?(method: KmsMethod, code: string, ms: number): void;
}

/** The path of `unix:///run/kms.sock`. A name that begins with @ is of Linux' abstract sockets. */
export function socketPath(endpoint: string): string {
  return endpoint.replace(/^unix:(\/\/)?/, "").replace(/^\/@/, "@");
}

/** Connects at the first call, and again by itself. */
export async function connectKms({ path, timeoutMs, onCall }: KmsServiceOptions): Promise<KmsService> {
  const grpc = await import("@grpc/grpc-js");
  const client: Client = new grpc.Client(`unix:${path.replace(/^@/, "\0")}`, grpc.credentials.createInsecure(), {
    "grpc.default_authority": "localhost",
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1000,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_retries": 0,
  });
  // A plugin that starts beside the server is waited for.
  const metadata = new grpc.Metadata({ waitForReady: true });
  const call = (method: KmsMethod, request: Uint8Array): Promise<Fields> => {
    const start = realClock.monotonic();
    const ended = (code: string) => onCall?.(method, code, realClock.monotonic() - start);
    return new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        `/v2.KeyManagementService/${method}`,
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => new Fields(bytes),
        request,
        metadata,
        // gRPC keeps the deadline by the real clock and tells the plugin of it.
        { deadline: realClock.now() + timeoutMs },
        (error, response) => {
          const failure = error ? new KmsError(error.code, error.details) : undefined;
          ended(failure?.code ?? "OK");
          if (failure !== undefined) reject(failure);
          else resolve(response!);
        },
      );
    });
  };
  return {
    async status() {
      const fields = await call("Status", new Uint8Array());
      return { version: fields.text(1), healthz: fields.text(2), keyId: fields.text(3) };
    },
    async encrypt(plaintext, uid) {
      const fields = await call("Encrypt", Buffer.concat([...bytesField(1, plaintext), ...bytesField(2, uid)]));
      return { source: fields.bytes(1), keyId: fields.text(2), annotations: fields.map(3) };
    },
    async decrypt({ source, keyId, annotations }, uid) {
      const parts = [bytesField(1, source), bytesField(2, uid), bytesField(3, keyId), mapField(4, annotations)];
      return (await call("Decrypt", Buffer.concat(parts.flat()))).bytes(1);
    },
    close: () => client.close(),
  };
}
