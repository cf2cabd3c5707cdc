/** The schemas of a CustomResourceDefinition. Source: ValidateCustomResourceDefinitionOpenAPISchema of apiextensions' validation. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { ValidationRule } from "../generated/types.ts";
import { validFieldPath } from "./field-path.ts";
import { listFaults, mapListFaults } from "./list-schema-validation.ts";
import { perExpressionCostLimit, type RuleContext, type SchemaChecks } from "./rule-cost.ts";
import { isSchema, itemsOf, type JSONSchemaProps, structuralFault, valuesOf } from "./structural-schema.ts";

export interface SchemaRules {
  readonly checks: SchemaChecks;
  readonly requireValidTypes: boolean;
  readonly requireAtomicSets: boolean;
  readonly requireMapKeys: boolean;
  /** The schema was there before: what its rules cost is not looked at again. */
  readonly suppressRuleCost: boolean;
}

/** Where the walk is, beyond the path. */
export interface Place {
  readonly root: boolean;
  /** Why defaults are not allowed here; undefined where they are. */
  readonly noDefaults?: string;
  readonly insideMeta: boolean;
  /** The outermost place whose parts cannot be told apart between two revisions of an object. */
  readonly uncorrelatable?: FieldPath;
  /** Undefined where rules are not looked at. */
  readonly context?: RuleContext | undefined;
}

/** Faults of the schema, and of its rules. */
export interface SchemaFaults {
  readonly schema: FieldError[];
  readonly rules: FieldError[];
}

export const openApiTypes = ["array", "boolean", "integer", "number", "object", "string"];
const metaFields = new Set(["metadata", "kind", "apiVersion"]);

export function validateSchema(schema: JSONSchemaProps, at: FieldPath, place: Place, rules: SchemaRules): SchemaFaults {
  const faults: SchemaFaults = { schema: own(schema, at, place, rules), rules: [] };
  for (const [part, where, inside] of hasParts(schema) ? parts(schema, at, place) : []) {
    const below = validateSchema(part, where, inside, rules);
    pushAll(faults.schema, below.schema);
    pushAll(faults.rules, below.rules);
  }
  pushAll(faults.schema, listFaults(schema, at, rules.requireAtomicSets));
  if (rules.requireMapKeys) pushAll(faults.schema, mapListFaults(schema, at));
  const expressions = schema["x-kubernetes-validations"] ?? [];
  for (const [i, rule] of expressions.entries()) {
    pushAll(faults.schema, ruleFaults(rule, schema, at.child("x-kubernetes-validations").index(i)));
  }
  // A schema with faults may not be a type that expressions can be compiled for.
  if (expressions.length > 0 && faults.schema.length === 0 && place.context !== undefined) {
    pushAll(faults.rules, compiledFaults(schema, at, place, place.context, rules));
  }
  return faults;
}

/** Upstream's specStandardValidatorV3, and what may not be said of properties. */
function own(schema: JSONSchemaProps, at: FieldPath, place: Place, rules: SchemaRules): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "" } = schema;
  const forbid = (field: string, why: string) => errors.push(forbiddenField(at.child(field), why));
  if (rules.requireValidTypes && type !== "" && !openApiTypes.includes(type)) {
    errors.push(notSupported(at.child("type"), type, openApiTypes));
  }
  if (hasDefault(schema) && place.noDefaults !== undefined) {
    forbid("default", place.noDefaults === "" ? "must not be set" : `must not be set ${place.noDefaults}`);
  }
  for (const field of ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] as const) {
    const value = schema[field];
    const set = field === "additionalItems" || field === "dependencies" || field === "$ref";
    if (value === undefined || value === "") continue;
    if (set || typeof value === "string" || Object.keys(value as object).length > 0)
      forbid(field, `${field} is not supported`);
  }
  if (type === "null") forbid("type", "type cannot be set to null, use nullable as an alternative");
  if (Array.isArray(schema.items) && schema.items.length > 0) {
    forbid("items", "items must be a schema object and not an array");
  }
  if (place.insideMeta && schema["x-kubernetes-embedded-resource"]) {
    forbid("x-kubernetes-embedded-resource", "must not be used inside of resource meta");
  }
  if (schema.uniqueItems) {
    forbid("uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
  }
  const hasProperties = Object.keys(schema.properties ?? {}).length > 0;
  if (hasProperties && schema.additionalProperties !== undefined && schema.additionalProperties !== true) {
    forbid("additionalProperties", "additionalProperties and properties are mutual exclusive");
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    const where = at.child("x-kubernetes-preserve-unknown-fields");
    errors.push(invalidValue(where, false, "must be true or undefined"));
  }
  return errors;
}

function hasDefault({ default: value }: JSONSchemaProps): boolean {
  return value !== undefined && value !== null;
}

type Part = readonly [schema: JSONSchemaProps, at: FieldPath, place: Place];

/** Most have none. */
function hasParts(schema: JSONSchemaProps): boolean {
  const { properties, items, additionalProperties, not, allOf, anyOf, oneOf, definitions, dependencies } = schema;
  const one = properties ?? items ?? additionalProperties ?? not ?? allOf ?? anyOf ?? oneOf;
  return (one ?? definitions ?? dependencies) !== undefined;
}

function parts(schema: JSONSchemaProps, at: FieldPath, place: Place): Part[] {
  const all: Part[] = [];
  const { context } = place;
  const inside: Place = { ...place, root: false };
  const values = valuesOf(schema);
  if (values !== undefined) {
    const why = "inside additionalProperties applying to object metadata";
    const where = { ...inside, ...(place.insideMeta ? { noDefaults: why } : {}), context: context?.below(values) };
    all.push([values, at.child("additionalProperties"), where]);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    all.push([property, at.child("properties").key(name), propertyPlace(name, property, schema, place)]);
  }
  const bare: Place = { ...inside, context: undefined };
  if (schema.not !== undefined) all.push([schema.not, at.child("not"), bare]);
  for (const field of ["allOf", "oneOf", "anyOf"] as const) {
    for (const [i, each] of (schema[field] ?? []).entries()) all.push([each, at.child(field).index(i), bare]);
  }
  for (const [name, each] of Object.entries(schema.definitions ?? {})) {
    all.push([each, at.child("definitions").key(name), bare]);
  }
  pushAll(all, itemParts(schema, at, inside, context));
  for (const [name, each] of Object.entries(schema.dependencies ?? {})) {
    if (isSchema(each)) all.push([each, at.child("dependencies").key(name), bare]);
  }
  return all;
}

function propertyPlace(name: string, property: JSONSchemaProps, of: JSONSchemaProps, place: Place): Place {
  const isMeta = (place.root || of["x-kubernetes-embedded-resource"] === true) && metaFields.has(name);
  return {
    ...place,
    root: false,
    insideMeta: place.insideMeta || isMeta,
    ...(isMeta && place.root ? { noDefaults: `in top-level ${name}` } : {}),
    context: place.context?.below(property),
  };
}

function itemParts(schema: JSONSchemaProps, at: FieldPath, place: Place, context: RuleContext | undefined): Part[] {
  const correlatable = schema["x-kubernetes-list-type"] === "map" || place.uncorrelatable !== undefined;
  const inside = correlatable ? place : { ...place, uncorrelatable: at };
  const items = itemsOf(schema);
  if (items !== undefined) return [[items, at.child("items"), { ...inside, context: context?.below(items) }]];
  const several = Array.isArray(schema.items) ? schema.items : [];
  return several.map((each, i) => [each, at.child("items").index(i), { ...inside, context: undefined }]);
}

const reasons = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];
const lineBreaks = /[\n\r]/;

/** What can be said of a rule without compiling it. */
function ruleFaults(rule: ValidationRule, schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { message = "", messageExpression = "", fieldPath = "", reason } = rule;
  const expression = (rule.rule ?? "").trim();
  if (expression === "") errors.push(required(at.child("rule"), "rule is not specified"));
  else if (message !== "" && message.trim() === "") {
    errors.push(invalidValue(at.child("message"), message, "must be non-empty if specified"));
  } else if (lineBreaks.test(message.trim())) {
    errors.push(invalidValue(at.child("message"), message, "must not contain line breaks"));
  } else if (lineBreaks.test(expression) && message.trim() === "") {
    errors.push(required(at.child("message"), "message must be specified if rule contains line breaks"));
  }
  if (messageExpression !== "" && messageExpression.trim() === "") {
    errors.push(required(at.child("messageExpression"), "messageExpression must be non-empty if specified"));
  }
  if (reason !== undefined && !reasons.includes(reason)) errors.push(notSupported(at.child("reason"), reason, reasons));
  const pathAt = at.child("fieldPath");
  if (fieldPath !== "" && fieldPath.trim() === "") {
    errors.push(invalidValue(pathAt, fieldPath, "must be non-empty if specified"));
  }
  if (lineBreaks.test(fieldPath)) errors.push(invalidValue(pathAt, fieldPath, "must not contain line breaks"));
  const unsure = structuralFault(schema) !== undefined;
  if (fieldPath !== "" && !unsure && typeof validFieldPath(fieldPath, schema) === "string") {
    errors.push(invalidValue(pathAt, fieldPath, "must be a valid path"));
  }
  return errors;
}

/** A rule as Go prints it in an error. */
function printed(rule: ValidationRule): object {
  return {
    Rule: rule.rule,
    Message: rule.message ?? "",
    MessageExpression: rule.messageExpression ?? "",
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? "",
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  };
}

function compiledFaults(
  schema: JSONSchemaProps,
  at: FieldPath,
  place: Place,
  context: RuleContext,
  { checks, suppressRuleCost }: SchemaRules,
): FieldError[] {
  const rules = schema["x-kubernetes-validations"] ?? [];
  const compiled = checks.compileRules(schema, context.isRoot || schema["x-kubernetes-embedded-resource"] === true);
  if (compiled.some(({ isUntyped }) => isUntyped)) return [untyped(at.child("x-kubernetes-validations"))];
  return compiled.flatMap((result, i) => {
    const errors: FieldError[] = [];
    const rule = rules[i]!;
    const where = at.child("x-kubernetes-validations").index(i);
    const cost = context.costOf(result.maxCost, result.maxCardinality);
    if (!suppressRuleCost && cost > perExpressionCostLimit) {
      const text = costMessage("estimated rule cost", cost, perExpressionCostLimit);
      errors.push(forbiddenField(where.child("rule"), text));
    }
    context.total.observe(where.child("rule"), cost);
    if (result.error !== undefined) errors.push(invalidValue(where.child("rule"), printed(rule), result.error));
    const messageAt = where.child("messageExpression");
    if (result.messageError !== undefined) errors.push(invalidValue(messageAt, printed(rule), result.messageError));
    else if (result.messageMaxCost !== undefined) {
      if (!suppressRuleCost && result.messageMaxCost > perExpressionCostLimit) {
        const text = costMessage("estimated messageExpression cost", result.messageMaxCost, perExpressionCostLimit);
        errors.push(forbiddenField(messageAt, text));
      }
      context.total.observe(messageAt, result.messageMaxCost);
    }
    if (result.usesOldSelf) {
      const path = place.uncorrelatable;
      const why = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${path}`;
      if (path !== undefined) errors.push(invalidValue(where.child("rule"), rule.rule, why));
    } else if (rule.optionalOldSelf !== undefined) {
      const why = "may not be set if oldSelf is not used in rule";
      errors.push(invalidValue(where.child("optionalOldSelf"), rule.optionalOldSelf, why));
    }
    return errors;
  });
}

/** How much too much something costs. */
export function costMessage(what: string, cost: number, limit: number): string {
  const factor = cost / limit;
  const text = factor > 100 ? "more than 100x" : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`;
  return `${what} exceeds budget by factor of ${text} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)`;
}

/** Upstream calls it its own fault. */
function untyped(at: FieldPath): FieldError {
  const why = "unable to convert structural schema to CEL declarations";
  return {
    type: "InternalError",
    field: at.toString(),
    message: `Internal error: internal error: failed to construct type information for x-kubernetes-validations rules: ${why}`,
  };
}
