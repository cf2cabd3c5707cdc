/** gRPC health checks (grpc.health.v1), spoken over HTTP/2 without TLS: one small request needs no gRPC library. Source: pkg/probe/grpc. */

import type { Clock } from "@kubets/apimachinery";
import { formatDuration } from "@kubets/apimachinery";
import type { ProbeAnswer } from "./prober.ts";

const servingStates = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];
const unimplemented = "12";
const resourceExhausted = "8";
/** grpc-go's. */
const maxMessage = 4 * 1024 * 1024;

/** A length-prefixed HealthCheckRequest: field 1 is the service's name. */
export function encodeHealthRequest(service: string): Buffer {
  const name = Buffer.from(service, "utf8");
  const body = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

/** The name of the serving status in a length-prefixed HealthCheckResponse: field 1, an enum. */
export function decodeHealthResponse(frame: Buffer): string {
  const body = frame.subarray(5);
  const status = body[0] === 0x08 ? (body[1] ?? 0) : 0;
  return servingStates[status] ?? String(status);
}

interface GrpcAnswer {
  readonly grpcStatus: string;
  readonly message: string;
  readonly body: Buffer;
}

export async function grpcProbe(
  host: string,
  port: number,
  service: string,
  options: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<ProbeAnswer> {
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  const fail = (output: string): ProbeAnswer => ({ result: "failure", output });
  let answer: GrpcAnswer | "timeout";
  try {
    answer = await call(address, service, options);
  } catch (error) {
    options.signal.throwIfAborted();
    return fail(`error: failed to connect service "${address}": ${(error as Error).message}`);
  }
  if (answer === "timeout") {
    const limit = formatDuration(options.timeoutMs);
    return fail(`timeout: failed to connect service "${address}" within ${limit}: context deadline exceeded`);
  }
  if (answer.grpcStatus === unimplemented) {
    const text = "error: this server does not implement the grpc health protocol (grpc.health.v1.Health)";
    return fail(`${text}: ${answer.message}`);
  }
  if (answer.grpcStatus !== "0") return fail(`error: health rpc probe failed: ${answer.message}`);
  const status = decodeHealthResponse(answer.body);
  return status === "SERVING"
    ? { result: "success", output: "service healthy" }
    : fail(`service unhealthy (responded with "${status}")`);
}

/** The server is a pod's: it may have written anything. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

async function call(
  address: string,
  service: string,
  { clock, timeoutMs, signal }: { clock: Clock; timeoutMs: number; signal: AbortSignal },
): Promise<GrpcAnswer | "timeout"> {
  const { connect } = await import("node:http2");
  const session = connect(`http://${address}`);
  const timedOut = Promise.withResolvers<"timeout">();
  const timer = clock.setTimeout(() => timedOut.resolve("timeout"), timeoutMs);
  const onAbort = () => timedOut.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    const answered = new Promise<GrpcAnswer>((resolve, reject) => {
      session.once("error", reject);
      const stream = session.request({
        ":method": "POST",
        ":path": "/grpc.health.v1.Health/Check",
        "content-type": "application/grpc",
        te: "trailers",
        "user-agent": "kube-probe/1.36",
      });
      const chunks: Buffer[] = [];
      let meta: Record<string, unknown> = {};
      stream.on("response", (headers) => {
        meta = { ...meta, ...headers };
      });
      stream.on("trailers", (headers) => {
        meta = { ...meta, ...headers };
      });
      let length = 0;
      stream.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length <= maxMessage) return;
        const message = `rpc error: code = ResourceExhausted desc = grpc: received message larger than max (${length} vs. ${maxMessage})`;
        resolve({ grpcStatus: resourceExhausted, message, body: Buffer.alloc(0) });
      });
      stream.on("error", reject);
      stream.on("end", () =>
        resolve({
          grpcStatus: String(meta["grpc-status"] ?? "2"),
          message: decoded(String(meta["grpc-message"] ?? "")),
          body: Buffer.concat(chunks),
        }),
      );
      stream.end(encodeHealthRequest(service));
    });
    return await Promise.race([answered, timedOut.promise]);
  } finally {
    timer.cancel();
    signal.removeEventListener("abort", onAbort);
    session.destroy();
  }
}
