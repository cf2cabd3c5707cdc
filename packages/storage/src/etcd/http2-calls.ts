/** gRPC over one HTTP/2 connection at a time: just what one server of known methods needs of it. Nothing is retried here. */

import { type ClientHttp2Session, type ClientHttp2Stream, connect, type SecureClientSessionOptions } from "node:http2";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { type Clock, realClock, type Timer } from "@kubets/apimachinery";

/** Why a call failed. */
export interface CallFailure {
  /** gRPC's. */
  readonly code: number;
  /** The server's own words, where it has said any. */
  readonly details: string;
}

export interface CallHandlers {
  /** Called with each message as it comes, while the call lasts. */
  readonly onMessage: (bytes: Buffer) => void;
  /** Called once, and nothing after it. Without a failure the server has ended the call well. */
  readonly onEnd: (failure: CallFailure | undefined) => void;
}

export interface RunningCall {
  send(frame: Buffer): void;
  /** Nothing is heard of it any more. */
  cancel(): void;
}

export interface Http2CallsOptions {
  /** As `https://10.0.0.1:2379`. */
  readonly url: string;
  /** Asked for each connection. */
  readonly tls: () => SecureClientSessionOptions;
  /** How the server is reached where not directly; what is written may wait for the connection. */
  readonly dial?: ((host: string, port: number) => Duplex) | undefined;
  readonly clock?: Clock;
}

/** What stands before a message: whether it is compressed, and its length in four bytes. */
export const prefixLength = 5;

const ok = 0;
const unknown = 2;
const deadlineExceeded = 4;
const permissionDenied = 7;
const unimplemented = 12;
const internal = 13;
const unavailable = 14;
const unauthenticated = 16;

/** By gRPC's table of what a server says that does not get as far as gRPC. */
const codeOfHttp: Readonly<Record<string, number>> = {
  400: internal,
  401: unauthenticated,
  403: permissionDenied,
  404: unimplemented,
  429: unavailable,
  502: unavailable,
  503: unavailable,
  504: unavailable,
};

/** After a connection that could not be made, before the next one is tried. */
const reconnectMs = 100;
const connectTimeoutMs = 5000;
/** etcd takes offence at more than one in 5 s. */
const pingEveryMs = 10_000;
const pingTimeoutMs = 5000;
/** What may be on its way to here, by one call and by all: little enough that the answer to a ping behind it is in time. */
const streamWindow = 1024 * 1024;
const sessionWindow = 4 * streamWindow;

export class Http2Calls {
  readonly #options: Http2CallsOptions;
  readonly #clock: Clock;
  readonly #authority: string;
  #session: ClientHttp2Session | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #failure = "";
  #running = 0;
  #closed = false;

  constructor(options: Http2CallsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#authority = new URL(options.url).host;
  }

  /**
   * @param frame the first message, behind its prefix
   * @param deadlineMs undefined: none, and more messages may be sent
   */
  start(path: string, frame: Buffer, deadlineMs: number | undefined, handlers: CallHandlers): RunningCall {
    try {
      const stream = this.#connected().request(this.#headers(path, deadlineMs), requestOptions);
      this.#running++;
      const call = new Call(stream, handlers, this.#clock, deadlineMs);
      stream.on("close", () => {
        call.closed();
        this.#running--;
        this.#endIfClosed();
      });
      if (deadlineMs === undefined) stream.write(frame);
      else stream.end(frame);
      return call;
    } catch (error) {
      // As if it had been tried.
      queueMicrotask(() => handlers.onEnd({ code: unavailable, details: (error as Error).message }));
      return { send() {}, cancel() {} };
    }
  }

  /** Those that run may end. */
  close(): void {
    this.#closed = true;
    this.#endIfClosed();
  }

  #endIfClosed(): void {
    if (this.#closed && this.#running === 0) this.#session?.destroy();
  }

  #headers(path: string, deadlineMs: number | undefined): Record<string, string> {
    return {
      ":method": "POST",
      ":path": path,
      ":authority": this.#authority,
      te: "trailers",
      "content-type": "application/grpc",
      "user-agent": "kubets",
      // A member without a leader refuses at once, where it would otherwise let its clients wait.
      hasleader: "true",
      ...(deadlineMs === undefined ? {} : { "grpc-timeout": `${Math.ceil(deadlineMs)}m` }),
    };
  }

  #connected(): ClientHttp2Session {
    const session = this.#session;
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    if (this.#closed) throw new Error("the client is closed");
    if (this.#clock.monotonic() < this.#failedAt + reconnectMs) throw new Error(this.#failure);
    return this.#connect();
  }

  #connect(): ClientHttp2Session {
    const { url, tls, dial } = this.#options;
    const secure = tls();
    const session = connect(url, {
      ...secure,
      ...(dial === undefined ? {} : { createConnection: (to: URL) => through(dial, to, secure) }),
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
      settings: { enablePush: false, initialWindowSize: streamWindow },
    });
    this.#session = session;
    let connected = false;
    const tooLate = () => session.destroy(new Error("the connection was not made in time"));
    let timer: Timer = this.#clock.setTimeout(tooLate, connectTimeoutMs);
    session.on("connect", () => {
      connected = true;
      timer.cancel();
      session.setLocalWindowSize(sessionWindow);
      timer = this.#keepAlive(session);
    });
    session.on("error", (error) => {
      if (connected) return; // Its calls tell.
      this.#failedAt = this.#clock.monotonic();
      this.#failure = error.message;
    });
    session.on("close", () => {
      timer.cancel();
      if (this.#session === session) this.#session = undefined;
    });
    return session;
  }

  /** A server that is gone without a word is found out, as long as anything is asked of it. */
  #keepAlive(session: ClientHttp2Session): Timer {
    const clock = this.#clock;
    let timer: Timer;
    const next = () => {
      timer = clock.setTimeout(check, pingEveryMs, { unref: true });
    };
    const check = () => {
      if (session.destroyed) return;
      if (this.#running === 0) return next();
      timer = clock.setTimeout(() => session.destroy(new Error("the server does not answer")), pingTimeoutMs);
      session.ping(() => {
        timer.cancel();
        if (!session.destroyed) next();
      });
    };
    next();
    return { cancel: () => timer.cancel() };
  }
}

const requestOptions = { endStream: false };

class Call implements RunningCall {
  readonly #stream: ClientHttp2Stream;
  readonly #handlers: CallHandlers;
  readonly #timer: Timer | undefined;
  /** Of messages that are not whole yet: how many bytes there are, and at how many the first one is. */
  #chunks: Buffer[] = [];
  #have = 0;
  #want = prefixLength;
  #status: number | undefined;
  #message = "";
  #error: Error | undefined;
  #received = false;
  #ended = false;

  constructor(stream: ClientHttp2Stream, handlers: CallHandlers, clock: Clock, deadlineMs: number | undefined) {
    this.#stream = stream;
    this.#handlers = handlers;
    if (deadlineMs !== undefined) this.#timer = clock.setTimeout(() => this.#expire(), deadlineMs);
    stream.on("response", (headers) => this.#onHeaders(headers));
    stream.on("trailers", (headers) => {
      this.#onHeaders(headers);
      this.#settle();
    });
    stream.on("data", (chunk: Buffer) => this.#onData(chunk));
    stream.on("end", () => {
      this.#received = true;
      this.#settle();
    });
    stream.on("error", (error) => {
      this.#error = error;
    });
  }

  send(frame: Buffer): void {
    if (!this.#ended) this.#stream.write(frame);
  }

  cancel(): void {
    this.#ended = true;
    this.#stop();
  }

  /** The stream is no more. */
  closed(): void {
    this.#end(this.#failure() ?? (this.#status === ok ? undefined : this.#broken()));
  }

  #broken(): CallFailure {
    const { cause = this.#error } = this.#error ?? {};
    return { code: unavailable, details: (cause as Error | undefined)?.message ?? "the connection was lost" };
  }

  #failure(): CallFailure | undefined {
    if (this.#status === undefined || this.#status === ok) return undefined;
    return { code: this.#status, details: this.#message };
  }

  #expire(): void {
    this.#end({ code: deadlineExceeded, details: "Deadline exceeded" });
    this.#stop();
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#stream.close(cancelCode);
  }

  /** Whole once the status and all that came before it are there. */
  #settle(): void {
    if (this.#status === undefined || !this.#received) return;
    this.#end(this.#failure());
  }

  #end(failure: CallFailure | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#handlers.onEnd(failure);
  }

  #onHeaders(headers: Readonly<Record<string, unknown>>): void {
    const { [":status"]: http, "grpc-status": status, "grpc-message": message } = headers;
    if (typeof status === "string") {
      this.#status = Number(status);
      if (typeof message === "string") this.#message = decoded(message);
    } else if (http !== undefined && http !== 200) {
      this.#status = codeOfHttp[String(http)] ?? unknown;
      this.#message = `HTTP status ${http}`;
    }
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#have += chunk.length;
    // A long message comes in hundreds of pieces.
    if (this.#have < this.#want) return;
    const bytes = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#want = prefixLength;
    while (!this.#ended && bytes.length - at >= prefixLength) {
      const length = prefixLength + bytes.readUInt32BE(at + 1);
      if (bytes.length - at < length) {
        this.#want = length;
        break;
      }
      this.#handlers.onMessage(bytes.subarray(at + prefixLength, at + length));
      at += length;
    }
    this.#have = bytes.length - at;
    this.#chunks = this.#have === 0 ? [] : [bytes.subarray(at)];
  }
}

/** HTTP/2's. */
const cancelCode = 8;

/** Percent-encoded, as gRPC has it. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

function through(
  dial: NonNullable<Http2CallsOptions["dial"]>,
  { protocol, hostname, port }: URL,
  tls: SecureClientSessionOptions,
): Duplex {
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = dial(host, Number(port || (protocol === "https:" ? 443 : 80)));
  if (protocol !== "https:") return socket;
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ ...tls, ...servername, host, socket, ALPNProtocols: ["h2"] });
}
