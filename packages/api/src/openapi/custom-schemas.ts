/**
 * Schemas of custom resources as upstream publishes them: OpenAPI v3 nearly as they are, Swagger v2 without what it cannot say or kubectl cannot read.
 * Source: apiextensions-apiserver's controller/openapi (builder, v2/conversion.go) and schema/unfold.go.
 */

import { schemaRefPrefix } from "@kubets/apimachinery";
import { isIntOrStringAnyOf } from "../apiextensions/structural-schema.ts";
import type { ResourceDefinition } from "../definition.ts";
import { fieldsOfCustomKinds as texts } from "../descriptions/index.ts";
import type { JSONSchemaProps } from "../generated/types.ts";
import type { Format, Json } from "./schemas.ts";

const objectMetaRef = `${schemaRefPrefix}io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`;

export function publishCustomKind(definition: ResourceDefinition, format: Format): Json {
  const { group, version, kind, selectableFields } = definition;
  const schema = definition.schema as JSONSchemaProps;
  const { apiVersion: _, kind: __, metadata: ___, ...own } = schema.properties ?? {};
  const open = format === "v2" && schema["x-kubernetes-preserve-unknown-fields"] === true;
  // kubectl would take any property that is named for all there are.
  const published = open ? { type: "object" } : publish({ ...schema, properties: own }, format);
  if (!open) published["properties"] = { ...(published["properties"] as Json | undefined), ...typeAndMeta(format) };
  const fields = Object.keys(selectableFields).map((fieldPath) => ({ fieldPath }));
  return {
    ...published,
    "x-kubernetes-group-version-kind": [{ group, version, kind }],
    ...(fields.length === 0 ? {} : { "x-kubernetes-selectable-fields": fields }),
  };
}

function typeAndMeta(format: Format): Json {
  const metadata =
    format === "v3"
      ? { allOf: [{ $ref: objectMetaRef }] }
      : { $ref: objectMetaRef.replace(schemaRefPrefix, "#/definitions/") };
  return {
    apiVersion: { description: texts.apiVersion, type: "string" },
    kind: { description: texts.kind, type: "string" },
    metadata: { description: texts.metadata, ...metadata },
  };
}

function publish(schema: JSONSchemaProps, format: Format): Json {
  return format === "v3" ? publishV3(schema) : publishV2(schema);
}

function eachOf(properties: Readonly<Record<string, JSONSchemaProps>>, format: Format): Json {
  return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, publish(property, format)]));
}

/** What is the same in both: the parts, and the fields of embedded resources. */
function withParts(schema: JSONSchemaProps, format: Format): Json {
  const { items, properties, additionalProperties, ...rest } = schema;
  const out: Json = { ...rest };
  if (properties !== undefined) out["properties"] = eachOf(properties, format);
  if (items !== undefined && !Array.isArray(items)) out["items"] = publish(items, format);
  if (typeof additionalProperties === "object") out["additionalProperties"] = publish(additionalProperties, format);
  else if (additionalProperties !== undefined) out["additionalProperties"] = additionalProperties;
  return out;
}

function withEmbedded(schema: JSONSchemaProps, out: Json, format: Format): Json {
  if (!schema["x-kubernetes-embedded-resource"]) return out;
  if (format === "v2" && schema["x-kubernetes-preserve-unknown-fields"]) return out;
  const missing = ["kind", "apiVersion"].filter((name) => !schema.required?.includes(name));
  const properties = { ...(out["properties"] as Json | undefined), ...typeAndMeta(format) };
  return { ...out, properties, required: [...(schema.required ?? []), ...missing] };
}

const intOrString: readonly JSONSchemaProps[] = [{ type: "integer" }, { type: "string" }];

function publishV3(schema: JSONSchemaProps): Json {
  const out = withParts(schema, "v3");
  if (schema["x-kubernetes-int-or-string"] && !saysIntOrString(schema)) {
    if (schema.anyOf === undefined) out["anyOf"] = intOrString;
    else out["allOf"] = [{ anyOf: intOrString }, ...(schema.allOf ?? [])];
  }
  return withEmbedded(schema, out, "v3");
}

function saysIntOrString({ anyOf, allOf }: JSONSchemaProps): boolean {
  return isIntOrStringAnyOf(anyOf) || isIntOrStringAnyOf(allOf?.[0]?.anyOf);
}

function publishV2(given: JSONSchemaProps): Json {
  const { allOf: _, anyOf: __, oneOf: ___, not: ____, nullable, ...schema } = given;
  const preserve = schema["x-kubernetes-preserve-unknown-fields"] === true;
  const bare = nullable === true || preserve;
  const { items, properties, type, ...rest } = schema;
  const kept: JSONSchemaProps = bare ? rest : schema;
  const out = withParts(kept, "v2");
  // Types that would need parts that are gone, or would close what is open.
  const untyped = nullable || (preserve && type === "object") || (type === "array" && (bare || items === undefined));
  if (untyped) delete out["type"];
  else if (type !== undefined) out["type"] = type;
  const required = (schema.required ?? []).filter((name) => !isNullable(properties, name));
  if (required.length === 0) delete out["required"];
  else out["required"] = required;
  return withEmbedded(schema, out, "v2");
}

function isNullable(properties: JSONSchemaProps["properties"], name: string): boolean {
  return properties !== undefined && Object.hasOwn(properties, name) && properties[name]?.nullable === true;
}
