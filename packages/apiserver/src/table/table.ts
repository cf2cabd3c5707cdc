/** Tables: what `kubectl get` asks for. Rows are made of the definition's columns; the objects in them are bytes that exist already. */

import type { Cell, Column, ResourceDefinition } from "@kubets/api";
import { badRequest, humanDuration, type KubeObject, type ListMeta, parseTime, writeJson } from "@kubets/apimachinery";
import type { ServedObject } from "../registry/served-object.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

/** @throws StatusError 400 */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const given = query.get("includeObject") ?? "";
  if (given === "") return "Metadata";
  if (given === "None" || given === "Metadata" || given === "Object") return given;
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(given)}`);
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

export interface TableForm {
  /** Of meta.k8s.io: `v1` or `v1beta1`. */
  readonly version: string;
  readonly include: IncludeObject;
  /** Leaves the columns out: every event of a watch but the first. */
  readonly noHeaders: boolean;
  readonly now: number;
}

/** The JSON of a Table with a row for each object. */
export function tableBytes(
  definition: ResourceDefinition,
  items: readonly ServedObject[],
  metadata: ListMeta,
  form: TableForm,
): Uint8Array {
  const columns = definition.columns ?? defaultColumns;
  const chunks: Uint8Array[] = [Buffer.from(head(columns, metadata, form))];
  for (const [index, served] of items.entries()) {
    chunks.push(Buffer.from(`${index === 0 ? "" : ","}{"cells":${cellsOf(columns, served.object, form.now)}`));
    const conditions = definition.rowConditions?.(served.object) ?? [];
    if (conditions.length > 0) chunks.push(Buffer.from(`,"conditions":${JSON.stringify(conditions)}`));
    if (form.include === "Object") chunks.push(comma, served.bytes);
    else if (form.include === "Metadata") chunks.push(comma, served.metadataBytes);
    chunks.push(closeRow);
  }
  chunks.push(closeTable);
  return Buffer.concat(chunks);
}

const comma = Buffer.from(',"object":');
const closeRow = Buffer.from("}");
const closeTable = Buffer.from("]}");

function head(columns: readonly Column[], metadata: ListMeta, form: TableForm): string {
  const definitions = columns.map(({ name, type, format, description, priority }) => ({
    name,
    type,
    format: format ?? "",
    description: description ?? "",
    priority,
  }));
  return `{"kind":"Table","apiVersion":"meta.k8s.io/${form.version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${
    form.noHeaders ? "null" : JSON.stringify(definitions)
  },"rows":[`;
}

function cellsOf(columns: readonly Column[], object: KubeObject, now: number): string {
  return writeJson(columns.map((column): Cell => column.value(object, { now })));
}
