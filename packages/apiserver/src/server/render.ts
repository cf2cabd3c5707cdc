/** An {@link Answer} as an HTTP response: bytes that exist already, joined; or what is made of them, a slice at a time when that takes long. */

import type { ResourceDefinition } from "@kubets/api";
import {
  apiVersionOf,
  type Clock,
  type KubeObject,
  type ListMeta,
  parseJson,
  StatusError,
  writeJson,
  writeYaml,
} from "@kubets/apimachinery";
import type { ServedObject } from "../registry/served-object.ts";
import { partialBytes } from "../registry/served-object.ts";
import { isCustom } from "../request/decode-object.ts";
import { notAcceptable, type OutputFormat } from "../request/negotiate.ts";
import type { Answer, Content } from "../request/request.ts";
import { type IncludeObject, tableForm } from "../table/table.ts";
import { WatchEncoder } from "../watch/encode.ts";
import type { WatchSink } from "../watch/watch-request.ts";
import { type ListBytes, listBytes, listMetaOf, typeMetaOf, withoutTypeMeta } from "./list-bytes.ts";
import { inSlices, joined, jsonPieces, type ListForm, prettyPieces, yamlPieces } from "./list-forms.ts";
import { limitWarnings } from "./warnings.ts";

/** An answer in the form it is sent in. */
export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body:
    | { readonly type: "bytes"; readonly bytes: Uint8Array }
    | { readonly type: "list"; readonly list: ListBytes }
    | { readonly type: "stream"; readonly stream: AsyncIterable<Uint8Array> }
    /** Made as it is read. */
    | { readonly type: "slices"; readonly slices: AsyncIterable<Uint8Array> }
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
  const { format } = options;
  headers["content-type"] = `application/${format.type}`;
  const list = listForm(content, options);
  if (list === undefined) return { status, headers, body: { type: "bytes", bytes: written(content, options) } };
  const pieces = format.type === "yaml" ? yamlPieces(list) : format.pretty ? prettyPieces(list) : jsonPieces(list);
  const isLong = content.type === "list" && takesLong(content.items);
  return { status, headers, body: isLong ? { type: "slices", slices: inSlices(pieces) } : bytesBody(joined(pieces)) };
}

/** What is at most as long as one object. */
function written(content: Content, { format }: RenderOptions): Uint8Array {
  const json = jsonOf(content, format);
  if (format.type === "json" && !format.pretty) return json;
  const value = parseJson(Buffer.from(json.buffer, json.byteOffset, json.length).toString());
  return Buffer.from(format.type === "yaml" ? writeYaml(value) : `${writeJson(value, 2)}\n`);
}

/** A list is not given as an object, nor the other way round. @throws StatusError 406, or 500 as upstream */
export function requireForm(content: Content, { as, ofList = false }: OutputFormat): void {
  if (as !== "partial" || (content.type !== "object" && content.type !== "list")) return;
  if (ofList === (content.type === "list")) return;
  const { definition } = content;
  if (!ofList) {
    const type = goType(definition, definition.listKind);
    throw notAcceptable(`you requested PartialObjectMetadata, but the requested object is a list (${type})`);
  }
  if (isCustom(definition)) throw new StatusError(500, "", "content is not a list");
  const type = goType(definition, definition.kind);
  throw notAcceptable(`you requested PartialObjectMetadataList, but the requested object is not a list (${type})`);
}

/** What upstream calls the type of a kind in its memory. */
function goType(definition: ResourceDefinition, kind: string): string {
  if (isCustom(definition)) return "*unstructured.UnstructuredList";
  return `*${definition.group.split(".")[0] || "core"}.${kind}`;
}

function bytesBody(bytes: Uint8Array) {
  return { type: "bytes", bytes } as const;
}

/** So many bytes of objects are as quick to go through as any other request. */
const quickBytes = 256 * 1024;

export function takesLong(items: readonly ServedObject[]): boolean {
  let size = 0;
  return items.some(({ bytes }) => {
    size += bytes.length;
    return size > quickBytes;
  });
}

function encodingSink(encoder: WatchEncoder, sink: ByteSink): WatchSink {
  return {
    deliver: (deliveries) => sink.write(encoder.encodeAll(deliveries)),
    drained: () => sink.drained?.(),
    end: () => sink.end(),
  };
}

/** `299 - "text"`, RFC 7234. */
function warningHeader(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must go.
  const printable = text.replace(/[\u0000-\u001f\u007f]/g, " ").replace(/[\\"]/g, "\\$&");
  return `299 - "${printable.replace(/[^\x20-\x7e]/g, "?").slice(0, 4096)}"`;
}

function jsonOf(content: Content, { as, version }: OutputFormat): Uint8Array {
  if (content.type === "value") return Buffer.from(writeJson(content.value));
  if (content.type !== "object") throw new Error(`a ${content.type} has no JSON`);
  return as === "partial" ? partialBytes(content.served, version) : content.served.bytes;
}

/** Lists, and the table of one object. Undefined for what is neither. */
function listForm(content: Content, { format, include, clock }: RenderOptions): ListForm | undefined {
  const { as, version } = format;
  const options = { version, include, noHeaders: false, now: as === "table" ? clock.now() : 0 };
  if (content.type === "object" && as === "table") {
    const { resourceVersion } = content.served.object.metadata ?? {};
    const metadata = resourceVersion === undefined ? {} : { resourceVersion };
    return tableForm(content.definition, [content.served], metadata, options);
  }
  if (content.type !== "list") return undefined;
  const { items, definition, metadata } = content;
  if (as === "table") return tableForm(definition, items, metadata, options);
  return as === "partial" ? partialForm(items, metadata, version) : objectsForm(definition, items, metadata);
}

/** Goes out as it is kept. */
function isPlain({ type, pretty }: OutputFormat): boolean {
  return type === "json" && !pretty;
}

function partialForm(items: readonly ServedObject[], metadata: ListMeta, version: string): ListForm {
  return {
    head: { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${version}`, metadata },
    field: "items",
    length: items.length,
    item: (index) => partialBytes(items[index]!, version),
  };
}

function objectsForm(definition: ResourceDefinition, items: readonly ServedObject[], metadata: ListMeta): ListForm {
  const typeMeta = typeMetaOf(definition);
  return {
    head: {
      kind: definition.listKind,
      apiVersion: apiVersionOf(definition),
      metadata: listMetaOf(definition, metadata),
    },
    field: "items",
    length: items.length,
    item: (index) => withoutTypeMeta(items[index]!.bytes, typeMeta),
  };
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
