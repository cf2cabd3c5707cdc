/** Answers in Kubernetes' protobuf form. Only for those who take nothing else: JSON is kept ready, this is made anew. */

import type { ResourceDefinition } from "@kubets/api";
import { apiVersionOf, type KubeObject, type ListMeta, TimeSlice } from "@kubets/apimachinery";
import { partialMetadata, type ServedObject } from "../registry/served-object.ts";
import { type OutputFormat, protobufMediaType } from "../request/negotiate.ts";
import type { Answer, Content } from "../request/request.ts";
import type { Delivery } from "../watch/event.ts";
import { inSlices } from "./list-forms.ts";
import { type ByteSink, type HttpResponse, listValue, responseHeaders, takesLong } from "./render.ts";

type Encoders = typeof import("@kubets/api/protobuf");

/** An event's frame is made once for all who watch in this form. */
const frames = new WeakMap<Delivery, Map<string, Uint8Array>>();

/** Undefined for what has no such form: whole custom resources, text, streams. */
export async function renderProtobuf(
  answer: Answer,
  format: OutputFormat,
  auditId?: string,
): Promise<HttpResponse | undefined> {
  const { status } = answer;
  const { content } = answer;
  if (content.type === "bytes" || content.type === "stream" || content.type === "hijacked") return undefined;
  const encoders = await import("@kubets/api/protobuf");
  const headers = responseHeaders(answer, auditId);
  if (content.type === "watch") {
    if (format.as !== "partial" && !hasForm(encoders, content.definition)) return undefined;
    headers["content-type"] = `${protobufMediaType};stream=watch`;
    const { watch } = content;
    const start = (sink: ByteSink, signal: AbortSignal) =>
      watch.start(
        {
          deliver: (deliveries) => sink.write(Buffer.concat(deliveries.map((each) => frameOf(encoders, each, format)))),
          drained: () => sink.drained?.(),
          end: () => sink.end(),
        },
        signal,
      );
    return { status, headers, body: { type: "push", start } };
  }
  if (content.type === "list" && takesLong(content.items)) {
    if (format.as !== "partial" && !hasForm(encoders, content.definition)) return undefined;
    headers["content-type"] = protobufMediaType;
    return { status, headers, body: { type: "slices", slices: longList(encoders, content, format) } };
  }
  const object = objectOf(encoders, format.as === "partial" ? metadataOf(content, format) : content);
  if (object === undefined) return undefined;
  headers["content-type"] = protobufMediaType;
  return { status, headers, body: { type: "bytes", bytes: encoders.encodeProtobuf(object) } };
}

/** Made twice, as its length comes first: holding it meanwhile would take a list's memory for every reader. */
async function* longList(
  { protobufListParts }: Encoders,
  { definition, items, metadata }: Extract<Content, { type: "list" }>,
  { as, version }: OutputFormat,
): AsyncGenerator<Uint8Array> {
  const isPartial = as === "partial";
  const head = isPartial ? partialList([], metadata, version) : listValue(definition, [], { ...metadata });
  const { before, item, after } = protobufListParts(head);
  const made = ({ object }: ServedObject) => item(isPartial ? partialOf(object, version) : object);
  const slice = new TimeSlice();
  let size = 0;
  for (const served of items) {
    size += made(served).length;
    if (slice.over) await slice.end();
  }
  yield* inSlices(
    (function* () {
      yield before(size);
      for (const served of items) yield made(served);
      yield after;
    })(),
  );
}

function hasForm({ hasProtobufForm }: Encoders, definition: ResourceDefinition): boolean {
  return hasProtobufForm(apiVersionOf(definition), definition.kind);
}

function objectOf(encoders: Encoders, content: Answer["content"]): object | undefined {
  switch (content.type) {
    case "object":
      return hasForm(encoders, content.definition) ? content.served.object : undefined;
    case "list": {
      const { definition, items, metadata } = content;
      return hasForm(encoders, definition) ? listValue(definition, items, { ...metadata }) : undefined;
    }
    case "value": {
      const { apiVersion = "", kind = "" } = content.value as { apiVersion?: string; kind?: string };
      return encoders.hasProtobufForm(apiVersion, kind) ? content.value : undefined;
    }
    default:
      return undefined;
  }
}

/** Of objects and lists their metadata alone, which has a form whatever the kind. */
function metadataOf(content: Content, { version }: OutputFormat): Content {
  if (content.type === "object") return { type: "value", value: partialOf(content.served.object, version) };
  if (content.type !== "list") return content;
  return { type: "value", value: partialList(content.items, content.metadata, version) };
}

function partialList(items: readonly ServedObject[], metadata: ListMeta, version: string) {
  return {
    kind: "PartialObjectMetadataList",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    items: items.map(({ object }) => partialOf(object, version)),
  };
}

function partialOf(object: KubeObject, version: string): KubeObject {
  return { ...partialMetadata(object), apiVersion: `meta.k8s.io/${version}` };
}

function frameOf({ encodeWatchEvent }: Encoders, delivery: Delivery, { as, version }: OutputFormat): Uint8Array {
  const form = `${as} ${version}`;
  let forms = frames.get(delivery);
  if (forms === undefined) {
    forms = new Map();
    frames.set(delivery, forms);
  }
  let frame = forms.get(form);
  if (frame === undefined) {
    const object = "served" in delivery ? delivery.served.object : delivery.object;
    const whole = as !== "partial" || delivery.type === "ERROR";
    frame = encodeWatchEvent(delivery.type, whole ? object : partialOf(object as KubeObject, version));
    forms.set(form, frame);
  }
  return frame;
}
