/** What validation of a CRD cannot do without an engine: patterns by RE2, defaults by the validator of objects, rules by CEL. */

import type { JSONSchemaProps, SchemaChecks } from "@kubets/api/apiextensions";
import {
  clone,
  DecodeError,
  deepEqual,
  type FieldError,
  type FieldPath,
  invalidValue,
  pushAll,
  writeJson,
} from "@kubets/apimachinery";
import { runtimeCostBudget } from "@kubets/cel";
import { coerce } from "./coerce.ts";
import { embeddedFaults, resourceFaults } from "./embedded-resources.ts";
import { patternFault } from "./patterns.ts";
import { compiledRules } from "./rule-compiler.ts";
import { Rules } from "./rules.ts";
import { isObject, type JsonObject, metaFields, type SchemaNode, schemaNode } from "./schema-node.ts";
import { faultsOf } from "./value-faults.ts";

export { preparePatterns } from "./patterns.ts";
export { prepareRules } from "./prepare-rules.ts";

export const crdChecks: SchemaChecks = {
  patternFault,
  validateDefaults(schema, at, requirePruned) {
    if (!hasDefaults(schema)) return [];
    const node = schemaNode(schema);
    const walk = new DefaultsWalk(requirePruned);
    walk.visit(node, at, { root: true, meta: undefined });
    return walk.errors;
  },
  hasUnprunedDefaults: (schema) => someNode(schemaNode(schema), (node) => isUnpruned(node)),
  compileRules: compiledRules,
};

function hasDefaults(schema: JSONSchemaProps): boolean {
  const text = writeJson(schema);
  return text.includes('"default":') && someNode(schemaNode(schema), (node) => node.default !== undefined);
}

function someNode(node: SchemaNode, found: (node: SchemaNode) => boolean): boolean {
  if (found(node)) return true;
  const below = [...node.properties.values(), node.values, node.items];
  return below.some((each) => each !== undefined && someNode(each, found));
}

/** Pruned by its own schema it would be less. */
function isUnpruned(node: SchemaNode): boolean {
  if (typeof node.default !== "object") return false;
  const holder: JsonObject = { value: clone(node.default) };
  prune(holder, node);
  return !deepEqual(holder["value"], node.default);
}

function prune(holder: JsonObject, node: SchemaNode): void {
  const { default: _, ...plain } = node;
  const around = {
    ...schemaNode({ type: "object" }),
    properties: new Map([["value", { ...plain, default: undefined }]]),
  };
  coerce(holder, around, { strict: false, prune: true, defaults: false });
}

interface Place {
  readonly root: boolean;
  /** Within TypeMeta or ObjectMeta: makes an object around a value. */
  readonly meta: ((value: unknown) => JsonObject) | undefined;
}

const typeMeta = { kind: "Validation", apiVersion: "validation/v1" };

class DefaultsWalk {
  readonly errors: FieldError[] = [];
  readonly #requirePruned: boolean;
  #budget = runtimeCostBudget;

  constructor(requirePruned: boolean) {
    this.#requirePruned = requirePruned;
  }

  visit(node: SchemaNode, at: FieldPath, place: Place): void {
    const meta = node.embedded ? undefined : place.meta;
    if (node.default !== undefined) this.#check(node, at.child("default"), meta, place.root || node.embedded);
    if (this.#budget < 0) return;
    const inside = { root: false, meta: meta === undefined ? undefined : (value: unknown) => meta([value]) };
    if (node.items !== undefined) this.visit(node.items, at.child("items"), inside);
    for (const [name, property] of node.properties) {
      const begins = (place.root || node.embedded) && metaFields.has(name);
      const around = begins ? (value: unknown) => ({ ...typeMeta, [name]: value }) : childOf(meta, name);
      this.visit(property, at.child("properties").key(name), { root: false, meta: around });
    }
  }

  #check(node: SchemaNode, at: FieldPath, meta: Place["meta"], isResourceRoot: boolean): void {
    const value = node.default;
    if (meta !== undefined) {
      const faults = resourceFaults(meta(clone(value)), at);
      const why = `must result in valid metadata: ${faults.map(({ field, message }) => `${field}: ${message}`).join(", ")}`;
      if (faults.length > 0) {
        this.errors.push(invalidValue(at, value, why));
        return;
      }
    } else {
      if (this.#requirePruned && isUnpruned(node))
        this.errors.push(invalidValue(at, value, "must not have unknown fields"));
      const faults = node.hasEmbedded ? embeddedDefaultFaults(value, node, at) : [];
      pushAll(this.errors, faults);
      if (faults.length > 0) return;
    }
    const faults = faultsOf(value, node.schema, at);
    pushAll(this.errors, faults);
    if (faults.length === 0) this.#rules(node, at, isResourceRoot);
  }

  #rules(node: SchemaNode, at: FieldPath, isResourceRoot: boolean): void {
    const rules = new Rules(node, isResourceRoot);
    if (rules.empty) return;
    const same = rules.validate(node.default, node.default, at, { budget: this.#budget });
    pushAll(this.errors, same.errors);
    const fresh = same.errors.length > 0 ? same : rules.validate(node.default, undefined, at, { budget: this.#budget });
    if (fresh !== same) pushAll(this.errors, fresh.errors);
    this.#budget = Math.min(same.remaining, fresh.remaining);
  }
}

function childOf(meta: Place["meta"], name: string): Place["meta"] {
  return meta === undefined ? undefined : (value) => meta({ [name]: value });
}

function embeddedDefaultFaults(value: unknown, node: SchemaNode, at: FieldPath): FieldError[] {
  const holder: JsonObject = { value: clone(value) };
  try {
    const around = { ...schemaNode({ type: "object" }), properties: new Map([["value", node]]), hasEmbedded: true };
    coerce(holder, around, { strict: true, prune: false, defaults: false });
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return [invalidValue(at, value, error.message)];
  }
  return isObject(value) || Array.isArray(value) ? embeddedFaults(value, node, at) : [];
}
