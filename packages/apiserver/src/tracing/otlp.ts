/** Spans as OpenTelemetry's collectors take them: ExportTraceServiceRequest in protobuf. Source: opentelemetry-proto's trace/v1/trace.proto. */

import { pushAll } from "@kubets/apimachinery";
import { bytesField, numberField } from "../encryption/kms/wire.ts";
import type { AttributeValue, Span, SpanContext, SpanKind } from "./span.ts";

const kinds: Readonly<Record<SpanKind, number>> = { internal: 1, server: 2, client: 3 };
const failed = 2;
/** Of protobuf. */
const fixed64 = 1;
const scopeName = "kubets";

type Bytes = readonly Uint8Array[];

/** @param resource says who makes the spans */
export function exportRequest(spans: readonly Span[], resource: Readonly<Record<string, string>>): Buffer {
  const scope = message(1, bytesField(1, scopeName));
  const scopeSpans = message(2, [...scope, ...spans.flatMap((span) => message(2, spanBytes(span)))]);
  const about = message(1, attributes(1, Object.entries(resource)));
  return Buffer.concat(message(1, [...about, ...scopeSpans]));
}

function spanBytes(span: Span): Bytes {
  const fields: Uint8Array[] = [
    ...hex(1, span.traceId),
    ...hex(2, span.spanId),
    ...bytesField(3, span.state),
    ...hex(4, span.parentId),
    ...bytesField(5, span.name),
    ...numberField(6, kinds[span.kind]),
    ...nanoseconds(7, span.startMs),
    ...nanoseconds(8, span.endMs),
  ];
  pushAll(fields, attributes(9, span.attributes));
  if (span.link !== undefined) pushAll(fields, message(13, linkBytes(span.link)));
  if (span.failure !== undefined)
    pushAll(fields, message(15, [...bytesField(2, span.failure), ...numberField(3, failed)]));
  return fields;
}

function linkBytes({ traceId, spanId, state }: SpanContext): Bytes {
  return [...hex(1, traceId), ...hex(2, spanId), ...bytesField(3, state)];
}

function attributes(field: number, entries: Iterable<readonly [string, AttributeValue]>): Bytes {
  return [...entries].flatMap(([key, value]) =>
    message(field, [...bytesField(1, key), ...message(2, anyValue(value))]),
  );
}

/** A number that is not negative. */
function anyValue(value: AttributeValue): Bytes {
  if (typeof value === "string") return bytesField(1, value);
  return typeof value === "boolean" ? numberField(2, value ? 1 : 0) : numberField(3, value);
}

function message(field: number, parts: Bytes): Bytes {
  return bytesField(field, Buffer.concat(parts));
}

function hex(field: number, value: string): Bytes {
  return bytesField(field, Buffer.from(value, "hex"));
}

function nanoseconds(field: number, ms: number): Bytes {
  const bytes = Buffer.alloc(9);
  bytes[0] = (field << 3) | fixed64;
  bytes.writeBigUInt64LE(BigInt(Math.round(ms * 1000)) * 1000n, 1);
  return [bytes];
}
