/**
 * The in-process transport: enters the chain after authentication, with a named identity. Bodies go in by reference, frozen objects
 * come out. Structurally @kubets/client's Transport, which this package may not import.
 */

import {
  badRequest,
  type Clock,
  deepFreeze,
  type KubeObject,
  parseJson,
  type Status,
  StatusError,
  type StatusReason,
  writeJson,
} from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { ClientMeter } from "../metrics/client-metrics.ts";
import type { Answer, Content, RequestBody, ServerRequest } from "../request/request.ts";
import type { Delivery } from "../watch/event.ts";
import { eventObject } from "../watch/watch-request.ts";
import type { Chain } from "./chain.ts";
import { listValue } from "./render.ts";

/** Structurally `@kubets/client`'s ApiRequest. */
export interface InProcessRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly contentType?: string;
  readonly signal?: AbortSignal;
}

/** Structurally `@kubets/client`'s WatchEvent. */
export type InProcessWatchEvent =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: KubeObject }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: Status };

/** Structurally `@kubets/client`'s Transport. */
export interface InProcessTransport {
  request(request: InProcessRequest): Promise<unknown>;
  requestText(request: InProcessRequest): Promise<string>;
  watch(request: InProcessRequest): AsyncIterable<InProcessWatchEvent>;
}

/** A consumer that falls this many events behind is cut off, and lists again. */
const maxQueuedEvents = 100_000;

/** How requests are counted, by their method. */
export interface InProcessMeters {
  readonly meterOf: (method: string) => ClientMeter;
  readonly clock: Clock;
}

/** @param stopped aborts when the server stops: watches end then */
export function inProcessTransport(
  chain: Pick<Chain, "process">,
  user: UserInfo,
  userAgent: string,
  stopped: AbortSignal,
  { meterOf, clock }: InProcessMeters,
): InProcessTransport {
  const send = async (request: InProcessRequest): Promise<Answer> => {
    request.signal?.throwIfAborted();
    const start = clock.monotonic();
    const { answer } = await chain.process(serverRequest(request, user, userAgent, stopped));
    const meter = meterOf(request.method);
    meter.answered(answer.status);
    if (answer.content.type !== "watch") meter.took(clock.monotonic() - start);
    request.signal?.throwIfAborted();
    if (answer.status >= 400) throw failure(answer);
    return answer;
  };
  return {
    request: async (request) => await contentValue((await send(request)).content),
    requestText: async (request) => await textOf((await send(request)).content),
    watch: (request) => ({
      [Symbol.asyncIterator]: () => new WatchIterator(() => send(request), request.signal, stopped),
    }),
  };
}

function serverRequest(
  request: InProcessRequest,
  user: UserInfo,
  userAgent: string,
  stopped: AbortSignal,
): ServerRequest {
  const body: RequestBody = request.body === undefined ? { type: "none" } : { type: "value", value: request.body };
  return {
    method: request.method,
    path: request.path,
    query: new URLSearchParams(request.query),
    headers: {
      "user-agent": userAgent,
      ...(request.body === undefined ? {} : { "content-type": request.contentType ?? "application/json" }),
    },
    body,
    user,
    signal: request.signal ?? stopped,
  };
}

function failure({ status, content }: Answer): StatusError {
  if (content.type === "value" && (content.value as Partial<Status>).kind === "Status") {
    return StatusError.fromStatus(content.value as Status);
  }
  const notFound = status === 404;
  const reason: StatusReason = notFound ? "NotFound" : "Unknown";
  const message = notFound ? "the server could not find the requested resource" : bodyText(content);
  return new StatusError(status, reason, message, { details: {} });
}

function bodyText(content: Content): string {
  return content.type === "bytes" ? Buffer.from(content.bytes).toString() : "unknown";
}

async function contentValue(content: Content): Promise<unknown> {
  switch (content.type) {
    case "object":
      return content.served.object;
    case "list":
      return listValue(content.definition, content.items, content.metadata);
    case "value":
      return deepFreeze(content.value);
    case "bytes":
    case "stream":
      return parseJson(await textOf(content));
    case "watch":
    case "hijacked":
      throw badRequest(`this answer is a ${content.type}: it has no value`);
  }
}

async function textOf(content: Content): Promise<string> {
  if (content.type === "bytes") return Buffer.from(content.bytes).toString();
  if (content.type !== "stream") return writeJson(await contentValue(content));
  const chunks: Uint8Array[] = [];
  for await (const chunk of content.stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

interface Waiter {
  resolve(result: IteratorResult<InProcessWatchEvent>): void;
}

/** Events wait in a queue until they are asked for. */
class WatchIterator implements AsyncIterator<InProcessWatchEvent> {
  readonly #open: () => Promise<Answer>;
  readonly #own = new AbortController();
  readonly #signals: readonly AbortSignal[];
  #queue: InProcessWatchEvent[] = [];
  #head = 0;
  #waiter: Waiter | undefined;
  #opened: Promise<void> | undefined;
  #ended = false;

  constructor(open: () => Promise<Answer>, signal: AbortSignal | undefined, stopped: AbortSignal) {
    this.#open = open;
    this.#signals = signal === undefined ? [stopped] : [signal, stopped];
    for (const each of this.#signals) each.addEventListener("abort", this.#stop, { once: true });
  }

  readonly #stop = () => this.#end();

  async next(): Promise<IteratorResult<InProcessWatchEvent>> {
    this.#opened ??= this.#start();
    await this.#opened;
    if (this.#head < this.#queue.length) return { done: false, value: this.#take() };
    if (this.#ended) return { done: true, value: undefined };
    return await new Promise((resolve) => {
      this.#waiter = { resolve };
    });
  }

  async return(): Promise<IteratorResult<InProcessWatchEvent>> {
    this.#queue = [];
    this.#head = 0;
    this.#end();
    return { done: true, value: undefined };
  }

  #take(): InProcessWatchEvent {
    const event = this.#queue[this.#head++]!;
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return event;
  }

  async #start(): Promise<void> {
    if (this.#signals.some((signal) => signal.aborted)) return this.#end();
    try {
      const { content } = await this.#open();
      // Another server's watch, passed on.
      if (content.type === "stream") return void this.#follow(content.stream);
      if (content.type !== "watch") throw badRequest("this request is not a watch");
      const sink = {
        deliver: (deliveries: readonly Delivery[]) => {
          for (const delivery of deliveries) this.#deliver(delivery);
        },
        end: () => this.#end(),
      };
      if (!this.#ended) content.watch.start(sink, this.#own.signal);
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  async #follow(stream: AsyncIterable<Uint8Array>): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    const stop = () => (stream as { destroy?(): void }).destroy?.();
    this.#own.signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const chunk of stream) {
        if (this.#ended) break;
        const lines = `${text}${decoder.decode(chunk, { stream: true })}`.split("\n");
        text = lines.pop() ?? "";
        for (const line of lines) if (line !== "") this.#push(deepFreeze(parseJson(line)) as InProcessWatchEvent);
      }
    } catch {
      // The other server went away: the watch ends, and whoever wants it watches again.
    }
    this.#end();
  }

  #deliver(delivery: Delivery): void {
    this.#push({ type: delivery.type, object: eventObject(delivery) } as InProcessWatchEvent);
  }

  #push(event: InProcessWatchEvent): void {
    if (this.#ended) return;
    if (this.#waiter !== undefined) {
      const { resolve } = this.#waiter;
      this.#waiter = undefined;
      return resolve({ done: false, value: event });
    }
    if (this.#queue.length - this.#head >= maxQueuedEvents) return this.#end();
    this.#queue.push(event);
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#stop);
    this.#own.abort();
    this.#waiter?.resolve({ done: true, value: undefined });
    this.#waiter = undefined;
  }
}
