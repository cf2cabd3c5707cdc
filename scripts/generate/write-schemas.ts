/** OpenAPI v3 schemas from definitions and the overlay. */

import type { FieldRule, TypeOverlay } from "@kubets/api/overlay";
import type { Schema } from "@kubets/apimachinery";
import type { Definition } from "./definitions.ts";
import { metaGroup, scalarDefinitions } from "./groups.ts";
import type { ClientField, ClientType } from "./models.ts";
import { isKind, type TypeContext } from "./write-types.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export interface SchemaContext extends TypeContext {
  overlay(definition: Definition): TypeOverlay;
}

/** Definitions that are one value. Unknown fields below RawExtension, JSON and FieldsV1 are the user's own. */
const valueSchemas: Readonly<Record<string, Schema>> = {
  [scalarDefinitions["Quantity"]!]: { format: "quantity", "x-kubernetes-int-or-string": true },
  [scalarDefinitions["IntOrString"]!]: { format: "int-or-string", "x-kubernetes-int-or-string": true },
  [scalarDefinitions["RawExtension"]!]: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["Time"]!]: { type: "string", format: "date-time" },
  [scalarDefinitions["MicroTime"]!]: { type: "string", format: "date-time" },
  [scalarDefinitions["FieldsV1"]!]: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["JSON"]!]: { "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["JSONSchemaPropsOrArray"]!]: { "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["JSONSchemaPropsOrBool"]!]: { "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["JSONSchemaPropsOrStringArray"]!]: { "x-kubernetes-preserve-unknown-fields": true },
  [scalarDefinitions["CustomResourceSubresourceStatus"]!]: { type: "object" },
  [scalarDefinitions["StorageVersionSpec"]!]: { type: "object" },
  [scalarDefinitions["BasicSchedulingPolicy"]!]: { type: "object" },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": { type: "object", "x-kubernetes-preserve-unknown-fields": true },
  "io.k8s.apimachinery.pkg.version.Info": versionInfo(),
};

function versionInfo(): Schema {
  const names = [
    "major",
    "minor",
    "gitVersion",
    "gitCommit",
    "gitTreeState",
    "buildDate",
    "goVersion",
    "compiler",
    "platform",
  ];
  const more = ["emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor"];
  return {
    type: "object",
    properties: Object.fromEntries([...names, ...more].sort().map((name) => [name, { type: "string" }])),
    required: names,
  };
}

/** File name (`apps_v1`) to definitions, sorted by name. */
export function writeSchemas(context: SchemaContext): Map<string, Record<string, Schema>> {
  const files = new Map<string, Record<string, Schema>>();
  const all: [string, string, Schema][] = [...context.definitions.values()].map((definition) => [
    `${definition.group.short}_${definition.version}`,
    definition.name,
    structSchema(definition, context),
  ]);
  for (const [name, schema] of Object.entries(valueSchemas)) {
    all.push([fileOf(name), name, schema]);
  }
  for (const [file, name, schema] of all.sort((a, b) => (a[1] < b[1] ? -1 : 1))) {
    const content = files.get(file) ?? {};
    content[name] = schema;
    files.set(file, content);
  }
  return files;
}

function fileOf(name: string): string {
  if (name.includes("apiextensions")) return "apiextensions_v1";
  const match = /^io\.k8s\.api\.([a-z]+)\.(v\w+)\./.exec(name);
  return match === null ? `${metaGroup.short}_v1` : `${match[1]}_${match[2]}`;
}

function structSchema(definition: Definition, context: SchemaContext): Schema {
  const properties: Record<string, Schema> = {};
  for (const field of [...definition.fields].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    properties[field.name] = fieldSchema(definition, field, context);
  }
  const required = definition.fields.filter((field) => field.required).map((field) => field.name);
  const overlay = context.overlay(definition);
  const schema: Mutable<Schema> = { type: "object", properties };
  if (required.length > 0) schema.required = required;
  if (overlay["$self"] === "atomic") schema["x-kubernetes-map-type"] = "atomic";
  if (overlay["$union"] !== undefined) schema["x-kubernetes-unions"] = [union(overlay["$union"])];
  if (isKind(definition)) {
    const { group, version } = definition;
    schema["x-kubernetes-group-version-kind"] = [{ group: group.group, version, kind: definition.base }];
  }
  return schema;
}

/** From `type: localhostProfile=LocalhostProfile`. */
function union(text: string): object {
  const [discriminator = "", fields = ""] = text.split(": ");
  return {
    discriminator,
    "fields-to-discriminateBy": Object.fromEntries(fields.split(" ").map((pair) => pair.split("="))),
  };
}

function fieldSchema(definition: Definition, field: ClientField, context: SchemaContext): Schema {
  const rule = context.rule(definition, field.name);
  const schema: Mutable<Schema> =
    rule.type !== undefined ? { $ref: refTo(rule.type) } : { ...typeSchema(field.type, rule.of, context) };
  if (schema.type === "array") Object.assign(schema, listType(definition, field, rule));
  if (rule.mapType !== undefined && schema.type !== "array") schema["x-kubernetes-map-type"] = rule.mapType;
  if (rule.patchStrategy !== undefined) schema["x-kubernetes-patch-strategy"] = rule.patchStrategy;
  if (rule.patchMergeKey !== undefined) schema["x-kubernetes-patch-merge-key"] = rule.patchMergeKey;
  const value = defaultOf(field, schema, rule);
  if (value !== undefined) schema.default = value;
  return schema;
}

function listType(definition: Definition, field: ClientField, rule: FieldRule): Schema {
  const itemsOfList = definition.base.endsWith("List") && field.name === "items" && isKind(definition);
  if (rule.listType === "plain" || (itemsOfList && rule.listType === undefined && rule.mapType === undefined))
    return {};
  if (rule.listType === "map") {
    return { "x-kubernetes-list-map-keys": rule.mapKeys ?? [], "x-kubernetes-list-type": "map" };
  }
  return { "x-kubernetes-list-type": rule.listType ?? "atomic" };
}

const valueNames = ["Time", "MicroTime", "IntOrString", "Quantity", "RawExtension", "JSON"].map(refTo);

function defaultOf(field: ClientField, schema: Schema, rule: FieldRule): unknown {
  if (rule.default !== undefined) return schema.type === "integer" ? Number(rule.default) : rule.default;
  const isStruct = schema.$ref !== undefined && !valueNames.includes(schema.$ref);
  const byName = isStruct && ["metadata", "spec", "status"].includes(field.name);
  if (!(rule.zero ?? (field.required || byName))) return undefined;
  if (schema.$ref !== undefined) return isStruct ? {} : undefined;
  switch (schema.type) {
    case "string":
      return schema.format === undefined ? "" : undefined;
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    default:
      return undefined;
  }
}

function typeSchema(type: ClientType, of: string | undefined, context: SchemaContext): Schema {
  switch (type.kind) {
    case "list":
      return { type: "array", items: of === undefined ? typeSchema(type.of, undefined, context) : { $ref: refTo(of) } };
    case "map":
      return {
        type: "object",
        additionalProperties: of === undefined ? typeSchema(type.of, undefined, context) : { $ref: refTo(of) },
      };
    case "model":
      return { $ref: `#/components/schemas/${context.definitions.get(type.className)?.name}` };
    case "scalar":
      return scalarSchema(type.name, type.format);
  }
}

function scalarSchema(name: string, format: string): Schema {
  switch (name) {
    case "Date":
      return { $ref: refTo("Time") };
    case "MicroTime":
    case "IntOrString":
      return { $ref: refTo(name) };
    case "any":
      return { $ref: refTo("RawExtension") };
    case "number":
      return format === "double" ? { type: "number", format } : { type: "integer", format };
    case "boolean":
      return { type: "boolean" };
    default:
      return format === "" ? { type: "string" } : { type: "string", format };
  }
}

function refTo(name: string): string {
  const target = scalarDefinitions[name];
  if (target === undefined) throw new Error(`overlay: no definition for the type ${name}`);
  return `#/components/schemas/${target}`;
}
