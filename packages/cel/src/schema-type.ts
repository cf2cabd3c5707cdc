/** CEL types of Kubernetes schemas. Source: k8s.io/apiserver/pkg/cel/common/schemas.go. */

import { resolveSchema, type Schema, type SchemaSet } from "@kubets/apimachinery";
import { escapeName } from "./escape.ts";
import { maxRequestBytes } from "./limits.ts";
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  type Field,
  intType,
  listType,
  mapType,
  stringType,
  type Type,
  timestampType,
} from "./types.ts";

/** A schema with the bounds that cost estimates are made of. */
export interface CelSchema extends Omit<Schema, "properties" | "items" | "additionalProperties"> {
  readonly properties?: Readonly<Record<string, CelSchema>>;
  readonly items?: CelSchema;
  readonly additionalProperties?: CelSchema | boolean;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
}

export interface SchemaTypeOptions {
  /** Where `$ref` leads. */
  readonly schemas?: SchemaSet;
  /** `apiVersion`, `kind`, `metadata.name` and `metadata.generateName` exist whatever the schema says. */
  readonly resourceRoot?: boolean;
  /** What messages call the root's type; its fields' types are named after it. Default `object`. */
  readonly name?: string;
}

/** The longest date-time or duration in JSON, with quotes. */
const maxTimeBytes = 32;
const dateBytes = 12;
const maxStringBytes = maxRequestBytes - 2;

/**
 * The type of values that fit a schema; undefined for what expressions cannot see: data without declared fields
 * (`x-kubernetes-preserve-unknown-fields`), arrays of such.
 */
export function schemaType(schema: CelSchema, options: SchemaTypeOptions = {}): Type | undefined {
  return convert(schema, options.resourceRoot ?? false, options.name ?? "object", options.schemas, []);
}

function resolve(schema: CelSchema, schemas: SchemaSet | undefined): CelSchema {
  if (schema.$ref === undefined) return schema;
  return schemas === undefined ? {} : (resolveSchema(schema as Schema, schemas) as CelSchema);
}

function convert(
  given: CelSchema,
  root: boolean,
  name: string,
  schemas: SchemaSet | undefined,
  above: readonly CelSchema[],
): Type | undefined {
  const schema = resolve(given, schemas);
  const type = convertResolved(schema, root, name, schemas, above);
  // An object is as it is made: looking at all it has would make all its fields.
  if (type === undefined || type.kind === "object") return type;
  return { ...type, nullable: schema.nullable === true };
}

function convertResolved(
  given: CelSchema,
  root: boolean,
  name: string,
  schemas: SchemaSet | undefined,
  above: readonly CelSchema[],
): Type | undefined {
  let schema = given;
  if (schema["x-kubernetes-int-or-string"] || schema.format === "int-or-string") {
    return { ...dynType, format: "int-or-string", maxElements: bound(schema.maxLength, 4) ?? maxStringBytes };
  }
  if (root || schema["x-kubernetes-embedded-resource"]) schema = withObjectMeta(schema);
  switch (schema.type) {
    case "boolean":
      return boolType;
    case "number":
      return doubleType;
    case "integer":
      return intType;
    case "string":
      return convertString(schema);
    case "array":
      return convertArray(schema, name, schemas, above);
    case "object":
      return convertObject(schema, name, schemas, above);
    default:
      return undefined;
  }
}

function bound(limit: number | undefined, factor = 1): number | undefined {
  return limit === undefined ? undefined : Math.max(0, Number(limit)) * factor;
}

function convertString({ format, maxLength, enum: values }: CelSchema): Type {
  switch (format) {
    case "byte":
      return { ...bytesType, maxElements: bound(maxLength) ?? maxStringBytes };
    case "duration":
      return { ...durationType, maxElements: maxTimeBytes };
    case "date":
      return { ...timestampType, format: "date", maxElements: dateBytes, minSerializedSize: dateBytes };
    case "date-time":
      return { ...timestampType, maxElements: maxTimeBytes };
  }
  const longest = values?.length
    ? Math.max(0, ...values.map((value) => (typeof value === "string" ? Buffer.byteLength(value) : 0)))
    : maxStringBytes;
  return { ...stringType, maxElements: bound(maxLength, 4) ?? longest };
}

function convertArray(
  schema: CelSchema,
  name: string,
  schemas: SchemaSet | undefined,
  above: readonly CelSchema[],
): Type | undefined {
  if (schema.items === undefined) return undefined;
  const items = convert(schema.items, false, `${name}.@idx`, schemas, above);
  if (items === undefined) return undefined;
  const most = Math.floor((maxRequestBytes - 2) / ((items.minSerializedSize ?? 1) + 1));
  const list = listType(items, bound(schema.maxItems) ?? most);
  const kind = schema["x-kubernetes-list-type"];
  if (kind === "set") return { ...list, merge: { kind } };
  if (kind !== "map") return list;
  const keys = (schema["x-kubernetes-list-map-keys"] ?? []).map((key) => escapeName(key) ?? key);
  return { ...list, merge: { kind, keys } };
}

function convertObject(
  schema: CelSchema,
  name: string,
  schemas: SchemaSet | undefined,
  above: readonly CelSchema[],
): Type | undefined {
  if (typeof schema.additionalProperties === "object") {
    const value = convert(schema.additionalProperties, false, `${name}.@elem`, schemas, above);
    if (value === undefined) return undefined;
    const most = Math.floor((maxRequestBytes - 2) / ((value.minSerializedSize ?? 1) + 6));
    return mapType(stringType, value, bound(schema.maxProperties) ?? most);
  }
  return objectOf(schema, name, schemas, above);
}

/** Fields are made when they are first asked for: a schema may refer to itself, and most of a large one is never looked at. */
function objectOf(schema: CelSchema, name: string, schemas: SchemaSet | undefined, above: readonly CelSchema[]): Type {
  let made: Map<string, Field> | undefined;
  const fields = (): Map<string, Field> => {
    if (made !== undefined) return made;
    made = new Map();
    const required = new Set(schema.required ?? []);
    for (const [jsonName, property] of Object.entries(schema.properties ?? {})) {
      const escaped = escapeName(jsonName);
      if (escaped === undefined) continue;
      const type = convert(property, false, `${name}.${escaped}`, schemas, [...above, schema]);
      if (type !== undefined) made.set(escaped, { jsonName, type, required: required.has(jsonName) });
    }
    return made;
  };
  return {
    kind: "object",
    name,
    parameters: [],
    fields,
    nullable: schema.nullable === true,
    get minSerializedSize(): number {
      // A schema within itself could be left out, and so costs nothing.
      return above.includes(schema) ? 2 : minimumSize(schema, fields());
    },
  };
}

function minimumSize(schema: CelSchema, fields: ReadonlyMap<string, Field>): number {
  let size = 2;
  for (const { jsonName, type, required } of fields.values()) {
    if (!required || schema.properties?.[jsonName]?.default !== undefined) continue;
    size += Buffer.byteLength(jsonName) + (type.minSerializedSize ?? 1) + 4;
  }
  return size;
}

const text: CelSchema = { type: "string" };
const nameOnly: CelSchema = { type: "object", properties: { name: text, generateName: text } };

function withObjectMeta(schema: CelSchema): CelSchema {
  const { kind, apiVersion, metadata } = schema.properties ?? {};
  const { name, generateName } = metadata?.properties ?? {};
  const complete =
    kind?.type === "string" &&
    apiVersion?.type === "string" &&
    name?.type === "string" &&
    generateName?.type === "string";
  if (complete || metadata?.$ref !== undefined) return schema;
  return { ...schema, properties: { ...schema.properties, kind: text, apiVersion: text, metadata: nameOnly } };
}
