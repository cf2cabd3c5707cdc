/** What is common to all requests that are sent on, to nodes, pods and other API servers. */

import type { ClientRequest, IncomingMessage } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { type Duplex, Readable } from "node:stream";
import { request as httpRequest } from "../node-http.ts";

/** Source: removeHopByHopHeaders in Go's net/http/httputil. */
const hopByHop: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Without those that are about one connection: by their names, or because `connection` names them. */
export function endToEnd<T extends string | readonly string[]>(
  headers: Readonly<Record<string, T | undefined>>,
): Record<string, T> {
  const names = [headers["connection"] ?? []].flat().join(",").toLowerCase().split(",");
  const named = new Set(names.map((name) => name.trim()));
  const passed: Record<string, T> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !hopByHop.has(name) && !named.has(name)) passed[name] = value;
  return passed;
}

/**
 * No faster than it is taken, and no further when it is not wanted any more: who answers before the end, and hangs up, has answered. A client's body is
 * one with what it is answered on, so that it is never destroyed; its rest is read into nothing.
 * Rejects when `body` does.
 */
export async function writeBody(
  outgoing: ClientRequest,
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined,
): Promise<void> {
  if (body === undefined || body instanceof Uint8Array) return void outgoing.end(body);
  const chunks: AsyncIterable<Uint8Array> = body instanceof Readable ? body.iterator({ destroyOnReturn: false }) : body;
  for await (const chunk of chunks) {
    if (outgoing.destroyed) break;
    if (!outgoing.write(chunk)) await drainedOrClosed(outgoing);
  }
  if (!outgoing.destroyed) outgoing.end();
  else if (body instanceof Readable) body.resume();
}

function drainedOrClosed(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}

/**
 * Resolves when the answer's header is here. The connection is its own, unless `options` say whose.
 * @throws Error of the connection, and of the body that was to be sent
 */
export function sendOn(
  scheme: "http" | "https",
  options: RequestOptions,
  body: AsyncIterable<Uint8Array> | Uint8Array | undefined,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = begin(scheme, options);
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.on("close", () => reject(unanswered()));
    writeBody(outgoing, body).catch((error: Error) => outgoing.destroy(error));
  });
}

/** Node says no more than `close` of a server that changes the protocol though nobody asked it to. */
export function unanswered(): Error {
  return new Error("the connection ended before there was an answer");
}

function begin(scheme: "http" | "https", options: RequestOptions): ClientRequest {
  const make = scheme === "https" ? httpsRequest : httpRequest;
  return make({ agent: false, ...options });
}

export interface Upgraded {
  readonly socket: Duplex;
  /** Bytes that came together with the answer's header. */
  readonly head: Buffer;
  readonly response: IncomingMessage;
}

/** An upgraded connection of its own, or the answer of a server that would not upgrade. @throws Error of the connection */
export function dial(scheme: "http" | "https", options: RequestOptions): Promise<Upgraded | IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = begin(scheme, options);
    outgoing.on("upgrade", (response, socket, head) => {
      // Nobody listens to it from here on; its close tells whoever takes it.
      socket.on("error", () => {});
      resolve({ socket, head, response });
    });
    outgoing.on("response", resolve);
    outgoing.on("error", reject);
    outgoing.end();
  });
}

export function isUpgraded(answer: Upgraded | IncomingMessage): answer is Upgraded {
  return "response" in answer;
}

/** What a server that refused said; of more than `maxLength` characters the beginning. */
export async function textOf(response: IncomingMessage, maxLength: number): Promise<string> {
  let said = "";
  response.setEncoding("utf8");
  for await (const chunk of response) {
    said += chunk;
    if (said.length > maxLength) break;
  }
  return said;
}
