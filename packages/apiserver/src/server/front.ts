/**
 * The HTTPS front: sockets to {@link ServerRequest}s and {@link HttpResponse}s to sockets. HTTP/2 and HTTP/1.1 on one port; client certificates are
 * asked for and not required. Nothing a client does, or stops doing, ends more than its own connection.
 */

import type { IncomingMessage } from "node:http";
import type { Http2SecureServer, ServerHttp2Session, ServerHttp2Stream } from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { SecureContext, TLSSocket } from "node:tls";
import { aborted, type Clock, type Logger, type Random, realRandom } from "@kubets/apimachinery";
import type { ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { type Exchange, Http1Exchange, Http2Exchange } from "./exchange.ts";
import { httpsServer } from "./https-server.ts";
import { ClientConnection, serverRequest, serverStopping, upgradeOf } from "./incoming.ts";
import { refuseUpgrade, send, sendElsewhere, UnreadBytes } from "./outgoing.ts";
import type { HttpResponse } from "./render.ts";
import { type Deadlined, defaultRequestTimeoutMs, RequestDeadlines } from "./request-deadlines.ts";
import { contextOptions, NamedContexts, type TlsFiles } from "./serving-tls.ts";
import { takesUpgrade } from "./upgrades.ts";
import { isWebSocket, serveWatchSocket } from "./web-socket.ts";

export interface FrontOptions {
  readonly tls: TlsFiles;
  /** False for HTTP/1.1 only: `--disable-http2-serving`. Default true. */
  readonly http2?: boolean;
  /** `--http2-max-streams-per-connection`. Default 250. */
  readonly maxStreams?: number;
  /** `--goaway-chance`: how often a request of HTTP/2 makes the client connect anew, between 0 and 1; spreads clients over servers. Default never. */
  readonly goawayChance?: number;
  /** `--request-timeout`: how long a request may take that is no watch or stream. Default a minute. */
  readonly requestTimeoutMs?: number;
  /** Whether another server answers for what is below a path. */
  forwards?(path: string): boolean;
  /** How long what is being answered has when the server stops. Default 2 s. */
  readonly drainMs?: number;
  /** `--shutdown-send-retry-after`: while that lasts, connections are still taken, and new requests told to come again elsewhere. Default false. */
  readonly sendRetryAfter?: boolean;
  /** `--shutdown-watch-termination-grace-period`: streams are ended one after the other over this long when the server stops. Default all at once. */
  readonly watchGraceMs?: number;
  readonly bindAddress: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** `--permit-port-sharing`: others may listen on the same port. Default false. */
  readonly sharePort?: boolean;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random?: Random;
  /** Told of each request that took too long. */
  onTimeout?(request: ServerRequest, info: RequestInfo | undefined): void;
  /** Told of each TLS handshake that failed. */
  onHandshakeError?(): void;
  handle(request: ServerRequest): Promise<HttpResponse>;
}

const defaultDrainMs = 2000;

const ignore = () => {};

/** The address cannot be listened on; the message says what to do. */
export class ListenError extends Error {}

export class HttpsFront {
  readonly #options: FrontOptions;
  readonly #server: Http2SecureServer;
  readonly #connections = new Set<Duplex>();
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #unread = new UnreadBytes();
  /** Answers that have no end of their own: watches, logs, upgraded connections. */
  readonly #streams = new Set<ClientConnection>();
  readonly #deadlines: RequestDeadlines;
  #named: NamedContexts;
  /** Requests that will be answered soon. */
  #active = 0;
  /** New requests are to be sent elsewhere. */
  #refusing = false;
  #onIdle: (() => void) | undefined;

  constructor(options: FrontOptions) {
    this.#options = options;
    const { clock, requestTimeoutMs = defaultRequestTimeoutMs } = options;
    const forwards = (path: string) => options.forwards?.(path) === true;
    this.#deadlines = new RequestDeadlines({
      clock,
      requestTimeoutMs,
      forwards,
      onTimeout: (request, info) => options.onTimeout?.(request, info),
    });
    const { tls, logger } = options;
    this.#named = new NamedContexts(tls);
    this.#server = httpsServer({
      tls,
      ...(options.http2 === undefined ? {} : { http2: options.http2 }),
      ...(options.maxStreams === undefined ? {} : { maxStreams: options.maxStreams }),
      onServerName: this.#onServerName,
      takesUpgrade: (request) => takesUpgrade(request, forwards),
      onHandshakeError: () => options.onHandshakeError?.(),
      clock,
      logger,
    });
    this.#receive();
  }

  #receive(): void {
    this.#server.on("request", (request, response) => {
      void this.#serve(new Http1Exchange(request as unknown as IncomingMessage, response));
    });
    // A listener for requests makes Node give those of HTTP/2 to it too, in a form we do without.
    this.#server.removeAllListeners("stream");
    this.#server.on("stream", (stream: ServerHttp2Stream, headers, _flags, rawHeaders: string[]) => {
      void this.#serve(new Http2Exchange(stream, headers, rawHeaders));
    });
    const { goawayChance = 0, random = realRandom } = this.#options;
    if (goawayChance > 0)
      this.#server.on("stream", ({ session }: ServerHttp2Stream) => {
        if (random.next() < goawayChance) session?.goaway();
      });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      void this.#upgrade(request, socket, head);
    });
    // One whose handshake is not through would keep the server from ending, too.
    for (const event of ["connection", "secureConnection"])
      this.#server.on(event, (socket: Socket) => this.#track(socket));
    this.#server.on("session", (session: ServerHttp2Session) => {
      this.#sessions.add(session);
      session.on("close", () => this.#sessions.delete(session));
    });
  }

  readonly #onServerName = (name: string, choose: (error: null, context?: SecureContext) => void): void =>
    choose(null, this.#named.get(name));

  /** From now on connections are shown this. @throws Error for what cannot be shown, and nothing changes */
  replaceTls(tls: TlsFiles): void {
    const named = new NamedContexts(tls);
    this.#server.setSecureContext(contextOptions(tls, tls));
    this.#named = named;
  }

  #track(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#connections.delete(socket));
  }

  /** @returns the port. @throws ListenError */
  async listen(): Promise<number> {
    const { bindAddress: host, port, sharePort: reusePort = false } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const onError = (error: NodeJS.ErrnoException) => reject(listenError(error, host, port));
      this.#server.once("error", onError);
      this.#server.listen({ port, host, reusePort }, () => {
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
    const { sendRetryAfter = false, watchGraceMs = 0 } = this.#options;
    this.#refusing = sendRetryAfter;
    let closed = sendRetryAfter ? undefined : this.#stopListening();
    const stopListening = () => (closed ??= this.#stopListening());
    await this.#endStreams(watchGraceMs);
    await this.#drained(stopListening);
    stopListening();
    for (const socket of this.#connections) socket.destroy();
    await closed;
  }

  async #stopListening(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#sessions) session.close();
    await closed;
  }

  /** In turn, so that those who begin them anew elsewhere do not come all at once. */
  async #endStreams(graceMs: number): Promise<void> {
    const streams = [...this.#streams];
    for (const stream of streams) {
      stream.abort(serverStopping);
      if (graceMs > 0) await this.#options.clock.sleep(graceMs / streams.length);
    }
  }

  /** Resolves when all that is being answered is on its way, or after `drainMs`. */
  async #drained(stopListening: () => void): Promise<void> {
    const { clock, drainMs = defaultDrainMs } = this.#options;
    const late = new AbortController();
    const timer = clock.setTimeout(() => late.abort(), drainMs);
    const done = this.#idle().then(() => {
      stopListening();
      return this.#written();
    });
    await Promise.race([done, aborted(late.signal)]);
    timer.cancel();
  }

  /** Resolves when nothing is being answered any more. */
  async #idle(): Promise<void> {
    if (this.#active === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Sessions of HTTP/2, which are being closed, end their sockets themselves after their last stream. */
  async #written(): Promise<void> {
    const secured = [...this.#connections].filter((socket) => "alpnProtocol" in socket);
    for (const socket of secured) if ((socket as TLSSocket).alpnProtocol !== "h2") socket.end();
    await Promise.all(secured.map(writtenOrClosed));
  }

  async #serve(exchange: Exchange): Promise<void> {
    if (this.#refusing && !isExempt(exchange)) return sendElsewhere(exchange);
    const connection = new ClientConnection(exchange);
    // A reset is noticed by the close; without a listener Node would end the process.
    exchange.on("error", ignore);
    this.#active++;
    const { clock, random } = this.#options;
    let deadlined: Deadlined | undefined;
    try {
      const request = serverRequest(exchange, clock, connection, undefined, random);
      deadlined = this.#deadlines.begin(exchange, connection, request);
      const response = await this.#options.handle(request);
      deadlined.isSending = true;
      if (response.onSent !== undefined) {
        if (exchange.destroyed) response.onSent();
        else exchange.on("close", response.onSent);
      }
      // It took too long, and that is what it was answered.
      if (exchange.headersSent) return;
      const { type } = response.body;
      if (type === "push" || type === "stream") this.#follow(connection, exchange);
      await send(request, response, exchange, clock, this.#unread);
    } catch (error) {
      // The handler never rejects: what fails here is the connection, or a stream that was being passed on.
      this.#options.logger.debug("an answer could not be sent", { err: error });
      exchange.destroy();
    } finally {
      if (deadlined !== undefined) this.#deadlines.end(deadlined);
      this.#active--;
      if (this.#active === 0) this.#onIdle?.();
    }
  }

  #follow(connection: ClientConnection, outgoing: Exchange): void {
    this.#streams.add(connection);
    outgoing.on("close", () => this.#streams.delete(connection));
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { clock, random } = this.#options;
    const connection = new ClientConnection(socket);
    this.#streams.add(connection);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#streams.delete(connection));
    try {
      const request = serverRequest(upgradeOf(incoming), clock, connection, { socket, head }, random);
      const response = await this.#options.handle(request);
      if (response.onSent !== undefined) {
        if (socket.destroyed) response.onSent();
        else socket.on("close", response.onSent);
      }
      if (response.body.type === "push" && isWebSocket(request)) await serveWatchSocket(request, response.body);
      else if (response.body.type !== "none") await refuseUpgrade(socket, response);
    } catch (error) {
      this.#options.logger.debug("an upgraded connection failed", { err: error });
      socket.destroy();
    }
  }
}

function writtenOrClosed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (socket.writableFinished || socket.destroyed) return resolve();
    for (const event of ["finish", "close"]) socket.once(event, resolve);
  });
}

const exemptPaths = ["/readyz", "/livez", "/healthz", "/metrics"];

/** Probes and other API servers are answered to the end. Source: apiserver's server/filters/with_retry_after.go. */
function isExempt({ url, headers }: Exchange): boolean {
  return (
    exemptPaths.some((path) => url.startsWith(path)) || String(headers["user-agent"]).startsWith("kube-apiserver/")
  );
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
