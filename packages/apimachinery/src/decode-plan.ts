/** Schemas compiled for decoding: references followed, Go's type names known. Made once per schema, part by part as it is needed. */

import { type Schema, type SchemaSet, schemaRefPrefix } from "./schema.ts";

export type ScalarType =
  | "any"
  | "string"
  | "int32"
  | "int64"
  | "number"
  | "boolean"
  | "byte"
  | "time"
  | "micro-time"
  | "quantity"
  | "int-or-string";

export interface ScalarPlan {
  readonly type: ScalarType;
  readonly nullable: boolean;
  /** As Go names it in an error: `int32`, `v1.PodSpec`, `[]v1.Container`. */
  readonly goType: string;
}

export interface ListPlan {
  readonly type: "list";
  readonly nullable: boolean;
  readonly goType: string;
  readonly items: Plan;
}

export interface ObjectPlan {
  readonly type: "object";
  readonly nullable: boolean;
  readonly goType: string;
  /** The Go struct: `PodSpec`. "" for a map. */
  readonly struct: string;
  /** The plan of a key; undefined when the schema does not know it. */
  field(key: string): Plan | undefined;
  /** A map: its keys are the user's. */
  readonly isMap: boolean;
  readonly preserveUnknown: boolean;
}

export type Plan = ScalarPlan | ListPlan | ObjectPlan;

const caches = new WeakMap<SchemaSet, WeakMap<Schema, Plan>>();

export function planFor(schema: Schema, set: SchemaSet): Plan {
  let cache = caches.get(set);
  if (cache === undefined) {
    cache = new WeakMap();
    caches.set(set, cache);
  }
  return new Compiler(set, cache).plan(schema, "");
}

class Compiler {
  readonly #set: SchemaSet;
  readonly #cache: WeakMap<Schema, Plan>;

  constructor(set: SchemaSet, cache: WeakMap<Schema, Plan>) {
    this.#set = set;
    this.#cache = cache;
  }

  plan(schema: Schema, definition: string): Plan {
    let current = schema;
    let name = definition;
    while (current.$ref !== undefined) {
      name = current.$ref.startsWith(schemaRefPrefix) ? current.$ref.slice(schemaRefPrefix.length) : current.$ref;
      const target = this.#set.get(name);
      if (target === undefined) throw new Error(`schema ${name} is referred to and not defined`);
      current = target;
    }
    let plan = this.#cache.get(current);
    if (plan === undefined) {
      plan = this.#compile(current, name);
      this.#cache.set(current, plan);
    }
    return plan;
  }

  #compile(schema: Schema, definition: string): Plan {
    const nullable = schema.nullable === true;
    if (schema["x-kubernetes-int-or-string"]) {
      return schema.format === "quantity"
        ? { type: "quantity", nullable, goType: "resource.Quantity" }
        : { type: "int-or-string", nullable, goType: "intstr.IntOrString" };
    }
    switch (schema.type) {
      case "object":
        return this.#object(schema, definition, nullable);
      case "array": {
        if (schema.items === undefined) return { type: "any", nullable, goType: "[]interface {}" };
        const items = this.plan(schema.items, "");
        return { type: "list", nullable, goType: `[]${items.goType}`, items };
      }
      case "string":
        return stringPlan(schema, definition, nullable);
      case "integer":
        return { type: schema.format === "int32" ? "int32" : "int64", nullable, goType: schema.format ?? "int64" };
      case "number":
        return { type: "number", nullable, goType: "float64" };
      case "boolean":
        return { type: "boolean", nullable, goType: "bool" };
      default:
        return { type: "any", nullable: true, goType: "interface {}" };
    }
  }

  #object(schema: Schema, definition: string, nullable: boolean): Plan {
    const additional = schema.additionalProperties;
    if (schema.properties === undefined && (additional === undefined || additional === true)) {
      return { type: "any", nullable, goType: "map[string]interface {}" };
    }
    const properties = new Map(Object.entries(schema.properties ?? {}));
    if (schema["x-kubernetes-embedded-resource"]) {
      for (const key of ["apiVersion", "kind", "metadata"]) if (!properties.has(key)) properties.set(key, {});
    }
    const values = typeof additional === "object" ? this.plan(additional, "") : undefined;
    const fields = new Map<string, Plan>();
    const field = (key: string): Plan | undefined => {
      const known = fields.get(key);
      if (known !== undefined) return known;
      const property = properties.get(key);
      if (property === undefined) return values;
      const plan = this.plan(property, "");
      fields.set(key, plan);
      return plan;
    };
    const struct = structName(schema, definition);
    return {
      type: "object",
      nullable,
      goType: values === undefined ? struct.qualified : `map[string]${values.goType}`,
      struct: values === undefined ? struct.name : "",
      field,
      isMap: values !== undefined && schema.properties === undefined,
      preserveUnknown: schema["x-kubernetes-preserve-unknown-fields"] === true || additional === true,
    };
  }
}

function stringPlan(schema: Schema, definition: string, nullable: boolean): Plan {
  if (schema.format === "byte") return { type: "byte", nullable, goType: "[]uint8" };
  if (schema.format !== "date-time") return { type: "string", nullable, goType: "string" };
  return definition.endsWith(".MicroTime")
    ? { type: "micro-time", nullable, goType: "v1.MicroTime" }
    : { type: "time", nullable, goType: "v1.Time" };
}

/** `io.k8s.api.apps.v1.DeploymentSpec` is `DeploymentSpec`, and `v1.DeploymentSpec` in full. */
function structName(schema: Schema, definition: string): { name: string; qualified: string } {
  const gvk = schema["x-kubernetes-group-version-kind"]?.[0];
  if (definition === "" && gvk !== undefined) return { name: gvk.kind, qualified: `${gvk.version}.${gvk.kind}` };
  const [version, name] = definition.split(".").slice(-2);
  if (name === undefined) return { name: "", qualified: "map[string]interface {}" };
  return { name, qualified: `${version}.${name}` };
}
