/** Answers in Kubernetes' protobuf form. Only for those who take nothing else: JSON is kept ready, this is made anew. */

import type { ResourceDefinition } from "@kubets/api";
import { apiVersionOf, TimeSlice } from "@kubets/apimachinery";
import { protobufMediaType } from "../request/negotiate.ts";
import type { Answer, Content } from "../request/request.ts";
import type { Delivery } from "../watch/event.ts";
import { inSlices } from "./list-forms.ts";
import { type ByteSink, type HttpResponse, listValue, responseHeaders, takesLong } from "./render.ts";

type Encoders = typeof import("@kubets/api/protobuf");

/** An event's frame is made once for all who watch in this form. */
const frames = new WeakMap<Delivery, Uint8Array>();

/** Undefined for what has no such form: custom resources, text, streams. */
export async function renderProtobuf(answer: Answer, auditId?: string): Promise<HttpResponse | undefined> {
  const { content, status } = answer;
  if (content.type === "bytes" || content.type === "stream" || content.type === "hijacked") return undefined;
  const encoders = await import("@kubets/api/protobuf");
  const headers = responseHeaders(answer, auditId);
  if (content.type === "watch") {
    if (!hasForm(encoders, content.definition)) return undefined;
    headers["content-type"] = `${protobufMediaType};stream=watch`;
    const { watch } = content;
    const start = (sink: ByteSink, signal: AbortSignal) =>
      watch.start(
        {
          deliver: (deliveries) => sink.write(Buffer.concat(deliveries.map((each) => frameOf(encoders, each)))),
          drained: () => sink.drained?.(),
          end: () => sink.end(),
        },
        signal,
      );
    return { status, headers, body: { type: "push", start } };
  }
  if (content.type === "list" && takesLong(content.items) && hasForm(encoders, content.definition)) {
    headers["content-type"] = protobufMediaType;
    return { status, headers, body: { type: "slices", slices: longList(encoders, content) } };
  }
  const object = objectOf(encoders, content);
  if (object === undefined) return undefined;
  headers["content-type"] = protobufMediaType;
  return { status, headers, body: { type: "bytes", bytes: encoders.encodeProtobuf(object) } };
}

/** Made twice, as its length comes first: holding it meanwhile would take a list's memory for every reader. */
async function* longList(
  { protobufListParts }: Encoders,
  { definition, items, metadata }: Extract<Content, { type: "list" }>,
): AsyncGenerator<Uint8Array> {
  const { before, item, after } = protobufListParts(listValue(definition, [], { ...metadata }));
  const slice = new TimeSlice();
  let size = 0;
  for (const served of items) {
    size += item(served.object).length;
    if (slice.over) await slice.end();
  }
  yield* inSlices(
    (function* () {
      yield before(size);
      for (const served of items) yield item(served.object);
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

function frameOf({ encodeWatchEvent }: Encoders, delivery: Delivery): Uint8Array {
  let frame = frames.get(delivery);
  if (frame === undefined) {
    frame = encodeWatchEvent(delivery.type, "served" in delivery ? delivery.served.object : delivery.object);
    frames.set(delivery, frame);
  }
  return frame;
}
