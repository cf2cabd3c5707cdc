/**
 * The transport that speaks to any Kubernetes: HTTP/1.1 with keep-alive over TLS. One connection carries one request or one watch at a time,
 * so a slow watch holds nobody up, and a dead connection costs one watch.
 */

import * as http from "node:http";
import * as https from "node:https";
import {
  type Clock,
  deepFreeze,
  parseJson,
  realClock,
  type Status,
  StatusError,
  writeJson,
} from "@kubets/apimachinery";
import { splitLines } from "./json-lines.ts";
import { queryString } from "./request-builder.ts";
import { Credentials, type ServerConfig } from "./server-config.ts";
import type { ApiRequest, Transport, WatchEvent } from "./transport.ts";

export interface HttpsTransportOptions {
  readonly clock?: Clock;
  /** For an answer to be complete, or a watch to begin. Default 60,000. */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
}

/** A transport with connections of its own, which whoever made it closes. */
export interface HttpsTransport extends Transport {
  /** Closes idle connections; those in use close when their request ends. */
  close(): void;
}

/** How often a safe request is repeated after 429 or 503; client-go's number. */
const maxRetries = 10;
const tcpKeepAliveMs = 30_000;

/** Connects when it is first used; to be closed when it is not needed any more. */
export function createHttpsTransport(config: ServerConfig, options: HttpsTransportOptions = {}): HttpsTransport {
  return new NodeHttpTransport(config, options);
}

class NodeHttpTransport implements HttpsTransport {
  readonly #base: URL;
  readonly #agent: http.Agent;
  readonly #credentials: Credentials;
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #userAgent: string;

  constructor(config: ServerConfig, options: HttpsTransportOptions) {
    this.#base = new URL(config.server);
    const keepAlive = {
      keepAlive: true,
      keepAliveMsecs: tcpKeepAliveMs,
      maxFreeSockets: 16,
      scheduling: "lifo",
    } as const;
    this.#agent =
      this.#base.protocol === "http:"
        ? new http.Agent(keepAlive)
        : new https.Agent({
            ...keepAlive,
            minVersion: "TLSv1.2",
            rejectUnauthorized: !config.insecureSkipTlsVerify,
            ...(config.ca === undefined ? {} : { ca: config.ca }),
            ...(config.cert === undefined ? {} : { cert: config.cert }),
            ...(config.key === undefined ? {} : { key: config.key }),
            ...(config.serverName === undefined ? {} : { servername: config.serverName }),
          });
    this.#clock = options.clock ?? realClock;
    this.#timeoutMs = options.timeoutMs ?? 60_000;
    this.#userAgent = options.userAgent ?? "kubets";
    this.#credentials = new Credentials(config, this.#clock);
  }

  close(): void {
    this.#agent.destroy();
  }

  async request(request: ApiRequest): Promise<unknown> {
    const text = await this.#complete(request, "application/json");
    try {
      return deepFreeze(parseJson(text));
    } catch (error) {
      throw new StatusError(503, "ServiceUnavailable", `${describe(request)}: the answer is not JSON`, {
        cause: error,
      });
    }
  }

  requestText(request: ApiRequest): Promise<string> {
    return this.#complete(request, "*/*");
  }

  async *watch(request: ApiRequest): AsyncGenerator<WatchEvent> {
    const deadline = new Deadline(this.#clock, this.#timeoutMs, request.signal);
    let response: http.IncomingMessage | undefined;
    try {
      response = await this.#send(request, "application/json", deadline.signal);
      if (!isSuccess(response)) throw statusOf(request, response, await textOf(response));
      // Begun: from here on only the caller's signal ends it.
      deadline.disarm();
      for await (const line of splitLines(response)) yield deepFreeze(parseJson(line) as WatchEvent);
    } catch (error) {
      // The server going away is an end like any other once the watch has begun; the reader starts again where it was.
      if (response !== undefined && isSuccess(response) && !(error instanceof SyntaxError)) return;
      throw toStatusError(request, error, deadline);
    } finally {
      deadline.disarm();
      response?.destroy();
    }
  }

  /** Sends until there is an answer that is not worth another attempt, and gives its text. */
  async #complete(request: ApiRequest, accept: string): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const deadline = new Deadline(this.#clock, this.#timeoutMs, request.signal);
      let error: StatusError;
      try {
        const response = await this.#send(request, accept, deadline.signal);
        const text = await textOf(response);
        if (isSuccess(response)) return text;
        error = statusOf(request, response, text);
      } catch (cause) {
        if (attempt === 0 && isSafe(request) && isReset(cause) && !request.signal?.aborted) continue;
        throw toStatusError(request, cause, deadline);
      } finally {
        deadline.disarm();
      }
      const delayMs = this.#retryDelay(request, error, attempt);
      if (delayMs === undefined) throw error;
      await this.#clock.sleep(delayMs, request.signal);
    }
  }

  /** Milliseconds to wait before sending again; undefined when the error is the caller's to have. */
  #retryDelay(request: ApiRequest, error: StatusError, attempt: number): number | undefined {
    if (error.code === 401 && this.#credentials.renewable && attempt === 0) {
      // Nothing was done with the request, so repeating it is safe whatever it was.
      this.#credentials.reset();
      return 0;
    }
    const seconds = error.status.details?.retryAfterSeconds;
    const retryable = error.code === 429 || error.code === 503;
    if (!retryable || seconds === undefined || !isSafe(request) || attempt >= maxRetries) return undefined;
    return seconds * 1000;
  }

  async #send(request: ApiRequest, accept: string, signal: AbortSignal): Promise<http.IncomingMessage> {
    const body = request.body === undefined ? undefined : Buffer.from(writeJson(request.body));
    const headers: Record<string, string | string[]> = {
      Accept: accept,
      "User-Agent": this.#userAgent,
      ...(await this.#credentials.headers()),
    };
    if (body !== undefined) {
      headers["Content-Type"] = request.contentType ?? "application/json";
      headers["Content-Length"] = String(body.length);
    }
    const prefix = this.#base.pathname.replace(/\/$/, "");
    const path = `${prefix}${request.path}${queryString(request.query)}`;
    return await new Promise((resolve, reject) => {
      const send = this.#base.protocol === "http:" ? http.request : https.request;
      const { hostname, port } = this.#base;
      const host = hostname.replace(/^\[(.*)\]$/, "$1");
      const outgoing = send({ host, port, method: request.method, path, headers, agent: this.#agent, signal }, resolve);
      outgoing.on("error", reject);
      // Node says no more of a server that changes the protocol unasked. After an answer this changes nothing.
      outgoing.on("close", () => reject(new Error("the connection ended before there was an answer")));
      outgoing.end(body);
    });
  }
}

/** Aborts when the caller does, or when the time is up and it was not disarmed. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #timer: { cancel(): void };
  timedOut = false;
  readonly signal: AbortSignal;

  constructor(clock: Clock, timeoutMs: number, caller: AbortSignal | undefined) {
    this.signal = caller ? AbortSignal.any([caller, this.#controller.signal]) : this.#controller.signal;
    this.#timer = clock.setTimeout(() => {
      this.timedOut = true;
      this.#controller.abort();
    }, timeoutMs);
  }

  disarm(): void {
    this.#timer.cancel();
  }
}

function isSafe(request: ApiRequest): boolean {
  return request.method === "GET";
}

/** The server closed a kept-alive connection just as the request was written to it. */
function isReset(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ECONNRESET" || code === "EPIPE";
}

function isSuccess(response: http.IncomingMessage): boolean {
  const code = response.statusCode ?? 0;
  return code >= 200 && code < 300;
}

async function textOf(response: http.IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString("utf8");
}

function describe(request: ApiRequest): string {
  return `${request.method} ${request.path}`;
}

/** The Status a failed answer carries, or the one it stands for: proxies and old servers answer in plain text. */
function statusOf(request: ApiRequest, response: http.IncomingMessage, text: string): StatusError {
  const code = response.statusCode ?? 0;
  const retryAfter = Number(response.headers["retry-after"] ?? Number.NaN);
  const parsed = parseStatus(text);
  const details = {
    ...parsed?.details,
    ...(Number.isInteger(retryAfter) ? { retryAfterSeconds: retryAfter } : {}),
  };
  if (parsed) return StatusError.fromStatus({ ...parsed, code: parsed.code || code, details });
  const message = `${describe(request)}: the server answered ${code}${text ? `: ${text.trim().slice(0, 2048)}` : ""}`;
  return new StatusError(code, reasonOf(code), message, { details });
}

function parseStatus(text: string): Status | undefined {
  try {
    const value = JSON.parse(text) as Partial<Status> | null;
    return value?.kind === "Status" ? (value as Status) : undefined;
  } catch {
    return undefined; // Not JSON: the caller makes a Status of the code.
  }
}

function reasonOf(code: number) {
  const reasons = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Gone",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
  } as const;
  return (reasons as Record<number, (typeof reasons)[keyof typeof reasons]>)[code] ?? "Unknown";
}

/** Errors without an answer: the caller's abort is passed on as it is, all else is ServiceUnavailable. */
function toStatusError(request: ApiRequest, error: unknown, deadline: Deadline): unknown {
  if (error instanceof StatusError) return error;
  if (request.signal?.aborted) return request.signal.reason;
  const text = error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error);
  const why = deadline.timedOut ? "no complete answer in time" : text;
  return new StatusError(503, "ServiceUnavailable", `${describe(request)}: ${why}`, { cause: error });
}
