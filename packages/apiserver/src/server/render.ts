/** An {@link Answer} as an HTTP response: bytes that exist already, joined. */

import type { ResourceDefinition } from "@kubets/api";
import { apiVersionOf, type Clock, type KubeObject, type ListMeta, parseJson, writeJson } from "@kubets/apimachinery";
import type { ServedObject } from "../registry/served-object.ts";
import { partialBytes } from "../registry/served-object.ts";
import type { OutputFormat } from "../request/negotiate.ts";
import type { Answer } from "../request/request.ts";
import { type IncludeObject, tableBytes } from "../table/table.ts";
import { WatchEncoder } from "../watch/encode.ts";
import type { WatchSink } from "../watch/watch-request.ts";
import { type ListBytes, listBytes } from "./list-bytes.ts";
import { limitWarnings } from "./warnings.ts";

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body:
    | { readonly type: "bytes"; readonly bytes: Uint8Array }
    | { readonly type: "list"; readonly list: ListBytes }
    | { readonly type: "stream"; readonly stream: AsyncIterable<Uint8Array> }
    /** Writes come synchronously, from the store's commit on; `end` once. */
    | { readonly type: "push"; start(sink: ByteSink, signal: AbortSignal): void }
    /** The connection was taken over. */
    | { readonly type: "none" };
  /** Called once the answer is sent, or the other end is gone. */
  readonly onSent?: () => void;
}

export interface ByteSink {
  write(bytes: Uint8Array): void;
  /** Undefined when more can be written at once; otherwise resolves when it can, or the other end is gone. */
  drained?(): Promise<void> | undefined;
  end(): void;
}

export interface RenderOptions {
  readonly format: OutputFormat;
  readonly include: IncludeObject;
  readonly clock: Clock;
  /** See {@link ServerRequest.auditId}. */
  readonly auditId?: string | undefined;
}

/** What every answer has, before its content type. */
export function responseHeaders(answer: Answer, auditId?: string): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> =
    auditId === undefined
      ? { "cache-control": "no-cache, private", ...answer.headers }
      : { "audit-id": auditId, "cache-control": "no-cache, private", ...answer.headers };
  if (answer.warnings !== undefined) headers["warning"] = limitWarnings(answer.warnings).map(warningHeader);
  return headers;
}

export async function render(answer: Answer, options: RenderOptions): Promise<HttpResponse> {
  const { content, status } = answer;
  const headers = responseHeaders(answer, options.auditId);
  if (content.type === "hijacked") return { status, headers, body: { type: "none" } };
  if (content.type === "bytes") {
    headers["content-type"] = content.contentType;
    return { status, headers, body: content };
  }
  if (content.type === "stream") {
    headers["content-type"] = content.contentType;
    return { status, headers, body: content };
  }
  if (content.type === "watch") {
    headers["content-type"] = "application/json";
    const encoder = new WatchEncoder(content.definition, options);
    const start = (sink: ByteSink, signal: AbortSignal) => content.watch.start(encodingSink(encoder, sink), signal);
    return { status, headers, body: { type: "push", start } };
  }
  if (content.type === "list" && options.format.as === "object" && isPlain(options.format)) {
    headers["content-type"] = "application/json";
    const list = listBytes(content.definition, content.items, content.metadata);
    return { status, headers, body: { type: "list", list } };
  }
  const json = jsonOf(answer, options);
  if (options.format.type === "yaml") {
    const { stringify } = await import("yaml");
    headers["content-type"] = "application/yaml";
    const text = stringify(parseJson(Buffer.from(json).toString()), { aliasDuplicateObjects: false });
    return { status, headers, body: { type: "bytes", bytes: Buffer.from(text) } };
  }
  headers["content-type"] = "application/json";
  return { status, headers, body: { type: "bytes", bytes: options.format.pretty ? prettied(json) : json } };
}

function encodingSink(encoder: WatchEncoder, sink: ByteSink): WatchSink {
  return {
    deliver: (deliveries) => sink.write(encoder.encodeAll(deliveries)),
    drained: () => sink.drained?.(),
    end: () => sink.end(),
  };
}

function prettied(json: Uint8Array): Uint8Array {
  return Buffer.from(`${writeJson(parseJson(Buffer.from(json).toString()), 2)}\n`);
}

/** `299 - "text"`, RFC 7234. */
function warningHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must go.
  const printable = text.replace(/[\u0000-\u001f\u007f]/g, " ").replace(/[\\"]/g, "\\$&");
  return `299 - "${printable.replace(/[^\x20-\x7e]/g, "?").slice(0, 4096)}"`;
}

function jsonOf({ content }: Answer, options: RenderOptions): Uint8Array {
  const { format, include } = options;
  if (content.type === "value") return Buffer.from(writeJson(content.value));
  if (content.type === "object") {
    const { served, definition } = content;
    if (format.as === "table") {
      const { resourceVersion } = served.object.metadata ?? {};
      return table(definition, [served], resourceVersion === undefined ? {} : { resourceVersion }, include, options);
    }
    return format.as === "partial" ? partialBytes(served, format.version) : served.bytes;
  }
  if (content.type !== "list") throw new Error(`a ${content.type} has no JSON`);
  const { items, definition, metadata } = content;
  if (format.as === "table") return table(definition, items, metadata, include, options);
  if (format.as === "partial") return partialListBytes(items, metadata, format.version);
  return Buffer.concat(listBytes(definition, items, metadata).chunks);
}

/** Goes out as it is kept. */
function isPlain({ type, pretty }: OutputFormat): boolean {
  return type === "json" && !pretty;
}

function table(
  definition: ResourceDefinition,
  items: readonly ServedObject[],
  metadata: ListMeta,
  include: IncludeObject,
  { format, clock }: RenderOptions,
): Uint8Array {
  return tableBytes(definition, items, metadata, {
    version: format.version,
    include,
    noHeaders: false,
    now: clock.now(),
  });
}

const next = Buffer.from(",");
const close = Buffer.from("]}");

function partialListBytes(items: readonly ServedObject[], metadata: ListMeta, version: string): Uint8Array {
  const head = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata };
  const chunks: Uint8Array[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  for (const [index, served] of items.entries()) {
    if (index > 0) chunks.push(next);
    chunks.push(partialBytes(served, version));
  }
  chunks.push(close);
  return Buffer.concat(chunks);
}

/** A list as the in-process transport gives it: the shared objects, nothing serialized. */
export function listValue(
  definition: ResourceDefinition,
  items: readonly ServedObject[],
  metadata: ListMeta,
): KubeObject {
  const list = {
    kind: definition.listKind,
    apiVersion: apiVersionOf(definition),
    metadata: Object.freeze(metadata),
    items: Object.freeze(items.map((served) => served.object)),
  };
  return Object.freeze(list) as unknown as KubeObject;
}
