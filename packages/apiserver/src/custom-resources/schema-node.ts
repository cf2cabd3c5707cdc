/** A structural schema made ready once: references of names resolved, and what there is to do below each place. */

import { itemsOf, type JSONSchemaProps, valuesOf } from "@kubets/api/apiextensions";

export interface SchemaNode {
  readonly schema: JSONSchemaProps;
  readonly properties: ReadonlyMap<string, SchemaNode>;
  /** Of keys that `properties` does not name. */
  readonly values: SchemaNode | undefined;
  /** Keys that `properties` does not name are kept. */
  readonly open: boolean;
  readonly items: SchemaNode | undefined;
  readonly nullable: boolean;
  /** Undefined for none. To be copied. */
  readonly default: unknown;
  readonly preserve: boolean;
  readonly embedded: boolean;
  /** Properties with defaults of their own. */
  readonly defaulted: readonly (readonly [name: string, node: SchemaNode])[];
  /** Something at or below is a set, a map list, an embedded resource. */
  readonly hasLists: boolean;
  readonly hasEmbedded: boolean;
}

export function schemaNode(schema: JSONSchemaProps): SchemaNode {
  const properties = new Map(Object.entries(schema.properties ?? {}).map(([name, part]) => [name, schemaNode(part)]));
  const valueSchema = valuesOf(schema);
  const itemSchema = itemsOf(schema);
  const values = valueSchema === undefined ? undefined : schemaNode(valueSchema);
  const items = itemSchema === undefined ? undefined : schemaNode(itemSchema);
  const below = [
    ...properties.values(),
    ...(values === undefined ? [] : [values]),
    ...(items === undefined ? [] : [items]),
  ];
  const listType = schema["x-kubernetes-list-type"];
  const embedded = schema["x-kubernetes-embedded-resource"] === true;
  return {
    schema,
    properties,
    values,
    open: schema.additionalProperties !== undefined,
    items,
    nullable: schema.nullable === true,
    default: schema.default ?? undefined,
    preserve: schema["x-kubernetes-preserve-unknown-fields"] === true,
    embedded,
    defaulted: [...properties].filter(([, node]) => node.default !== undefined),
    hasLists: listType === "set" || listType === "map" || below.some((node) => node.hasLists),
    hasEmbedded: embedded || below.some((node) => node.hasEmbedded),
  };
}

/** The node of a key, named or not. */
export function nodeOf(node: SchemaNode | undefined, key: string): SchemaNode | undefined {
  return node?.properties.get(key) ?? node?.values;
}

export type JsonObject = Record<string, unknown>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What every resource has, whatever its schema says. */
export const metaFields: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata"]);
