/**
 * exec and attach: a client's WebSocket on one side, SPDY/3.1 to the node on the other. Container runtimes speak SPDY, and their
 * WebSocket cannot half-close stdin. Source: KEP-4006, apiserver's StreamTranslator.
 */

import type { RequestOptions } from "node:https";
import type { Readable, Writable } from "node:stream";
import { internalError, type Logger, type Status, StatusError } from "@kubets/apimachinery";
import type { RawData, WebSocket } from "ws";
import { type ChannelMessage, channel, decodeMessage, type ExecProtocol, encodeMessage } from "./channels.ts";
import { SpdyConnection } from "./spdy/connection.ts";
import { type ByteRate, slowedInput, slowedOutput } from "./throttle.ts";
import { dialUpgrade } from "./upgrade.ts";

export interface ExecStreams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

export interface ExecTranslation {
  readonly client: WebSocket;
  readonly protocol: ExecProtocol;
  readonly streams: ExecStreams;
  /** Of the node's exec or attach, without the headers of the upgrade. */
  readonly node: RequestOptions;
  /** What stdin, stdout and stderr are held to, each. */
  readonly rate?: ByteRate | undefined;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The most that may wait in the client's socket before the container's output is held back, in bytes. */
const highWaterMark = 1 << 20;

/** Runs until either side is done. Failures are told to the client on its error channel. */
export async function translateExec(translation: ExecTranslation): Promise<void> {
  const { client, protocol, streams, node, rate, signal } = translation;
  // Messages that come before the node has answered wait in the socket.
  client.pause();
  try {
    const { socket, head } = await dialUpgrade(
      {
        ...node,
        method: "POST",
        headers: {
          ...(node.headers as Record<string, string> | undefined),
          Connection: "Upgrade",
          Upgrade: "SPDY/3.1",
          "X-Stream-Protocol-Version": "v4.channel.k8s.io",
        },
      },
      signal,
    );
    const connection = new SpdyConnection(socket, head);
    try {
      await pump(client, protocol, connection, { streams, rate });
    } finally {
      connection.close();
    }
  } catch (error) {
    translation.logger.debug("Exec stream failed", { err: error });
    send(client, encodeMessage(protocol, channel.error, Buffer.from(JSON.stringify(failure(error)))));
  }
  // What still comes is heard, up to the other side's close, which would otherwise be waited for.
  client.resume();
  // Also after a failure: kubectl reads its error channel only up to a close that is not normal.
  client.close(1000);
}

function failure(error: unknown): Status {
  return (error instanceof StatusError ? error : internalError(error)).status;
}

async function pump(
  client: WebSocket,
  protocol: ExecProtocol,
  connection: SpdyConnection,
  { streams: wanted, rate }: Pick<ExecTranslation, "streams" | "rate">,
): Promise<void> {
  const error = await connection.openStream({ streamtype: "error" });
  const stdin = wanted.stdin ? await connection.openStream({ streamtype: "stdin" }) : undefined;
  const stdout = wanted.stdout ? await connection.openStream({ streamtype: "stdout" }) : undefined;
  const stderr = wanted.stderr && !wanted.tty ? await connection.openStream({ streamtype: "stderr" }) : undefined;
  const resize = wanted.tty ? await connection.openStream({ streamtype: "resize" }) : undefined;
  const inputs = new Map<number, Writable>();
  if (stdin !== undefined) inputs.set(channel.stdin, slowedInput(stdin, rate));
  if (resize !== undefined) inputs.set(channel.resize, resize);

  client.on("message", (data: RawData) => onMessage(client, decodeMessage(protocol, asBuffer(data)), inputs));
  const clientGone = new Promise<void>((resolve) => {
    client.once("close", () => resolve());
    client.once("error", () => resolve());
  });
  // An empty message tells the client that the streams are open.
  send(client, encodeMessage(protocol, channel.stdout, Buffer.alloc(0)));
  client.resume();
  const outputs = Promise.all([
    copy(stdout && slowedOutput(stdout, rate), client, protocol, channel.stdout),
    copy(stderr && slowedOutput(stderr, rate), client, protocol, channel.stderr),
    copy(error, client, protocol, channel.error),
  ]);
  await Promise.race([outputs, clientGone]);
}

function onMessage(
  client: WebSocket,
  message: ChannelMessage | undefined,
  inputs: ReadonlyMap<number, Writable>,
): void {
  const input = message === undefined ? undefined : inputs.get(message.channel);
  if (message === undefined || input === undefined || input.writableEnded || input.destroyed) return;
  if (message.type === "close") input.end();
  else if (message.data.length > 0 && !input.write(message.data)) {
    client.pause();
    input.once("drain", () => client.resume());
  }
}

/** The stream's bytes to the client's channel, no faster than the client takes them. */
async function copy(
  stream: Readable | undefined,
  client: WebSocket,
  protocol: ExecProtocol,
  to: number,
): Promise<void> {
  if (stream === undefined) return;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    const sent = send(client, encodeMessage(protocol, to, chunk));
    if (client.bufferedAmount > highWaterMark) await sent;
  }
}

function send(client: WebSocket, message: Buffer | string): Promise<void> {
  return new Promise((resolve) => {
    if (client.readyState !== client.OPEN) resolve();
    else client.send(message, () => resolve()); // A client that is gone is noticed by its close.
  });
}

function asBuffer(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
