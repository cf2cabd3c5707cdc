/** What a patch says of itself, and what kind of object it makes of a custom resource. Source: handlers/patch.go, and apiextensions-apiserver's validator. */

import type { ResourceDefinition } from "@kubets/api";
import {
  apiVersionOf,
  badRequest,
  invalid,
  invalidValue,
  type Json,
  parseApiVersion,
  path,
  type WrittenNumber,
} from "@kubets/apimachinery";
import { isJsonObject } from "../request/body.ts";
import { goTypeOf, typeFaultOf } from "../request/decode-object.ts";

const operationFields: readonly string[] = ["op", "path", "from", "value"];

/**
 * What is odd about a JSON patch's operations, in the order of these.
 * @param duplicates as the decoder found them: `duplicate field "[1].op"`
 * @throws StatusError 400 for what is no list of operations
 */
export function jsonPatchProblems(patch: unknown, duplicates: readonly string[]): string[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw mistyped(patch, "[]handlers.jsonPatchOp");
  const unknown = patch.flatMap((operation: unknown, index) => {
    if (operation === null) return [];
    if (!isJsonObject(operation)) throw mistyped(operation, "handlers.jsonPatchOp");
    for (const field of ["op", "path", "from"]) {
      const given = operation[field] ?? "";
      if (typeof given !== "string") throw mistypedField(given, field);
    }
    const odd = Object.keys(operation).filter((field) => !operationFields.includes(field));
    return odd.map((field) => `unknown field "[${index}].${field}"`);
  });
  const indexOf = (problem: string) => Number(/\[(\d+)\]/.exec(problem)?.[1] ?? 0);
  return [...duplicates, ...unknown].sort((a, b) => indexOf(a) - indexOf(b)).map((problem) => `json patch ${problem}`);
}

/** The numbers in a JSON patch's values, by the paths that they are written to. */
export function jsonPatchNumbers(patch: unknown, numbers: readonly WrittenNumber[]): WrittenNumber[] {
  // A path may be as long as a body, and its value full of numbers.
  const targets = new Map<unknown, readonly string[]>();
  return numbers.flatMap(({ path: [index, field, ...rest], text }) => {
    const operation: unknown = Array.isArray(patch) ? patch[Number(index)] : undefined;
    if (field !== "value" || !isJsonObject(operation) || typeof operation["path"] !== "string") return [];
    const target = targets.get(operation) ?? stepsOf(operation["path"]);
    targets.set(operation, target);
    return [{ path: [...target, ...rest], text }];
  });
}

function stepsOf(pointer: string): string[] {
  const [, ...steps] = pointer.split("/");
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function mistyped(value: unknown, type: string) {
  return badRequest(`error decoding patch: json: cannot unmarshal ${goTypeOf(value)} into Go value of type ${type}`);
}

function mistypedField(value: unknown, field: string) {
  return badRequest(
    `error decoding patch: json: cannot unmarshal ${goTypeOf(value)} into Go struct field jsonPatchOp.${field} of type string`,
  );
}

/**
 * A custom object that a patch made must still say what it is: there is no Go type to say it instead.
 * @param shown the object as the 422 shows it
 * @throws StatusError 422
 */
export function requireCustomType(
  object: unknown,
  definition: ResourceDefinition,
  shown: (value: Json) => string,
): void {
  if (!isJsonObject(object)) return;
  const { kind, apiVersion, metadata } = object;
  const refuse = (why: string) => invalid("", "", "", [invalidValue(path("patch"), shown(object), why)]);
  const fault = typeFaultOf(object);
  if (fault !== undefined) throw refuse(fault);
  if (!kind) throw refuse(`Object 'Kind' is missing in '${shown(object)}'`);
  if (metadata !== undefined && metadata !== null && !isJsonObject(metadata)) {
    throw refuse(`json: cannot unmarshal ${goTypeOf(metadata)} into Go value of type v1.ObjectMeta`);
  }
  const expected = apiVersionOf(definition);
  const errors = [
    ...(apiVersion === expected ? [] : [invalidValue(path("apiVersion"), apiVersion ?? "", `must be ${expected}`)]),
    ...(kind === definition.kind ? [] : [invalidValue(path("kind"), kind, `must be ${definition.kind}`)]),
  ];
  if (errors.length === 0) return;
  const name = isJsonObject(metadata) && typeof metadata["name"] === "string" ? metadata["name"] : "";
  throw invalid(parseApiVersion(String(apiVersion ?? ""))?.group ?? "", String(kind), name, errors);
}
