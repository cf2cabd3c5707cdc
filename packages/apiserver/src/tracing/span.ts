/** One operation of a trace, and how it is named to others. Source: the W3C's Trace Context. */

export type SpanKind = "internal" | "server" | "client";
export type AttributeValue = string | number | boolean;

/** What is told to others of a span. */
export interface SpanContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  readonly sampled: boolean;
  /** Other systems' own, passed on. */
  readonly state: string;
}

export interface Span extends SpanContext {
  readonly name: string;
  readonly kind: SpanKind;
  readonly parentId: string;
  /** Another trace that this one came of. */
  readonly link: SpanContext | undefined;
  /** Milliseconds since the epoch. */
  readonly startMs: number;
  /** The same; 0 while it goes on. */
  endMs: number;
  readonly attributes: Map<string, AttributeValue>;
  /** What went wrong; undefined when nothing did. */
  failure: string | undefined;
}

const pattern = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** @returns undefined for what is no context */
export function parseTraceparent(value: string | undefined, state = ""): SpanContext | undefined {
  const match = pattern.exec(value?.trim() ?? "");
  if (match === null) return undefined;
  const [, version = "", traceId = "", spanId = "", flags = "", more] = match;
  if (version === "ff" || (version === "00" && more !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, state };
}

/** What a request to another server carries. */
export function traceHeaders({ traceId, spanId, sampled, state }: SpanContext): Record<string, string> {
  const traceparent = `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`;
  return state === "" ? { traceparent } : { traceparent, tracestate: state };
}
