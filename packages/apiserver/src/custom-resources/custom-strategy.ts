/** The strategy of custom objects, and of their status. Source: apiextensions-apiserver's registry/customresource. */

import type { ResourceDefinition, StatusStrategy, Strategy } from "@kubets/api";
import {
  clone,
  deepEqual,
  type FieldError,
  FieldPath,
  invalidValue,
  isInteger,
  type KubeObject,
  path,
  pushAll,
  writeJson,
} from "@kubets/apimachinery";
import { coerce } from "./coerce.ts";
import { Correlation } from "./correlation.ts";
import { embeddedFaults } from "./embedded-resources.ts";
import { finalizerWarnings } from "./finalizer-warnings.ts";
import { listFaults } from "./list-types.ts";
import { isObject, type JsonObject } from "./schema-node.ts";
import { faultsOf } from "./value-faults.ts";
import type { VersionSchema } from "./version-schema.ts";

const root = new FieldPath();

/** Faults that make rules meaningless. */
const blocking = new Set<FieldError["type"]>([
  "FieldValueNotSupported",
  "FieldValueRequired",
  "FieldValueTooLong",
  "FieldValueTooMany",
  "FieldValueTypeInvalid",
]);

const unchecked: FieldError = {
  type: "FieldValueInvalid",
  field: "<nil>",
  message:
    "Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation",
};

export class CustomStrategies {
  readonly #schema: VersionSchema;
  readonly #hasStatus: boolean;
  /** Rules that an unchanged part breaks are told as warnings, once the write is known to be good. */
  readonly #warnings = new WeakMap<KubeObject, string[]>();

  constructor(schema: VersionSchema) {
    this.#schema = schema;
    this.#hasStatus = schema.version.subresources?.status !== undefined;
  }

  /** Fills in defaults and prunes, in place; gives the paths of what was dropped. */
  decode(object: KubeObject, applied = false): string[] {
    const { node, preserveUnknownFields } = this.#schema;
    const options = { strict: true, prune: !preserveUnknownFields, defaults: true, keepNulls: applied };
    return coerce(object as unknown as JsonObject, node, options).unknownFields;
  }

  get strategy(): Strategy {
    return {
      // After admission has changed it: what webhooks wrote is pruned, and what they took away comes back.
      setDefaults: (object) => void this.decode(object),
      prepareForCreate: (object) => {
        if (this.#hasStatus) delete (object as JsonObject)["status"];
        object.metadata!.generation = 1;
      },
      prepareForUpdate: (object, old) => this.#prepareForUpdate(object, old),
      validate: (object) => this.#validate(object, undefined),
      validateUpdate: (object, old) => this.#validate(object, old),
      warnings: (object, old) => [...finalizerWarnings(object, old), ...(this.#warnings.get(object) ?? [])],
      allowUnconditionalUpdate: false,
    };
  }

  get status(): StatusStrategy {
    return {
      prepareForUpdate: takeStatus,
      validateUpdate: (object, old) => this.#validateStatus(object, old),
    };
  }

  #prepareForUpdate(object: KubeObject, old: KubeObject): void {
    if (this.#hasStatus) {
      const { status } = old as JsonObject;
      if (status === undefined) delete (object as JsonObject)["status"];
      else (object as JsonObject)["status"] = clone(status);
    }
    if (sameButMetadata(object, old)) return;
    object.metadata!.generation = (old.metadata?.generation ?? 0) + 1;
  }

  #validate(object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const { check, schema, node, version } = this.#schema;
    const correlation = old === undefined ? undefined : new Correlation(object, old, node);
    const errors = check(object) ? [] : faultsOf(object, schema, undefined, correlation);
    const { scale } = version.subresources ?? {};
    if (scale !== undefined) {
      pushAll(errors, [
        ...replicaFaults(object, scale.specReplicasPath),
        ...replicaFaults(object, scale.statusReplicasPath),
      ]);
      if (scale.labelSelectorPath) pushAll(errors, selectorFaults(object, scale.labelSelectorPath));
    }
    if (node.hasEmbedded) pushAll(errors, embeddedFaults(object, node, root));
    pushAll(errors, this.#listFaults(object, old));
    return this.#withRules(errors, object, old, correlation);
  }

  /** What was wrong with the lists before stays allowed. */
  #listFaults(object: KubeObject, old: KubeObject | undefined): FieldError[] {
    const { node } = this.#schema;
    if (!node.hasLists) return [];
    const faults = listFaults(object, node, root);
    return faults.length > 0 && old !== undefined && listFaults(old, node, root).length > 0 ? [] : faults;
  }

  #withRules(
    errors: FieldError[],
    object: KubeObject,
    old: KubeObject | undefined,
    correlation: Correlation | undefined,
  ): FieldError[] {
    const { rules } = this.#schema;
    if (rules.empty) return errors;
    if (errors.some(({ type }) => blocking.has(type))) return [...errors, unchecked];
    const warnings: string[] = [];
    const found = this.#schema.validateRules(object, old, {
      ...(correlation === undefined ? {} : { correlation }),
      warn: (text) => warnings.push(text),
    });
    if (warnings.length > 0) this.#warnings.set(object, warnings);
    return [...errors, ...found.errors];
  }

  #validateStatus(object: KubeObject, old: KubeObject): FieldError[] {
    const { statusSchema, statusCheck, node, version } = this.#schema;
    const correlation = new Correlation(object, old, node);
    const { status } = object as JsonObject;
    const errors: FieldError[] = [];
    if (status !== undefined && statusSchema !== undefined && !statusCheck(status)) {
      pushAll(errors, faultsOf(status, statusSchema, path("status"), correlation.key("status")));
    }
    const { scale } = version.subresources ?? {};
    if (scale !== undefined) {
      pushAll(errors, replicaFaults(object, scale.statusReplicasPath));
      if (scale.labelSelectorPath) pushAll(errors, selectorFaults(object, scale.labelSelectorPath));
    }
    pushAll(errors, this.#listFaults(object, old));
    return this.#withRules(errors, object, old, correlation);
  }
}

/** A write of the status changes nothing else. */
function takeStatus(object: KubeObject, old: KubeObject): void {
  const { status } = object as JsonObject;
  const { managedFields } = object.metadata ?? {};
  for (const key of Object.keys(object)) delete (object as JsonObject)[key];
  Object.assign(object, clone(old));
  if (managedFields === undefined) delete object.metadata!.managedFields;
  else object.metadata!.managedFields = managedFields;
  if (status === undefined) delete (object as JsonObject)["status"];
  else (object as JsonObject)["status"] = status;
}

function sameButMetadata(object: KubeObject, old: KubeObject): boolean {
  const { metadata: _, ...content } = object;
  const { metadata: __, ...before } = old;
  return deepEqual(content, before);
}

/** The value at a path like `.spec.replicas`; a fault where something on the way is no object. */
function nested(object: KubeObject, jsonPath: string): { value: unknown; fault?: string } {
  let value: unknown = object;
  const steps = jsonPath.replace(/^\./, "").split(".");
  for (const [i, step] of steps.entries()) {
    if (!isObject(value)) {
      const at = `.${steps.slice(0, i + 1).join(".")}`;
      return {
        value: undefined,
        fault: `${at} accessor error: ${goText(value)} is of the type ${goType(value)}, expected map[string]interface{}`,
      };
    }
    value = Object.hasOwn(value, step) ? value[step] : undefined;
    if (value === undefined) return { value: undefined };
  }
  return { value };
}

function goType(value: unknown): string {
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  if (typeof value === "boolean") return "bool";
  if (Array.isArray(value)) return "[]interface {}";
  return value === null ? "<nil>" : typeof value === "string" ? "string" : "map[string]interface {}";
}

const maxReplicas = 2 ** 31 - 1;

function replicaFaults(object: KubeObject, jsonPath: string): FieldError[] {
  const { value, fault } = nested(object, jsonPath);
  const at = path(jsonPath);
  if (fault !== undefined) return [invalidValue(at, 0, fault)];
  if (value === undefined) return [];
  if (!isInteger(value)) {
    const why = `${jsonPath} accessor error: ${goText(value)} is of the type ${goType(value)}, expected int64`;
    return [invalidValue(at, 0, why)];
  }
  if ((value as number) < 0) return [invalidValue(at, value, "should be a non-negative integer")];
  return (value as number) > maxReplicas
    ? [invalidValue(at, value, `should be less than or equal to ${maxReplicas}`)]
    : [];
}

function selectorFaults(object: KubeObject, jsonPath: string): FieldError[] {
  const { value, fault } = nested(object, jsonPath);
  const found = `${jsonPath} accessor error: ${goText(value)} is of the type ${goType(value)}, expected string`;
  const why = fault ?? (value === undefined || typeof value === "string" ? undefined : found);
  return why === undefined ? [] : [invalidValue(path(jsonPath), "", why)];
}

export type CustomParts = Pick<ResourceDefinition, "strategy" | "status" | "decode">;

/** What a definition has of a version's schema. */
export function strategiesOf(schema: VersionSchema): CustomParts {
  const strategies = new CustomStrategies(schema);
  const hasStatus = schema.version.subresources?.status !== undefined;
  return {
    strategy: strategies.strategy,
    decode: (object, applied) => strategies.decode(object, applied),
    ...(hasStatus ? { status: strategies.status } : {}),
  };
}

/** Go prints a text without quotes. */
function goText(value: unknown): string {
  return typeof value === "string" ? value : writeJson(value);
}
