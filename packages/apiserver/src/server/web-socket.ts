/** A watch over WebSocket: every event is a text message. Browsers have no other way to watch. */

import type { Duplex } from "node:stream";
import { badRequest } from "@kubets/apimachinery";
import type { WebSocket } from "ws";
import { header, type ServerRequest } from "../request/request.ts";
import type { HttpResponse } from "./render.ts";

type Push = Extract<HttpResponse["body"], { type: "push" }>;

export function isWebSocket(request: Pick<ServerRequest, "headers">): boolean {
  return (header(request, "upgrade") ?? "").toLowerCase() === "websocket";
}

/** A watcher whose connection holds this much unsent is cut off; it comes back and lists. */
const maxBufferedBytes = 16 * 1024 * 1024;

export async function serveWatchSocket(request: ServerRequest, body: Push): Promise<void> {
  const socket = await acceptWebSocket(request, undefined);
  const gone = new AbortController();
  socket.on("close", () => gone.abort());
  const write = (bytes: Uint8Array) => {
    if (socket.readyState !== socket.OPEN) return;
    // An event is a message; several may come at once, each on a line.
    for (const line of Buffer.from(bytes)
      .toString()
      .split(/(?<=\n)/))
      socket.send(line, { binary: false });
    if (socket.bufferedAmount > maxBufferedBytes) socket.terminate();
  };
  const raw = request.upgrade!.socket;
  const drained = () => (raw.writableNeedDrain && !raw.destroyed ? drainedOrClosed(raw) : undefined);
  body.start({ write, drained, end: () => socket.close() }, AbortSignal.any([gone.signal, request.signal]));
}

function drainedOrClosed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}

/** Of one from the client, which is held whole. Source: DefaultMaxPayloadBytes in golang.org/x/net/websocket. */
const maxMessageBytes = 32 * 1024 * 1024;

/**
 * Takes the connection of an Upgrade request. What is wrong with it ends it: its close tells, and its errors need nobody to hear them.
 * @param protocol the sub-protocol that was agreed on. `ws` is not asked: it refuses port-forward's `SPDY/3.1+portforward.k8s.io`,
 * whose slash is no token character.
 */
export async function acceptWebSocket(request: ServerRequest, protocol: string | undefined): Promise<WebSocket> {
  const { WebSocketServer } = await import("ws");
  const { socket, head } = request.upgrade!;
  const acceptor = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxMessageBytes });
  const { "sec-websocket-protocol": _, ...headers } = request.headers;
  if (protocol !== undefined) acceptor.on("headers", (lines) => lines.push(`Sec-WebSocket-Protocol: ${protocol}`));
  const incoming = { method: "GET", headers, url: request.path };
  return await new Promise((resolve, reject) => {
    const gone = () => reject(badRequest("the connection was closed before it was upgraded"));
    if (socket.destroyed) return gone();
    socket.once("close", gone);
    // `ws` reads the method and headers of the request, and nothing else.
    acceptor.handleUpgrade(incoming as never, socket, Buffer.from(head), (taken) => {
      // `ws` says why it closes the connection, and reads the rest of what comes into nothing: who is cut off meanwhile does not hear it.
      taken.on("error", () => {});
      resolve(taken);
    });
  });
}
