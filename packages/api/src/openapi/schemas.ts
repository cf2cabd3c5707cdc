/** Our schemas as upstream publishes them in OpenAPI v3 and in Swagger v2. */

import { pushAll, type Schema, type SchemaSet, schemaRefPrefix } from "@kubets/apimachinery";
import type { ResourceDefinition } from "../definition.ts";
import { descriptionOf } from "../descriptions/index.ts";
import { publishCustomKind } from "./custom-schemas.ts";
import { definitionName } from "./operations.ts";

/** A JSON object of a document. */
export type Json = { [name: string]: unknown };

const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
const intOrString = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
const quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";

/** Definitions of one value, in the two formats. */
const valuesV3: Readonly<Record<string, Json>> = {
  [quantity]: { oneOf: [{ type: "string" }, { type: "number" }] },
  [intOrString]: { format: "int-or-string", oneOf: [{ type: "integer" }, { type: "string" }] },
};
const valuesV2: Readonly<Record<string, Json>> = {
  [quantity]: { type: "string" },
  [intOrString]: { type: "string", format: "int-or-string" },
};

/** Definitions below which anything goes; that they keep unknown fields is said for our own decoder only. */
const freeForm = new Set([
  "io.k8s.apimachinery.pkg.runtime.RawExtension",
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
  "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
  ...["JSON", "JSONSchemaPropsOrArray", "JSONSchemaPropsOrBool", "JSONSchemaPropsOrStringArray"].map(
    (name) => `${apiextensions}.${name}`,
  ),
]);

/** Definitions without a zero value of their own. */
const withoutZero = new Set(
  [quantity, intOrString, "io.k8s.apimachinery.pkg.apis.meta.v1.Time", ...freeForm].map(
    (name) => schemaRefPrefix + name,
  ),
);

export type Format = "v2" | "v3";

/** One named definition as published. */
function publishDefinition(name: string, schema: Schema, format: Format): Json {
  const value = (format === "v3" ? valuesV3 : valuesV2)[name];
  if (value !== undefined) return value;
  const { "x-kubernetes-preserve-unknown-fields": _, ...rest } = schema;
  return publish(freeForm.has(name) ? rest : schema, format);
}

function described(name: string, definition: Json): Json {
  const found = descriptionOf(name);
  if (found === undefined) return definition;
  const { properties = {} } = definition as { properties?: Record<string, Json> };
  const named = Object.entries(properties).map(([field, property]) => {
    const description = found.fields[field];
    return [field, description === undefined ? property : { description, ...property }];
  });
  return {
    description: found.about,
    ...definition,
    ...(named.length === 0 ? {} : { properties: Object.fromEntries(named) }),
  };
}

/** @param bare a reference with nothing beside it is written alone; fields' have prose beside them upstream, and so a form that allows that */
function publish(schema: Schema, format: Format, bare = true): Json {
  const { $ref, properties, items, additionalProperties, default: value, ...rest } = schema;
  const out: Json = { ...rest };
  if (properties !== undefined) {
    out["properties"] = Object.fromEntries(
      Object.entries(properties).map(([name, property]) => [name, publish(property, format, false)]),
    );
  }
  if (items !== undefined) out["items"] = publishElement(items, format);
  if (typeof additionalProperties === "object")
    out["additionalProperties"] = publishElement(additionalProperties, format);
  else if (additionalProperties !== undefined) out["additionalProperties"] = additionalProperties;
  if (format === "v3" && value !== undefined) out["default"] = value;
  if ($ref === undefined) return out;
  if (format === "v2") return { $ref: $ref.replace(schemaRefPrefix, "#/definitions/"), ...out };
  return bare && Object.keys(out).length === 0 ? { $ref } : { allOf: [{ $ref }], ...out };
}

/** Items of lists and values of maps are never absent: their default is the zero value. */
function publishElement(schema: Schema, format: Format): Json {
  if (format === "v2" || schema.default !== undefined) return publish(schema, format);
  return publish(withZero(schema), format);
}

function withZero(schema: Schema): Schema {
  if (schema.$ref !== undefined) return withoutZero.has(schema.$ref) ? schema : { ...schema, default: {} };
  if (schema.type === "string" && schema.format === undefined) return { ...schema, default: "" };
  if (schema.type === "integer" || schema.type === "number") return { ...schema, default: 0 };
  return schema.type === "boolean" ? { ...schema, default: false } : schema;
}

/** The definitions that `names` and what they refer to need, sorted by name, as published. */
export function publishDefinitions(
  names: Iterable<string>,
  schemas: PublishedSchemas,
  format: Format,
): Record<string, Json> {
  const found = new Map<string, Schema>();
  const queue = [...names];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (found.has(name)) continue;
    const schema = schemas.get(name);
    if (schema === undefined) continue;
    found.set(name, schema);
    pushAll(queue, refsOf(schema));
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  const published = (name: string, schema: Schema) =>
    schemas.custom?.(name, format) ?? described(name, publishDefinition(name, schema, format));
  return Object.fromEntries(sorted.map(([name, schema]) => [name, published(name, schema)]));
}

function refsOf(schema: Schema): string[] {
  const own = schema.$ref === undefined ? [] : [schema.$ref.slice(schemaRefPrefix.length)];
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [...own, ...parts.flatMap((part) => (typeof part === "object" ? refsOf(part) : []))];
}

const metaV1 = `${schemaRefPrefix}io.k8s.apimachinery.pkg.apis.meta.v1`;

export interface PublishedSchemas extends SchemaSet {
  /** A custom resource's kind, as it is published; undefined for everything else. */
  custom?(name: string, format: Format): Json | undefined;
}

/** Adds to `schemas` what custom resources have no generated definition of: the kind itself and its list. */
export function withCustomKinds(schemas: SchemaSet, definitions: readonly ResourceDefinition[]): PublishedSchemas {
  const own = new Map<string, Schema>();
  const kindsByName = new Map<string, ResourceDefinition>();
  for (const definition of definitions) {
    if (definition.schema.$ref !== undefined) continue;
    const { group, version, kind, listKind } = definition;
    const name = definitionName(definition);
    const properties = { ...definition.schema.properties, metadata: { $ref: `${metaV1}.ObjectMeta` } };
    kindsByName.set(name, definition);
    const kinds = (k: string) => [{ group, version, kind: k }];
    own.set(name, { ...definition.schema, properties, "x-kubernetes-group-version-kind": kinds(kind) });
    own.set(name.replace(/[^.]+$/, listKind), {
      type: "object",
      required: ["items"],
      properties: {
        apiVersion: { type: "string" },
        items: { type: "array", items: { $ref: schemaRefPrefix + name } },
        kind: { type: "string" },
        metadata: { $ref: `${metaV1}.ListMeta` },
      },
      "x-kubernetes-group-version-kind": kinds(listKind),
    });
  }
  return {
    custom: (name, format) => {
      const definition = kindsByName.get(name);
      return definition === undefined ? undefined : publishCustomKind(definition, format);
    },
    get: (name) => own.get(name) ?? schemas.get(name),
    names: function* () {
      yield* schemas.names();
      yield* own.keys();
    },
  };
}
