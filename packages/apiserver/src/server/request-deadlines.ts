/**
 * How long a request may take: `--request-timeout`, or less where its URL has a `timeout`; the writing of one object never above 34 seconds. What lasts
 * as long as its client wants has no deadline. Source: apiserver's endpoints/filters/request_deadline.go, server/filters/timeout.go and
 * endpoints/handlers/finisher.
 */

import { badRequest, type Clock, messageOf, parseDuration, StatusError, type Timer } from "@kubets/apimachinery";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import type { ServerRequest } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import type { Exchange } from "./exchange.ts";
import { isLongRunning } from "./in-flight.ts";
import type { ClientConnection } from "./incoming.ts";

/** Upstream's --request-timeout. */
export const defaultRequestTimeoutMs = 60_000;

/** Upstream's requestTimeoutUpperBound. */
const longestWriteMs = 34_000;
const writeVerbs = new Set(["create", "update", "patch", "delete"]);
const readMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * The URL's `timeout` in milliseconds; undefined where it has none.
 * @throws StatusError 400
 */
export function timeoutOf(query: URLSearchParams): number | undefined {
  const text = query.get("timeout");
  if (!text) return undefined;
  try {
    return parseDuration(text);
  } catch (error) {
    throw badRequest(`invalid timeout specified in the request URL - ${messageOf(error)}`);
  }
}

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly requestTimeoutMs: number;
  /** Whether another server answers for what is below a path: the limit for writing is that one's. */
  forwards(path: string): boolean;
  /** Told of each request that took too long. @param info undefined when its URL cannot be read */
  onTimeout?(request: ServerRequest, info: RequestInfo | undefined): void;
}

/** A request under way. */
export interface Deadlined {
  readonly exchange: Exchange;
  readonly connection: ClientConnection;
  readonly request: ServerRequest;
  /** There is an answer, which is on its way. */
  isSending: boolean;
  /** Its own limit. */
  readonly limitMs: number;
  /** On the monotonic clock. */
  readonly since: number;
  queue: ExpiryQueue | undefined;
  timer: Timer | undefined;
}

/** Nearly all requests have the same limit, so they end in the order in which they began: one timer does for all of them. */
export class RequestDeadlines {
  readonly #options: DeadlineOptions;
  readonly #reads: ExpiryQueue;
  readonly #writes: ExpiryQueue;

  constructor(options: DeadlineOptions) {
    this.#options = options;
    const { clock, requestTimeoutMs } = options;
    this.#reads = new ExpiryQueue(clock, requestTimeoutMs, (request) => this.#expired(request, requestTimeoutMs));
    const writeMs = Math.min(requestTimeoutMs, longestWriteMs);
    this.#writes = new ExpiryQueue(clock, writeMs, (request) => this.#expired(request, writeMs));
  }

  /** @returns what {@link end} takes */
  begin(exchange: Exchange, connection: ClientConnection, request: ServerRequest): Deadlined {
    const { clock, requestTimeoutMs } = this.#options;
    const { url = "" } = request;
    const limitMs = url.includes("timeout=") ? this.#limitOf(request.query) : requestTimeoutMs;
    const since = clock.monotonic();
    const isSending = false;
    const deadlined = { exchange, connection, request, isSending, limitMs, since, queue: undefined, timer: undefined };
    const reads = readMethods.has(request.method);
    if (limitMs === requestTimeoutMs) (reads ? this.#reads : this.#writes).add(deadlined);
    else this.#time(deadlined, reads ? limitMs : Math.min(limitMs, longestWriteMs));
    return deadlined;
  }

  /** It is answered. */
  end(deadlined: Deadlined): void {
    deadlined.queue?.delete(deadlined);
    deadlined.timer?.cancel();
  }

  #limitOf(query: URLSearchParams): number {
    const { requestTimeoutMs } = this.#options;
    try {
      const asked = timeoutOf(query) ?? 0;
      return asked > 0 && asked < requestTimeoutMs ? asked : requestTimeoutMs;
    } catch {
      return requestTimeoutMs; // It is refused for that.
    }
  }

  #time(deadlined: Deadlined, ms: number): void {
    const left = deadlined.since + ms - this.#options.clock.monotonic();
    deadlined.timer = this.#options.clock.setTimeout(() => this.#expired(deadlined, ms), left, { unref: true });
  }

  #expired(deadlined: Deadlined, ms: number): void {
    const { exchange, connection, request, limitMs, isSending } = deadlined;
    // Of the answer to a HEAD, Node has ended the body before it has begun.
    if (exchange.destroyed || (exchange.ended && exchange.headersSent)) return;
    const info = infoOf(request);
    if (info !== undefined && isLongRunning(info)) return;
    const isWrite =
      info?.isResourceRequest === true && writeVerbs.has(info.verb) && !this.#options.forwards(request.path);
    if (!isWrite && ms < limitMs) return this.#time(deadlined, limitMs);
    if (isSending || exchange.headersSent) exchange.destroy();
    else answerTimeout(exchange, request, isWrite);
    this.#options.onTimeout?.(request, info);
    connection.abort(deadlineExceeded);
  }
}

/** Who is left ends in turn. Deleting and adding cost next to nothing, and nothing ticks while it is empty. */
class ExpiryQueue {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #expire: (deadlined: Deadlined) => void;
  readonly #waiting = new Set<Deadlined>();
  #armed = false;

  constructor(clock: Clock, ms: number, expire: (deadlined: Deadlined) => void) {
    this.#clock = clock;
    this.#ms = ms;
    this.#expire = expire;
  }

  add(deadlined: Deadlined): void {
    deadlined.queue = this;
    this.#waiting.add(deadlined);
    if (!this.#armed) this.#arm(this.#ms);
  }

  delete(deadlined: Deadlined): void {
    this.#waiting.delete(deadlined);
  }

  #arm(ms: number): void {
    this.#armed = true;
    this.#clock.setTimeout(() => this.#sweep(), ms, { unref: true });
  }

  #sweep(): void {
    this.#armed = false;
    const now = this.#clock.monotonic();
    for (const deadlined of this.#waiting) {
      const left = deadlined.since + this.#ms - now;
      // Timers may be a millisecond early.
      if (left > 1) return this.#arm(left);
      this.#waiting.delete(deadlined);
      this.#expire(deadlined);
    }
  }
}

const deadlineExceeded = new StatusError(504, "Timeout", "Timeout: context deadline exceeded", { details: {} });

/** Undefined for a URL that cannot be read. */
export function infoOf({
  method,
  path,
  query,
}: Pick<ServerRequest, "method" | "path" | "query">): RequestInfo | undefined {
  try {
    return parseRequestInfo(method, path, query);
  } catch {
    return undefined; // A path that cannot be read has been refused, or will be.
  }
}

/** Whoever writes is told by the handler, in a Status; all others by the filter around everything, which knows no kinds nor forms. */
function answerTimeout(exchange: Exchange, { auditId }: ServerRequest, isWrite: boolean): void {
  const how = isWrite
    ? "request did not complete within requested timeout - context deadline exceeded"
    : "request did not complete within the allotted timeout";
  const { status } = new StatusError(504, "Timeout", `Timeout: ${how}`, { details: {} });
  const { kind: _kind, apiVersion: _apiVersion, ...bare } = status;
  const body = Buffer.from(`${JSON.stringify(isWrite ? status : bare)}\n`);
  const headers: Record<string, string | number> = {
    "cache-control": "no-cache, private",
    ...(auditId === undefined ? {} : { "audit-id": auditId }),
    "content-type": isWrite ? "application/json" : "text/plain; charset=utf-8",
    "content-length": body.length,
  };
  if (exchange.hasBody) exchange.closing(headers);
  exchange.respond(504, headers);
  if (!exchange.ended) exchange.end(body);
}
