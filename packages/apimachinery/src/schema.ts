/**
 * What a kind's fields are. The vocabulary is OpenAPI v3 with Kubernetes' `x-kubernetes-*` extensions, the same for built-in kinds
 * (generated) and for custom resources (from their CRD), so that one set of algorithms (decode, strict validation, defaulting, pruning,
 * strategic merge, server-side apply, OpenAPI) serves both.
 */

/** One value: its type, and what is in it. Immutable, so that what is made of it can be kept beside it. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly nullable?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-patch-strategy"?: string;
  readonly "x-kubernetes-patch-merge-key"?: string;
  readonly "x-kubernetes-unions"?: readonly unknown[];
  readonly "x-kubernetes-group-version-kind"?: readonly { group: string; version: string; kind: string }[];
}

/** Named schemas, by upstream's definition name: `io.k8s.api.core.v1.Pod`. */
export interface SchemaSet {
  get(name: string): Schema | undefined;
  names(): Iterable<string>;
}

/** What a `$ref` to a named schema begins with, as OpenAPI v3 has it. */
export const schemaRefPrefix = "#/components/schemas/";

/**
 * Follows `$ref` (also inside a one-element `allOf`, as OpenAPI v3 documents write references with siblings) until a schema with content.
 * @throws Error when a name is not in the set: that is a bug in a generated file, never in user input.
 */
export function resolveSchema(schema: Schema, set: SchemaSet): Schema {
  let current = schema;
  while (current.$ref !== undefined) {
    const name = current.$ref.startsWith(schemaRefPrefix) ? current.$ref.slice(schemaRefPrefix.length) : current.$ref;
    const target = set.get(name);
    if (target === undefined) throw new Error(`schema ${name} is referred to and not defined`);
    current = target;
  }
  return current;
}
