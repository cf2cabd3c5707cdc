/**
 * Traces of requests: which are sampled, what their spans say, and that they get to the collector in batches. A request that came with a sampled
 * `traceparent` is traced as part of that trace, if it is of those who are trusted to say so; of others a share begins a trace.
 * Sources: apiserver's pkg/endpoints/filters/traces.go, component-base's tracing, OpenTelemetry's batch span processor.
 */

import { AsyncLocalStorage } from "node:async_hooks";
import { type Clock, type Logger, messageOf, type Random, StatusError } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import type { Answer, ServerRequest } from "../request/request.ts";
import { header } from "../request/request.ts";
import type { RequestInfo } from "../request/request-info.ts";
import { exportRequest } from "./otlp.ts";
import {
  type AttributeValue,
  parseTraceparent,
  type Span,
  type SpanContext,
  type SpanKind,
  traceHeaders,
} from "./span.ts";

export interface TracerOptions {
  /** Of a million requests that belong to no trace, how many begin one. */
  readonly samplingRatePerMillion: number;
  /** Who makes the spans: `service.name` and the like. */
  readonly resource: Readonly<Record<string, string>>;
  /** Sends an ExportTraceServiceRequest. @throws Error */
  readonly send: (request: Buffer) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** OpenTelemetry's own defaults. */
const maxWaiting = 2048;
const maxBatch = 512;
const batchEveryMs = 5000;

/** Of those who may say that a request belongs to a trace of theirs. */
const trustedGroups = ["system:masters", "system:monitoring"];

const verbNames: Readonly<Record<string, string>> = {
  ...{ create: "Create", update: "Update", patch: "Patch", delete: "Delete", deletecollection: "Delete" },
  ...{ get: "Get", list: "List", watch: "List" },
};

/** What goes on now; nothing is kept there until a tracer is made. */
const active = new AsyncLocalStorage<{ readonly tracer: Tracer; readonly span: Span }>();

export class Tracer {
  readonly #options: TracerOptions;
  #waiting: Span[] = [];
  #dropped = 0;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** Answers a request, of whom it is known who asks. */
  async request(
    request: ServerRequest,
    info: RequestInfo,
    user: UserInfo,
    answer: () => Promise<Answer>,
  ): Promise<Answer> {
    const span = this.#begin(nameOf(request, info), "server", this.#origin(request, user));
    const { attributes } = span;
    attributes.set("http.request.method", request.method);
    attributes.set("http.target", request.url ?? request.path);
    if (request.auditId !== undefined) attributes.set("audit-id", request.auditId);
    const agent = header(request, "user-agent");
    if (agent !== undefined) attributes.set("user_agent.original", agent);
    return await this.#run(span, async () => {
      try {
        const answered = await this.#verb(info, answer);
        tellStatus(span, answered.status);
        return answered;
      } catch (error) {
        tellStatus(span, error instanceof StatusError ? (error.status.code ?? 500) : 500);
        throw error;
      }
    });
  }

  /** Sends what has ended, every five seconds, until `signal` aborts; then the rest. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      // Rejects when the signal comes first.
      await clock.sleep(batchEveryMs, signal).catch(() => {});
      await this.#flush();
    }
  }

  /** Does `work` as part of what goes on. @param parent what it belongs to */
  async within<T>(parent: Span, name: string, kind: SpanKind, work: (span: Span) => Promise<T>): Promise<T> {
    const span = this.#begin(name, kind, { parent, link: undefined });
    return await this.#run(span, async () => {
      try {
        return await work(span);
      } catch (error) {
        span.failure = messageOf(error);
        throw error;
      }
    });
  }

  #verb(info: RequestInfo, answer: () => Promise<Answer>): Promise<Answer> {
    const name = info.isResourceRequest ? verbNames[info.verb] : undefined;
    const parent = active.getStore()?.span;
    return name === undefined || parent === undefined ? answer() : this.within(parent, name, "internal", answer);
  }

  async #run<T>(span: Span, work: () => Promise<T>): Promise<T> {
    try {
      return await active.run({ tracer: this, span }, work);
    } finally {
      span.endMs = this.#options.clock.now();
      if (span.sampled) this.#ended(span);
    }
  }

  /** A caller in this process begins anew: what it does may follow from a request, and go on long after it. */
  #origin(request: ServerRequest, user: UserInfo): { parent: SpanContext | undefined; link: SpanContext | undefined } {
    if (request.user !== undefined) return { parent: undefined, link: undefined };
    const said = parseTraceparent(header(request, "traceparent"), header(request, "tracestate") ?? "");
    const trusted = user.groups?.some((group) => trustedGroups.includes(group)) ?? false;
    return trusted ? { parent: said, link: undefined } : { parent: undefined, link: said };
  }

  #begin(
    name: string,
    kind: SpanKind,
    { parent, link }: { parent: SpanContext | undefined; link: SpanContext | undefined },
  ): Span {
    const traceId = parent?.traceId ?? this.#digits(4);
    const sampled = parent?.sampled ?? this.#isSampled(traceId);
    const startMs = this.#options.clock.now();
    return {
      ...{ traceId, spanId: this.#digits(2), sampled, state: parent?.state ?? "" },
      ...{ name, kind, parentId: parent?.spanId ?? "", link, startMs, endMs: 0 },
      ...{ attributes: new Map<string, AttributeValue>(), failure: undefined },
    };
  }

  /** By the trace's own digits, so that all who see it decide alike. */
  #isSampled(traceId: string): boolean {
    const rate = this.#options.samplingRatePerMillion;
    if (rate <= 0) return false;
    return rate >= 1_000_000 || Number.parseInt(traceId.slice(16, 28), 16) / 2 ** 48 < rate / 1_000_000;
  }

  /** @param words of eight hexadecimal digits each; never all of them 0 */
  #digits(words: number): string {
    const { random } = this.#options;
    const all = Array.from({ length: words }, () =>
      Math.floor(random.next() * 2 ** 32)
        .toString(16)
        .padStart(8, "0"),
    );
    return all.join("").replace(/^0+$/, (zeros) => `${zeros.slice(1)}1`);
  }

  #ended(span: Span): void {
    if (this.#waiting.length >= maxWaiting) this.#dropped++;
    else this.#waiting.push(span);
  }

  async #flush(): Promise<void> {
    const { send, resource, logger } = this.#options;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, maxBatch);
      this.#waiting = this.#waiting.slice(maxBatch);
      try {
        await send(exportRequest(batch, resource));
      } catch (error) {
        logger.warn("Traces could not be exported", { spans: batch.length, err: messageOf(error) });
        return;
      }
    }
    if (this.#dropped > 0) logger.warn("Traces were dropped: too many wait to be exported", { spans: this.#dropped });
    this.#dropped = 0;
  }
}

/** Does `work` as a span of the trace that goes on; just does it where none does. */
export function traced<T>(name: string, kind: SpanKind, work: (span: Span | undefined) => Promise<T>): Promise<T> {
  const now = goingOn();
  return now === undefined ? work(undefined) : now.tracer.within(now.span, name, kind, work);
}

/** What a request to another server carries, for it to go on with the trace. */
export function activeTraceHeaders(): Readonly<Record<string, string>> {
  const now = goingOn();
  return now === undefined ? {} : traceHeaders(now.span);
}

/** What a request has begun may go on when it is answered: that is no part of it. */
function goingOn() {
  const now = active.getStore();
  return now === undefined || now.span.endMs !== 0 ? undefined : now;
}

function tellStatus(span: Span, status: number): void {
  span.attributes.set("http.response.status_code", status);
  if (status >= 500) span.failure = "";
}

/** Source: getSpanNameFromRequestInfo. */
function nameOf({ method }: ServerRequest, info: RequestInfo): string {
  if (!info.isResourceRequest) return method;
  const group = info.apiGroup === "" ? "" : `/${info.apiGroup}`;
  const namespace = info.namespace === "" ? "" : "/namespaces/{:namespace}";
  const rest = `${info.name === "" ? "" : "/{:name}"}${info.subresource === "" ? "" : `/${info.subresource}`}`;
  return `${method} /${info.apiPrefix}${group}/${info.apiVersion}${namespace}/${info.resource}${rest}`;
}
