/** One server that is called again and again: kept-alive HTTP/1.1 connections, bounded answers, a deadline for each call. */

import type { Agent as HttpAgent, IncomingHttpHeaders, IncomingMessage } from "node:http";
import { type Agent, request as httpsRequest, type RequestOptions } from "node:https";
import type { Clock } from "@kubets/apimachinery";
import { httpAgent, httpsAgent } from "../egress/agents.ts";
import type { Dial } from "../egress/egress.ts";
import { type ClientMeter, clientMeter } from "../metrics/client-metrics.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import { request as httpRequest } from "../node-http.ts";
import type { Address } from "../services/backends.ts";
import { unanswered } from "../streaming/forward.ts";
import { activeTraceHeaders, traced } from "../tracing/tracer.ts";
import { answeredStatus, parseAnswer } from "./answer.ts";
import { goErrorText, WebhookCallError } from "./call-error.ts";
import { checkIdentity } from "./server-identity.ts";

export interface TlsTrust {
  /** PEM; the system's authorities when undefined. */
  readonly ca?: string;
  /** PEM: the client certificate and its key. */
  readonly cert?: string;
  readonly key?: string;
  /** The name that the server's certificate must carry; the URL's host when undefined. */
  readonly serverName?: string;
  /** Takes any certificate. */
  readonly insecure?: boolean;
}

export interface CallerOptions {
  /** As the server is named in errors and in the Host header. */
  readonly url: URL;
  readonly tls: TlsTrust;
  readonly clock: Clock;
  /** Sent with every call; asked each time, for tokens are renewed. */
  headers?(): Readonly<Record<string, string>>;
  /** Where to connect to instead of the URL's host; asked for each call. */
  resolve?(): Promise<Address>;
  /** Calls belong to the trace of the request that they are made for, and say so to the server. */
  readonly traced?: boolean;
  /** How the server is reached where not directly. */
  readonly dial?: Dial | undefined;
  /** Default 10 MiB. */
  readonly maxAnswerBytes?: number;
  /** Calls are not counted without. */
  readonly meters?: MetricsRegistry | undefined;
}

export interface CallOptions {
  /** No deadline when undefined. Tells the server, in whole seconds, as client-go does: `?timeout=10s`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

const defaultMaxAnswerBytes = 10 * 1024 * 1024;
/** Go's IdleConnTimeout. */
const idleMs = 90_000;
const maxIdleConnections = 25;

export interface Answered {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

class DeadlineExceeded extends Error {}

export class HttpsCaller {
  readonly #options: CallerOptions;
  readonly #meter: ClientMeter | undefined;
  #agent: Agent | HttpAgent;

  constructor(options: CallerOptions) {
    this.#options = options;
    const { meters, url } = options;
    this.#meter = meters === undefined ? undefined : clientMeter(meters, "POST", hostHeader(url));
    this.#agent = agentFor(options, options.tls);
  }

  /** What is shown and believed from now on; calls under way go on. The name that the server's certificate must carry stays. */
  useTls(tls: TlsTrust): void {
    const before = this.#agent;
    this.#agent = agentFor(this.#options, tls);
    retire(before);
  }

  /**
   * Posts JSON.
   * @returns the answer's JSON
   * @throws WebhookCallError with client-go's words
   */
  async post(body: Uint8Array, options: CallOptions): Promise<unknown> {
    const { code, headers, body: answer } = await this.deliver(body, options);
    return parseAnswer(code, headers, answer);
  }

  /**
   * Posts JSON to a server whose answer need not say anything.
   * @throws WebhookCallError with client-go's words
   */
  deliver(body: Uint8Array, options: CallOptions): Promise<Answered> {
    const call = () => this.#deliver(body, options);
    return this.#options.traced ? traced("HTTP POST", "client", call) : call();
  }

  async #deliver(body: Uint8Array, { timeoutMs, signal }: CallOptions): Promise<Answered> {
    const url = new URL(this.#options.url);
    if (timeoutMs !== undefined) url.searchParams.set("timeout", `${Math.ceil(timeoutMs / 1000)}s`);
    const shown = shownUrl(url, this.#options.url);
    try {
      const answered = await this.#measured(url, body, timeoutMs, signal);
      const { code, headers, body: answer } = answered;
      if (code < 200 || code > 206) {
        const status = answeredStatus(code, headers, answer);
        throw new WebhookCallError(status.message, { status });
      }
      return answered;
    } catch (error) {
      if (error instanceof WebhookCallError) throw error;
      const timedOut = error instanceof DeadlineExceeded;
      const canceled = signal?.aborted === true && !timedOut;
      const why = timedOut ? "context deadline exceeded" : canceled ? "context canceled" : goErrorText(error);
      throw new WebhookCallError(`Post "${shown}": ${why}`, { cause: error, timedOut });
    }
  }

  /** Ends idle connections; calls under way go on. */
  close(): void {
    retire(this.#agent);
  }

  async #measured(url: URL, body: Uint8Array, timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    const { clock } = this.#options;
    const start = clock.monotonic();
    let answered: Answered | undefined;
    try {
      answered = await this.#send(url, body, timeoutMs, signal);
      return answered;
    } finally {
      this.#meter?.sent(body.length);
      this.#meter?.answered(answered?.code, answered?.body.length);
      this.#meter?.took(clock.monotonic() - start);
    }
  }

  async #send(url: URL, body: Uint8Array, timeoutMs: number | undefined, signal: AbortSignal | undefined) {
    const { clock } = this.#options;
    const stop = new AbortController();
    const timer =
      timeoutMs === undefined ? undefined : clock.setTimeout(() => stop.abort(new DeadlineExceeded()), timeoutMs);
    const onAbort = () => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    try {
      stop.signal.throwIfAborted();
      return await this.#exchange(url, body, stop.signal);
    } finally {
      timer?.cancel();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async #exchange(url: URL, body: Uint8Array, signal: AbortSignal): Promise<Answered> {
    const address = await this.#options.resolve?.();
    const options = this.#requestOptions(url, body, address);
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#once(options, body, signal);
      } catch (error) {
        // The server had closed the idle connection that was used: nothing was read, so the next one is tried, as Go does.
        if (!(error instanceof StaleConnection) || signal.aborted || attempt > maxIdleConnections) throw error;
      }
    }
  }

  #requestOptions(url: URL, body: Uint8Array, address: Address | undefined): RequestOptions {
    const { tls, headers } = this.#options;
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const port = url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port);
    const serverName = tls.serverName ?? hostname;
    return {
      method: "POST",
      host: address?.host ?? hostname,
      port: address?.port ?? port,
      path: `${url.pathname}${url.search}`,
      agent: this.#agent,
      ...(url.protocol === "http:" ? {} : { servername: isAddress(serverName) ? "" : serverName }),
      headers: {
        host: hostHeader(this.#options.url),
        "user-agent": "kube-apiserver-admission",
        accept: "application/json, */*",
        "content-type": "application/json",
        "content-length": String(body.length),
        ...headers?.(),
        ...(this.#options.traced ? activeTraceHeaders() : {}),
      },
    };
  }

  #once(options: RequestOptions, body: Uint8Array, signal: AbortSignal): Promise<Answered> {
    return new Promise((resolve, reject) => {
      const make = this.#options.url.protocol === "http:" ? httpRequest : httpsRequest;
      const outgoing = make(options);
      let answered = false;
      const onAbort = () => outgoing.destroy(signal.reason as Error);
      const fail = (error: Error) => {
        signal.removeEventListener("abort", onAbort);
        const stale = !answered && outgoing.reusedSocket && (error as { code?: string }).code === "ECONNRESET";
        reject(signal.aborted ? (signal.reason as Error) : stale ? new StaleConnection(error.message) : error);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      outgoing.on("error", fail);
      outgoing.on("close", () => {
        if (!answered) fail(unanswered());
      });
      outgoing.on("response", (response) => {
        answered = true;
        this.#collect(response).then((found) => {
          signal.removeEventListener("abort", onAbort);
          resolve(found);
        }, fail);
      });
      outgoing.end(body);
    });
  }

  async #collect(response: IncomingMessage): Promise<Answered> {
    const limit = this.#options.maxAnswerBytes ?? defaultMaxAnswerBytes;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > limit) {
        response.destroy();
        throw new Error(`the answer is larger than ${limit} bytes`);
      }
      chunks.push(chunk);
    }
    return { code: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks, size) };
  }
}

function agentFor({ url, dial }: CallerOptions, { ca, cert, key, insecure }: TlsTrust): Agent | HttpAgent {
  const pool = { keepAlive: true, maxFreeSockets: maxIdleConnections, timeout: idleMs };
  if (url.protocol === "http:") return httpAgent(pool, dial);
  const tls = {
    ...pool,
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(insecure ? { rejectUnauthorized: false } : {}),
    minVersion: "TLSv1.2" as const,
    checkServerIdentity: checkIdentity,
    ALPNProtocols: ["http/1.1"],
  };
  return httpsAgent(tls, dial);
}

/** Idle connections are ended now, the others after their calls. */
function retire(agent: Agent | HttpAgent): void {
  agent.maxFreeSockets = 0;
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

class StaleConnection extends Error {}

function isAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) || host.includes(":");
}

/** `new URL` drops a port that is the scheme's own; the Services' URLs always show theirs, as upstream's. */
function shownUrl(url: URL, original: URL): string {
  return url.href.replace(url.host, hostHeader(original));
}

/** With `:443` where the URL was made with it: see {@link withPort}. */
const shownHosts = new WeakMap<URL, string>();

/** Remembers that the URL's port is to be shown even though it is https's own. */
export function withPort(url: URL, port: number): URL {
  shownHosts.set(url, `${url.hostname}:${port}`);
  return url;
}

function hostHeader(url: URL): string {
  return shownHosts.get(url) ?? url.host;
}
