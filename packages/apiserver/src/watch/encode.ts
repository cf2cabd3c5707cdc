/** Watch events as bytes, one JSON document per line. A form's bytes of an event are made once and shared by all who watch in that form. */

import type { ResourceDefinition } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import { writeJson } from "@kubets/apimachinery";
import { partialBytes, type ServedObject } from "../registry/served-object.ts";
import type { OutputFormat } from "../request/negotiate.ts";
import { type IncludeObject, tableBytes } from "../table/table.ts";
import type { Delivery } from "./event.ts";

const shared = new WeakMap<Delivery, Map<string, Uint8Array>>();
const sharedBatches = new WeakMap<readonly Delivery[], Map<string, Uint8Array>>();

const openings = {
  ADDED: Buffer.from('{"type":"ADDED","object":'),
  MODIFIED: Buffer.from('{"type":"MODIFIED","object":'),
  DELETED: Buffer.from('{"type":"DELETED","object":'),
};
const closing = Buffer.from("}\n");

export class WatchEncoder {
  readonly #definition: ResourceDefinition;
  readonly #format: OutputFormat;
  readonly #include: IncludeObject;
  readonly #clock: Clock;
  #first = true;

  constructor(
    definition: ResourceDefinition,
    options: { readonly format: OutputFormat; readonly include: IncludeObject; readonly clock: Clock },
  ) {
    this.#definition = definition;
    this.#format = options.format;
    this.#include = options.include;
    this.#clock = options.clock;
  }

  /** One after the other. A batch that several watchers are given is put together once. */
  encodeAll(deliveries: readonly Delivery[]): Uint8Array {
    if (deliveries.length === 1) return this.encode(deliveries[0]!);
    const { as, version } = this.#format;
    if (as === "table") return Buffer.concat(deliveries.map((delivery) => this.encode(delivery)));
    const form = `${as} ${version}`;
    let forms = sharedBatches.get(deliveries);
    if (forms === undefined) {
      forms = new Map();
      sharedBatches.set(deliveries, forms);
    }
    let bytes = forms.get(form);
    if (bytes === undefined) {
      bytes = Buffer.concat(deliveries.map((delivery) => this.encode(delivery)));
      forms.set(form, bytes);
    }
    return bytes;
  }

  encode(delivery: Delivery): Uint8Array {
    const form = this.#formOf(delivery);
    let forms = shared.get(delivery);
    if (forms === undefined) {
      forms = new Map();
      shared.set(delivery, forms);
    }
    let bytes = forms.get(form);
    if (bytes === undefined) {
      bytes = this.#make(delivery, form.endsWith(" first"));
      forms.set(form, bytes);
    }
    return bytes;
  }

  /** The name of the form this event takes here. Only the first Table of a watch has the columns. */
  #formOf(delivery: Delivery): string {
    const { as, version } = this.#format;
    if (as !== "table" || !("served" in delivery)) return `${as} ${version}`;
    const first = this.#first;
    this.#first = false;
    return `table ${version} ${this.#include}${first ? " first" : ""}`;
  }

  #make(delivery: Delivery, first: boolean): Uint8Array {
    if (!("served" in delivery)) {
      return Buffer.from(`${writeJson({ type: delivery.type, object: this.#bare(delivery) })}\n`);
    }
    return Buffer.concat([openings[delivery.type], this.#object(delivery.served, first), closing]);
  }

  #object(served: ServedObject, first: boolean): Uint8Array {
    const { as, version } = this.#format;
    if (as === "partial") return partialBytes(served, version);
    if (as !== "table") return served.bytes;
    const { resourceVersion = "" } = served.object.metadata ?? {};
    const form = { version, include: this.#include, noHeaders: !first, now: this.#clock.now() };
    return tableBytes(this.#definition, [served], { resourceVersion }, form);
  }

  /** Bookmarks and errors: errors keep their form, a bookmark is of the kind that is watched. */
  #bare(delivery: Exclude<Delivery, { served: ServedObject }>): object {
    const { as, version } = this.#format;
    if (delivery.type === "ERROR" || as === "object") return delivery.object;
    const metadata = delivery.object.metadata ?? {};
    const apiVersion = `meta.k8s.io/${version}`;
    if (as === "partial") return { kind: "PartialObjectMetadata", apiVersion, metadata };
    const object = { kind: "PartialObjectMetadata", apiVersion, metadata };
    return { kind: "Table", apiVersion, metadata, columnDefinitions: null, rows: [{ cells: [], object }] };
  }
}
