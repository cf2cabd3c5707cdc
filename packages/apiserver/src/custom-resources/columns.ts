/** The table of a custom resource: Name, and the columns its CRD asks for. Source: apiextensions' registry/customresource/tableconvertor. */

import type { Cell, Column, CustomResourceDefinitionVersion } from "@kubets/api";
import { humanDuration, parseTime } from "@kubets/apimachinery";
import { type JsonPath, JsonPathError, parseJsonPath, printJsonPath } from "./json-path.ts";

type ColumnDefinition = NonNullable<CustomResourceDefinitionVersion["additionalPrinterColumns"]>[number];

const nameDescription =
  "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";
const creationDescription =
  "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

const nameColumn: Column = {
  name: "Name",
  type: "string",
  format: "name",
  description: nameDescription,
  priority: 0,
  value: (object) => object.metadata?.name ?? "",
};
const ageColumn: ColumnDefinition = {
  name: "Age",
  type: "date",
  description: creationDescription,
  jsonPath: ".metadata.creationTimestamp",
};

export function columnsOf({ additionalPrinterColumns = [] }: CustomResourceDefinitionVersion): Column[] {
  const given = additionalPrinterColumns.length === 0 ? [ageColumn] : additionalPrinterColumns;
  const columns = [nameColumn];
  for (const column of given) {
    const path = parsed(column.jsonPath);
    // As upstream: what comes after a column that cannot be read is not shown.
    if (path === undefined) break;
    columns.push(columnOf(column, path));
  }
  return columns;
}

function parsed(text: string): JsonPath | undefined {
  try {
    return parseJsonPath(text);
  } catch (error) {
    if (error instanceof JsonPathError) return undefined;
    throw error;
  }
}

function columnOf({ name, type, format, description, priority, jsonPath }: ColumnDefinition, path: JsonPath): Column {
  return {
    name,
    type: type as Column["type"],
    ...(format === undefined ? {} : { format: format as "" }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    value: (object, { now }) => cellOf(path(object), type, now),
  };
}

function cellOf([value]: readonly unknown[], type: string, nowMs: number): Cell {
  if (value === undefined) return null;
  if (type === "string") return printJsonPath(value);
  switch (typeof value) {
    case "bigint":
      return type === "integer" ? value : type === "number" ? Number(value) : null;
    case "number":
      if (type === "integer") return Math.trunc(value);
      return type === "number" ? value : null;
    case "boolean":
      return type === "boolean" ? value : null;
    case "string":
      return type === "date" ? ageOf(value, nowMs) : null;
    default:
      return null;
  }
}

function ageOf(text: string, nowMs: number): string {
  if (text === "") return "<unknown>";
  const time = parseTime(text);
  return Number.isNaN(time) ? "<invalid>" : humanDuration(nowMs - time);
}
