/** Tables: what `kubectl get` asks for. Rows are made of the definition's columns; the objects in them are bytes that exist already. */

import type { Cell, Column, ResourceDefinition } from "@kubets/api";
import { badRequest, humanDuration, type KubeObject, type ListMeta, parseTime, writeJson } from "@kubets/apimachinery";
import { partialBytes, type ServedObject } from "../registry/served-object.ts";
import { joined, jsonPieces, type ListForm } from "../server/list-forms.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

/** @throws StatusError 400 */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const given = query.get("includeObject") ?? "";
  if (given === "") return "Metadata";
  if (given === "None" || given === "Metadata" || given === "Object") return given;
  throw badRequest(
    `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(given)}: must be 'Metadata', 'Object', 'None', or empty`,
  );
}

const defaultColumns: readonly Column[] = [
  {
    name: "Name",
    type: "string",
    format: "name",
    description: "Name must be unique within a namespace.",
    priority: 0,
    value: (object) => object.metadata?.name ?? "",
  },
  {
    name: "Age",
    type: "string",
    description: "CreationTimestamp is a timestamp representing the server time when this object was created.",
    priority: 0,
    value: (object, { now }) => age(object, now),
  },
];

function age(object: KubeObject, now: number): string {
  const created = parseTime(object.metadata?.creationTimestamp);
  return Number.isNaN(created) ? "<unknown>" : humanDuration(now - created);
}

export interface TableOptions {
  /** Of meta.k8s.io: `v1` or `v1beta1`. */
  readonly version: string;
  readonly include: IncludeObject;
  /** Leaves the columns out: every event of a watch but the first. */
  readonly noHeaders: boolean;
  readonly now: number;
}

/** A Table with a row for each object. */
export function tableForm(
  definition: ResourceDefinition,
  items: readonly ServedObject[],
  metadata: ListMeta,
  form: TableOptions,
): ListForm {
  const columns = definition.columns ?? defaultColumns;
  return {
    head: head(columns, metadata, form),
    field: "rows",
    length: items.length,
    item: (index) => rowOf(definition, columns, items[index]!, form),
  };
}

/** Its JSON. */
export function tableBytes(...[definition, items, metadata, form]: Parameters<typeof tableForm>): Uint8Array {
  return joined(jsonPieces(tableForm(definition, items, metadata, form)));
}

function rowOf(
  definition: ResourceDefinition,
  columns: readonly Column[],
  served: ServedObject,
  { now, include, version }: TableOptions,
): Uint8Array {
  const conditions = definition.rowConditions?.(served.object) ?? [];
  const more = conditions.length > 0 ? `,"conditions":${JSON.stringify(conditions)}` : "";
  const start = `{"cells":${cellsOf(columns, served.object, now)}${more}`;
  if (include === "None") return Buffer.from(`${start},"object":null}`);
  const object = include === "Object" ? served.bytes : partialBytes(served, version);
  return Buffer.concat([Buffer.from(`${start},"object":`), object, closeRow]);
}

const closeRow = Buffer.from("}");

function head(columns: readonly Column[], metadata: ListMeta, form: TableOptions): ListForm["head"] {
  const definitions = columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? "",
    description: description ?? "",
    priority,
  }));
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${form.version}`,
    metadata,
    columnDefinitions: form.noHeaders ? null : definitions,
  };
}

function cellsOf(columns: readonly Column[], object: KubeObject, now: number): string {
  return writeJson(columns.map((column): Cell => column.value(object, { now })));
}
