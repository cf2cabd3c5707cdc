/** Requests from sockets: the URL, the client's certificate, the body with its limits, and whether the client is still there. */

import type { IncomingMessage } from "node:http";
import type { Duplex, Readable } from "node:stream";
import type { TLSSocket } from "node:tls";
import { type Clock, type Random, realRandom } from "@kubets/apimachinery";
import { bodyTooLarge } from "../request/body-limit.ts";
import { parseQuery } from "../request/query.ts";
import { header, type RequestBody, type ServerRequest } from "../request/request.ts";
import type { Exchange } from "./exchange.ts";

/** What of an exchange a request is made of. An upgrade has no answer yet, and no body. */
type Incoming = Pick<
  Exchange,
  "method" | "url" | "headers" | "rawHeaders" | "hasBody" | "body" | "socket" | "connection"
>;

export function upgradeOf(message: IncomingMessage): Incoming {
  const { method = "GET", url = "/", headers, rawHeaders, socket } = message;
  return {
    method,
    url,
    headers,
    rawHeaders,
    hasBody: false,
    body: message,
    socket: socket as TLSSocket,
    connection: socket,
  };
}

/** A body that takes longer to arrive is given up. */
export const bodyTimeoutMs = 300_000;

/** Why a request's signal aborts. Made once: an error with a stack for each would cost. */
const clientGone = abortError("the client closed the connection");
export const serverStopping = abortError("the server is stopping");

function abortError(message: string): Error {
  const error = new Error(message);
  error.name = "AbortError";
  return error;
}

/** The other end of one request. Most requests never ask for the signal, and an AbortController each would be a tenth of their cost. */
export class ClientConnection {
  readonly #outgoing: Exchange | Duplex;
  #controller: AbortController | undefined;

  constructor(outgoing: Exchange | Duplex) {
    this.#outgoing = outgoing;
  }

  /** Aborts when the client goes away, or {@link abort} is called. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#outgoing.destroyed) this.#controller.abort(clientGone);
      else this.#outgoing.on("close", () => this.#controller?.abort(clientGone));
    }
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    void this.signal;
    this.#controller?.abort(reason);
  }
}

/** What came over a socket. A class: an object with a getter and what is spread into it would be made anew, field by field, for each request. */
class SocketRequest implements ServerRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly url: string;
  readonly headers: ServerRequest["headers"];
  readonly rawHeaders: readonly string[];
  readonly auditId: string;
  readonly body: RequestBody;
  readonly remoteAddress?: string;
  readonly peerCertificate?: Uint8Array;
  readonly peerIntermediates?: () => readonly Uint8Array[];
  readonly upgrade?: NonNullable<ServerRequest["upgrade"]>;
  readonly #connection: ClientConnection;

  constructor(
    incoming: Incoming,
    auditId: string,
    body: RequestBody,
    connection: ClientConnection,
    upgrade: ServerRequest["upgrade"] | undefined,
  ) {
    const { method, url, headers, rawHeaders } = incoming;
    const mark = url.indexOf("?");
    const { remoteAddress, peerCertificate, peerIntermediates } = peerOf(incoming);
    this.method = method;
    this.path = mark < 0 ? url : url.slice(0, mark);
    this.query = parseQuery(mark < 0 ? "" : url.slice(mark + 1));
    this.url = url;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.auditId = auditId;
    this.body = body;
    if (remoteAddress !== undefined) this.remoteAddress = remoteAddress;
    if (peerCertificate !== undefined) this.peerCertificate = peerCertificate;
    if (peerIntermediates !== undefined) this.peerIntermediates = peerIntermediates;
    if (upgrade !== undefined) this.upgrade = upgrade;
    this.#connection = connection;
  }

  get signal(): AbortSignal {
    return this.#connection.signal;
  }
}

export function serverRequest(
  incoming: Incoming,
  clock: Clock,
  connection: ClientConnection,
  upgrade?: NonNullable<ServerRequest["upgrade"]>,
  random: Random = realRandom,
): ServerRequest {
  const auditId = header(incoming, "audit-id") || random.uuid();
  return new SocketRequest(incoming, auditId, bodyOf(incoming, clock), connection, upgrade);
}

/** By connection: reading the certificate is slow, and it does not change. */
const peers = new WeakMap<object, Peer>();

type Peer = Pick<ServerRequest, "remoteAddress" | "peerCertificate" | "peerIntermediates">;

function peerOf(incoming: Incoming): Peer {
  const { connection } = incoming;
  let known = peers.get(connection);
  if (known === undefined) {
    const socket = incoming.socket as Partial<TLSSocket> | undefined;
    const peerCertificate = socket?.getPeerCertificate?.(false)?.raw;
    // The same function for all requests of a connection; few are ever asked, and those once.
    const certificates =
      peerCertificate === undefined ? {} : { peerCertificate, peerIntermediates: () => intermediatesOf(socket) };
    // An IPv4 address as a socket for both families gives it.
    const remoteAddress = socket?.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, "");
    known = { ...(remoteAddress === undefined ? {} : { remoteAddress }), ...certificates };
    peers.set(connection, known);
  }
  return known;
}

/** No client needs more; a circle ends. */
const maxIntermediates = 10;

function intermediatesOf(socket: Partial<TLSSocket> | undefined): Uint8Array[] {
  const found: Uint8Array[] = [];
  const leaf = socket?.getPeerCertificate?.(true);
  for (let last = leaf; last !== undefined && found.length < maxIntermediates; ) {
    const issuer: typeof last | undefined = last.issuerCertificate;
    if (issuer?.raw === undefined || issuer === last || issuer.fingerprint256 === last.fingerprint256) break;
    found.push(issuer.raw);
    last = issuer;
  }
  return found;
}

function bodyOf(incoming: Incoming, clock: Clock): RequestBody {
  if (!incoming.hasBody) return { type: "none" };
  const declared = Number(incoming.headers["content-length"] ?? Number.NaN);
  const { body } = incoming;
  return { type: "bytes", read: (limit) => readBody(body, clock, declared, limit), stream: body };
}

async function readBody(body: Readable, clock: Clock, declared: number, limit: number): Promise<Uint8Array> {
  if (declared > limit) throw bodyTooLarge(limit);
  const giveUp = () => body.destroy(new Error("the body did not arrive in time"));
  // HTTP/1.1's own limit does not hold for HTTP/2's streams.
  const timer = clock.setTimeout(giveUp, bodyTimeoutMs, { unref: true });
  try {
    return await collect(body, limit);
  } finally {
    timer.cancel();
  }
}

/** By events: an async iterator over a stream costs more than all the rest of reading a small body. */
function collect(body: Readable, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const take = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      // Left unread, not destroyed: the answer is still to be sent.
      body.off("data", take);
      body.pause();
      reject(bodyTooLarge(limit));
    };
    body.on("data", take);
    body.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    body.on("error", reject);
    body.on("close", () => reject(clientGone));
  });
}
