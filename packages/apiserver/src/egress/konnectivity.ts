/**
 * A connection through konnectivity's server, asked for over gRPC on its socket file: one call of ProxyService/Proxy carries one connection.
 * Source: apiserver-network-proxy's konnectivity-client.
 */

import { Duplex } from "node:stream";
import type { Client, ClientDuplexStream } from "@grpc/grpc-js";
import type { Clock, Random } from "@kubets/apimachinery";
import { bytesField, Fields, numberField } from "../encryption/kms/wire.ts";
import { ProxyUnreachableError } from "./metered-dial.ts";

export interface KonnectivityMeans {
  readonly clock: Clock;
  readonly random: Random;
}

type Tunnel = ClientDuplexStream<Buffer, Buffer>;

/** PacketType, and the field of Packet that a packet of that type has. */
const packets = {
  dialRequest: { type: 0, field: 2 },
  dialResponse: { type: 1, field: 3 },
  closeRequest: { type: 2, field: 5 },
  closeResponse: { type: 3, field: 6 },
  data: { type: 4, field: 4 },
  dialClose: { type: 5, field: 7 },
} as const;

const proxyMethod = "/ProxyService/Proxy";
const timeoutMs = 30_000;
/** Of one packet; gRPC's servers take four megabytes. */
const maxDataBytes = 1 << 16;

/** @throws Error that says what konnectivity said */
export async function connectByKonnectivity(
  socketPath: string,
  host: string,
  port: number,
  { clock, random }: KonnectivityMeans,
): Promise<Duplex> {
  const grpc = await import("@grpc/grpc-js");
  const client = new grpc.Client(`unix:${socketPath}`, grpc.credentials.createInsecure(), {
    ...{ "grpc.use_local_subchannel_pool": 1, "grpc.enable_http_proxy": 0, "grpc.enable_retries": 0 },
    "grpc.default_authority": "localhost",
  });
  const same = (bytes: Buffer) => bytes;
  const tunnel = client.makeBidiStreamRequest(proxyMethod, same, same) as Tunnel;
  const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const dialId = Math.floor(random.next() * 2 ** 48) + 1;
  tunnel.write(packet("dialRequest", [...bytesField(1, "tcp"), ...bytesField(2, address), ...numberField(3, dialId)]));
  try {
    const connectId = await dialled(tunnel, dialId, clock);
    return new Connection(client, tunnel, connectId);
  } catch (cause) {
    tunnel.on("error", () => {});
    tunnel.write(packet("dialClose", numberField(1, dialId)));
    tunnel.cancel();
    client.close();
    const isUnreachable = (cause as { code?: unknown }).code === grpc.status.UNAVAILABLE;
    const Failure = isUnreachable ? ProxyUnreachableError : Error;
    throw new Failure(`dialing ${address} via ${socketPath}: ${(cause as Error).message}`, { cause });
  }
}

/** @returns the connection's number */
function dialled(tunnel: Tunnel, dialId: number, clock: Clock): Promise<number> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      timer.cancel();
      tunnel.pause();
      tunnel.off("data", onData).off("error", onError).off("end", onEnd);
      act();
    };
    const onData = (bytes: Buffer) => {
      const answer = new Fields(bytes);
      const response = new Fields(answer.bytes(packets.dialResponse.field));
      if (answer.number(1) !== packets.dialResponse.type || response.number(3) !== dialId) {
        if (answer.number(1) === packets.dialClose.type) settle(() => reject(new Error("dial closed")));
        return;
      }
      const failure = response.text(1);
      settle(() => (failure === "" ? resolve(response.number(2)) : reject(new Error(failure))));
    };
    const onError = (error: Error) => settle(() => reject(error));
    const onEnd = () => settle(() => reject(new Error("tunnel closed")));
    const timer = clock.setTimeout(() => settle(() => reject(new Error("dial timeout"))), timeoutMs);
    tunnel.on("data", onData).on("error", onError).on("end", onEnd);
  });
}

/** Konnectivity knows no half-closed connections: it is closed when it is destroyed. */
class Connection extends Duplex {
  readonly #client: Client;
  readonly #tunnel: Tunnel;
  readonly #id: number;
  #ended = false;

  constructor(client: Client, tunnel: Tunnel, id: number) {
    super({ allowHalfOpen: false });
    this.#client = client;
    this.#tunnel = tunnel;
    this.#id = id;
    tunnel.on("data", (bytes: Buffer) => this.#received(new Fields(bytes)));
    tunnel.on("error", (error) => this.destroy(error));
    tunnel.on("end", () => this.#end());
  }

  override _read(): void {
    this.#tunnel.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const data = (at: number) => {
      const piece = chunk.subarray(at, at + maxDataBytes);
      return packet("data", [...numberField(1, this.#id), ...bytesField(3, piece)]);
    };
    let at = 0;
    for (; at + maxDataBytes < chunk.length; at += maxDataBytes) this.#tunnel.write(data(at));
    this.#tunnel.write(data(at), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (this.#tunnel.writable) this.#tunnel.end(packet("closeRequest", numberField(1, this.#id)));
    this.#tunnel.resume();
    this.#client.close();
    done(error);
  }

  #end(): void {
    if (!this.#ended) this.push(null);
    this.#ended = true;
  }

  #received(packet: Fields): void {
    const type = packet.number(1);
    if (type === packets.closeResponse.type || type === packets.closeRequest.type) this.#end();
    if (type !== packets.data.type || this.#ended || this.destroyed) return;
    const { bytes, failure } = dataOf(packet);
    if (failure !== "") this.destroy(new Error(failure));
    else if (bytes.length > 0 && !this.push(bytes)) this.#tunnel.pause();
  }
}

function dataOf(packet: Fields): { bytes: Uint8Array; failure: string } {
  const data = new Fields(packet.bytes(packets.data.field));
  return { bytes: data.bytes(3), failure: data.text(2) };
}

function packet(name: keyof typeof packets, fields: readonly Uint8Array[]): Buffer {
  const { type, field } = packets[name];
  return Buffer.concat([...numberField(1, type), ...bytesField(field, Buffer.concat(fields))]);
}
