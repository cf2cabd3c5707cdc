/**
 * The HTTPS front: sockets to {@link ServerRequest}s and {@link HttpResponse}s to sockets. HTTP/2 and HTTP/1.1 on one port; client certificates are
 * asked for and not required. Nothing a client does, or stops doing, ends more than its own connection.
 */

import type { IncomingMessage } from "node:http";
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  constants as http2,
  type ServerHttp2Session,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { Clock, Logger } from "@kubets/apimachinery";
import { bodyTooLarge } from "../request/body.ts";
import { header, type RequestBody, type ServerRequest } from "../request/request.ts";
import type { ByteSink, HttpResponse } from "./render.ts";
import { isWebSocket, serveWatchSocket } from "./web-socket.ts";

export interface TlsFiles {
  /** PEM: the serving key, and its certificate with any intermediates. */
  readonly key: string;
  readonly cert: string;
  /** PEM: names of these authorities are sent to clients as a hint which certificate to present. Verification is the authenticator's. */
  readonly clientCA?: string;
}

export interface FrontOptions {
  readonly tls: TlsFiles;
  readonly bindAddress: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly logger: Logger;
  readonly clock: Clock;
  handle(request: ServerRequest): Promise<HttpResponse>;
}

/** A watcher whose connection holds this much unsent is cut off; it comes back and lists. */
const maxBufferedBytes = 16 * 1024 * 1024;
/** A body that takes longer to arrive is given up. */
const bodyTimeoutMs = 300_000;
/** What is being answered when the server stops has this long. */
const drainMs = 2000;
const gzipFromBytes = 128 * 1024;
const maxHeaderBytes = 64 * 1024;

const gzipped = promisify(gzip);

/** Why a request's signal aborts. Made once: every answered request aborts its own, and an error with a stack for each would cost. */
const clientGone = abortError("the client closed the connection");
const serverStopping = abortError("the server is stopping");

function abortError(message: string): Error {
  const error = new Error(message);
  error.name = "AbortError";
  return error;
}

/** The address cannot be listened on; the message says what to do. */
export class ListenError extends Error {}

type Incoming = IncomingMessage | Http2ServerRequest;

const ignore = () => {};

/** The other end of one request. Most requests never ask for the signal, and an AbortController each would be a tenth of their cost. */
class ClientConnection {
  readonly #outgoing: Http2ServerResponse | Duplex;
  #controller: AbortController | undefined;

  constructor(outgoing: Http2ServerResponse | Duplex) {
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

export class HttpsFront {
  readonly #options: FrontOptions;
  readonly #server: Http2SecureServer;
  readonly #connections = new Set<Duplex>();
  readonly #sessions = new Set<ServerHttp2Session>();
  /** Answers that have no end of their own: watches, logs, upgraded connections. */
  readonly #streams = new Set<ClientConnection>();
  /** Requests that will be answered soon. */
  #active = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { key, cert, clientCA } = options.tls;
    this.#server = createSecureServer({
      key,
      cert,
      ...(clientCA === undefined ? {} : { ca: clientCA }),
      allowHTTP1: true,
      ALPNProtocols: ["h2", "http/1.1"],
      minVersion: "TLSv1.2",
      requestCert: true,
      rejectUnauthorized: false,
      maxHeaderListPairs: 256,
      // Megabytes. Clients put everything on one connection; Node's 10 would refuse the third large list that is on its way.
      maxSessionMemory: 1024,
      settings: { maxConcurrentStreams: 250, maxHeaderListSize: maxHeaderBytes, initialWindowSize: 256 * 1024 },
      // HTTP/1.1's, which the types of this function do not name.
      ...{
        maxHeaderSize: maxHeaderBytes,
        requestTimeout: bodyTimeoutMs,
        headersTimeout: 32_000,
        keepAliveTimeout: 180_000,
      },
    });
    this.#server.on("request", (request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
    this.#server.on("secureConnection", (socket: TLSSocket) => this.#track(socket));
    this.#server.on("session", (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
    // A client's broken handshake, reset or nonsense is its own affair; without listeners Node would end the process.
    for (const event of ["tlsClientError", "sessionError", "clientError"]) this.#server.on(event, this.#onClientError);
    this.#server.on("error", (error) => options.logger.error("the HTTPS server reported an error", { err: error }));
  }

  readonly #onClientError = (error: Error, socket?: { destroy?(): void; destroyed?: boolean }): void => {
    this.#options.logger.debug("a connection failed", { err: error.message });
    socket?.destroy?.();
  };

  #track(socket: TLSSocket): void {
    this.#connections.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
  }

  /** @returns the port. @throws ListenError */
  async listen(): Promise<number> {
    const { bindAddress, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, bindAddress, port));
      this.#server.once("error", onError);
      this.#server.listen(port, bindAddress, () => {
        this.#server.off("error", onError);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Takes a connection that came in at another address. */
  accept(socket: Socket): void {
    this.#server.emit("connection", socket);
  }

  /** Takes no more connections, ends the streams, lets what is being answered be answered, and ends every connection. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    for (const stream of this.#streams) stream.abort(serverStopping);
    await this.#idle();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  /** Resolves when nothing is being answered any more, or after {@link drainMs}. */
  async #idle(): Promise<void> {
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#options.clock.setTimeout(resolve, drainMs);
      this.#onIdle = () => {
        timer.cancel();
        resolve();
      };
    });
  }

  async #serve(incoming: Incoming, outgoing: Http2ServerResponse): Promise<void> {
    const connection = new ClientConnection(outgoing);
    // A reset is noticed by the response's close; without a listener Node would end the process.
    incoming.on("error", ignore);
    outgoing.on("error", ignore);
    this.#active++;
    try {
      const request = serverRequest(incoming, this.#options.clock, connection);
      const response = await this.#options.handle(request);
      const { type } = response.body;
      if (type === "push" || type === "stream") this.#follow(connection, outgoing);
      await send(request, response, outgoing);
    } catch (error) {
      // The handler never rejects: what fails here is the connection, or a stream that was being passed on.
      this.#options.logger.debug("an answer could not be sent", { err: error });
      if (!outgoing.headersSent) outgoing.statusCode = 500;
      destroy(outgoing);
    } finally {
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  #follow(connection: ClientConnection, outgoing: Http2ServerResponse): void {
    this.#streams.add(connection);
    outgoing.on("close", () => this.#streams.delete(connection));
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const connection = new ClientConnection(socket);
    this.#streams.add(connection);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#streams.delete(connection));
    try {
      const request = serverRequest(incoming, this.#options.clock, connection, { socket, head });
      const response = await this.#options.handle(request);
      if (response.body.type === "push" && isWebSocket(request)) await serveWatchSocket(request, response.body);
      else if (response.body.type !== "none") await refuseUpgrade(socket, response);
    } catch (error) {
      this.#options.logger.debug("an upgraded connection failed", { err: error });
      socket.destroy();
    }
  }
}

function listenError(error: NodeJS.ErrnoException, address: string, port: number): Error {
  const where = `${address}:${port}`;
  const sentence: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} on ${address} is in use by another program; stop it, or choose another port with --secure-port (0 picks a free one)`,
    EACCES: `listening on ${where} is not permitted; run as root, or choose a port above 1023 with --secure-port`,
    EADDRNOTAVAIL: `this machine has no address ${address}; choose one it has with --bind-address`,
  };
  return new ListenError(sentence[error.code ?? ""] ?? `cannot listen on ${where}: ${error.message}`, { cause: error });
}

function serverRequest(
  incoming: Incoming,
  clock: Clock,
  connection: ClientConnection,
  upgrade?: NonNullable<ServerRequest["upgrade"]>,
): ServerRequest {
  const url = incoming.url ?? "/";
  const mark = url.indexOf("?");
  const peerCertificate = peerCertificateOf(incoming);
  return {
    method: incoming.method ?? "GET",
    path: mark < 0 ? url : url.slice(0, mark),
    query: new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1)),
    headers: incoming.headers,
    body: bodyOf(incoming, clock),
    get signal() {
      return connection.signal;
    },
    ...(peerCertificate === undefined ? {} : { peerCertificate }),
    ...(upgrade === undefined ? {} : { upgrade }),
  };
}

/** By connection: reading the certificate is slow, and it does not change. */
const peerCertificates = new WeakMap<object, { readonly der: Uint8Array | undefined }>();

function peerCertificateOf(incoming: Incoming): Uint8Array | undefined {
  const connection = (incoming as Partial<Http2ServerRequest>).stream?.session ?? incoming.socket;
  let known = peerCertificates.get(connection);
  if (known === undefined) {
    const socket = incoming.socket as Partial<TLSSocket> | undefined;
    known = { der: socket?.getPeerCertificate?.(false)?.raw };
    peerCertificates.set(connection, known);
  }
  return known.der;
}

function bodyOf(incoming: Incoming, clock: Clock): RequestBody {
  const { headers } = incoming;
  const declared = Number(headers["content-length"] ?? Number.NaN);
  const empty =
    incoming.httpVersionMajor >= 2 ? (incoming as Http2ServerRequest).stream?.endAfterHeaders : declared === 0;
  const hasBody = incoming.httpVersionMajor >= 2 ? !empty : declared > 0 || headers["transfer-encoding"] !== undefined;
  if (!hasBody) return { type: "none" };
  return { type: "bytes", read: (limit) => readBody(incoming, clock, declared, limit), stream: incoming };
}

async function readBody(incoming: Incoming, clock: Clock, declared: number, limit: number): Promise<Uint8Array> {
  if (declared > limit) throw bodyTooLarge(limit);
  const giveUp = () => incoming.destroy(new Error("the body did not arrive in time"));
  // HTTP/1.1's own limit does not hold for HTTP/2's streams.
  const timer = clock.setTimeout(giveUp, bodyTimeoutMs, { unref: true });
  try {
    return await collect(incoming, limit);
  } finally {
    timer.cancel();
  }
}

/** By events: an async iterator over a stream costs more than all the rest of reading a small body. */
function collect(incoming: Incoming, limit: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) return void chunks.push(chunk);
      // Left unread, not destroyed: the answer is still to be sent.
      incoming.pause();
      reject(bodyTooLarge(limit));
    });
    incoming.on("end", () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)));
    incoming.on("error", reject);
    incoming.on("close", () => reject(clientGone));
  });
}

async function send(request: ServerRequest, response: HttpResponse, outgoing: Http2ServerResponse): Promise<void> {
  const { body } = response;
  if (outgoing.destroyed || body.type === "none") return;
  outgoing.statusCode = response.status;
  for (const [name, value] of Object.entries(response.headers)) outgoing.setHeader(name, value as string | string[]);
  if (body.type === "bytes") return await sendBytes(request, response, body.bytes, outgoing);
  if (request.method === "HEAD") return void outgoing.end();
  if (body.type === "push") {
    flushHeaders(outgoing);
    body.start(boundedSink(outgoing), request.signal);
    return;
  }
  flushHeaders(outgoing);
  const { signal } = request;
  for await (const chunk of body.stream) {
    if (signal.aborted) return;
    if (!outgoing.write(chunk)) await drained(outgoing, signal);
  }
  outgoing.end();
}

async function sendBytes(
  request: ServerRequest,
  { status }: HttpResponse,
  bytes: Uint8Array,
  outgoing: Http2ServerResponse,
): Promise<void> {
  let sent = bytes;
  if (bytes.length >= gzipFromBytes && (header(request, "accept-encoding") ?? "").includes("gzip")) {
    sent = await gzipped(bytes, { level: 1 });
    outgoing.setHeader("content-encoding", "gzip");
    outgoing.setHeader("vary", "Accept-Encoding");
  }
  if (status !== 304) outgoing.setHeader("content-length", sent.length);
  // A body that was refused unread cannot be followed by another request on an HTTP/1.1 connection.
  if (status === 413 && request.body.type === "bytes") closeAfter(outgoing);
  if (request.method === "HEAD" || status === 304) outgoing.end();
  else outgoing.end(sent);
}

function closeAfter(outgoing: Http2ServerResponse): void {
  if (outgoing.req.httpVersionMajor < 2) outgoing.setHeader("connection", "close");
  else outgoing.on("finish", () => outgoing.stream?.close(http2.NGHTTP2_NO_ERROR));
}

/** Both of Node's responses have it; the types know only HTTP/1.1's. */
function flushHeaders(outgoing: Http2ServerResponse): void {
  (outgoing as unknown as { flushHeaders(): void }).flushHeaders();
}

function boundedSink(outgoing: Http2ServerResponse): ByteSink {
  return {
    write(bytes) {
      if (outgoing.writableEnded || outgoing.destroyed) return;
      outgoing.write(bytes);
      const waiting = outgoing.stream?.writableLength ?? outgoing.writableLength;
      if (waiting > maxBufferedBytes) destroy(outgoing);
    },
    end() {
      if (!outgoing.writableEnded && !outgoing.destroyed) outgoing.end();
    },
  };
}

function destroy(outgoing: Http2ServerResponse): void {
  const { stream } = outgoing as { stream?: { close(code: number): void } };
  if (outgoing.req.httpVersionMajor >= 2 && stream !== undefined) stream.close(http2.NGHTTP2_INTERNAL_ERROR);
  else outgoing.destroy();
}

async function drained(outgoing: Http2ServerResponse, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      outgoing.off("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    outgoing.on("drain", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

/** An upgrade that was not taken up is answered as plain HTTP on the raw socket. */
async function refuseUpgrade(socket: Duplex, response: HttpResponse): Promise<void> {
  const { STATUS_CODES } = await import("node:http");
  const bytes = response.body.type === "bytes" ? response.body.bytes : new Uint8Array();
  const lines = [`HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ""}`];
  for (const [name, value] of Object.entries(response.headers)) {
    for (const each of typeof value === "string" ? [value] : value) lines.push(`${name}: ${each}`);
  }
  lines.push(`content-length: ${bytes.length}`, "connection: close", "", "");
  socket.end(Buffer.concat([Buffer.from(lines.join("\r\n")), bytes]));
}
