/** Names, lists and values that the validation of claims and of slices share. Source: pkg/apis/resource/validation. */

import {
  byteLength,
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isCIdentifier,
  isDNS1123Label,
  isDNS1123Subdomain,
  isValidLabelValue,
  notSupported,
  pushAll,
  required,
  tooLong,
  tooMany,
  validateLabelName,
  writeJson,
} from "@kubets/apimachinery";
import { driverName } from "../core/name-checks.ts";
import { complaints } from "../core/pod-field-checks.ts";
import type { DeviceSelector, DeviceTaint, DeviceToleration, OpaqueDeviceConfiguration } from "../generated/types.ts";

const maxSelectors = 32;
export const maxConfigurations = 32;
const maxExpression = 10 * 1024;
const maxParameters = 10 * 1024;
const maxPoolName = 253;
const maxIdentifier = 32;

/** Too many is all that is said of a list that is too long. */
export function validateList<T>(
  list: readonly T[] | undefined,
  max: number,
  at: FieldPath,
  check: (item: T, at: FieldPath) => FieldError[],
): FieldError[] {
  if (list === undefined) return [];
  if (list.length > max) return [tooMany(at, list.length, max)];
  return list.flatMap((item, i) => check(item, at.index(i)));
}

/** A list in which a key comes once. */
export function validateSet<T>(
  list: readonly T[] | undefined,
  max: number,
  at: FieldPath,
  keyOf: (item: T) => unknown,
  check: (item: T, at: FieldPath) => FieldError[],
): FieldError[] {
  const errors = validateList(list, max, at, check);
  if (list === undefined || list.length > max) return errors;
  const seen = new Set<string>();
  for (const [i, item] of list.entries()) {
    const key = writeJson(keyOf(item));
    if (seen.has(key)) errors.push(duplicate(at.index(i), keyOf(item)));
    seen.add(key);
  }
  return errors;
}

export const label = (name: string | undefined, at: FieldPath) =>
  complaints(at, name ?? "", isDNS1123Label(name ?? ""));

export function className(name: string | undefined, at: FieldPath): FieldError[] {
  return name ? complaints(at, name, isDNS1123Subdomain(name)) : [required(at)];
}

/** Domains with slashes between. */
export function poolName(name: string | undefined, at: FieldPath): FieldError[] {
  if (!name) return [required(at)];
  const errors = byteLength(name) > maxPoolName ? [tooLong(at, maxPoolName)] : [];
  return [...errors, ...name.split("/").flatMap((part) => complaints(at, part, isDNS1123Subdomain(part)))];
}

function identifier(text: string, at: FieldPath): FieldError[] {
  const errors = byteLength(text) > maxIdentifier ? [tooLong(at, maxIdentifier)] : [];
  return [...errors, ...complaints(at, text, isCIdentifier(text))];
}

/** `name` or `domain/name`. */
export function deviceQualifiedName(name: string, at: FieldPath): FieldError[] {
  const parts = name.split("/");
  const [domain = "", id = ""] = parts;
  if (parts.length === 1) return identifier(domain, at);
  if (parts.length > 2) return [];
  return [
    ...(domain === "" ? [invalidValue(at, "", "the domain must not be empty")] : driverName(at, domain)),
    ...(id === "" ? [invalidValue(at, "", "the name must not be empty")] : identifier(id, at)),
  ];
}

export function fullyQualifiedName(name: string, at: FieldPath): FieldError[] {
  const errors = deviceQualifiedName(name, at);
  if (name.includes("/")) return errors;
  const why = "a fully qualified name must be a domain and a name separated by a slash";
  return [...errors, invalidValue(at, name, why)];
}

/** What is wrong with a selector's expression. This package knows no CEL: who writes such objects hands in a check that does. */
export type SelectorCheck = (expression: string, at: FieldPath) => readonly FieldError[];

/** Expressions too long are not compiled. */
export function validateSelectors(
  selectors: readonly DeviceSelector[] | undefined,
  at: FieldPath,
  check: SelectorCheck = () => [],
): FieldError[] {
  return validateList(selectors, maxSelectors, at, ({ cel }, item) => {
    if (cel === undefined) return [required(item.child("cel"))];
    const where = item.child("cel", "expression");
    const { expression = "" } = cel;
    return byteLength(expression) > maxExpression ? [tooLong(where, maxExpression)] : [...check(expression, where)];
  });
}

export function validateConfiguration(opaque: OpaqueDeviceConfiguration | undefined, at: FieldPath): FieldError[] {
  const where = at.child("opaque");
  if (opaque === undefined) return [required(where)];
  return [
    ...driverName(where.child("driver"), opaque.driver ?? ""),
    ...validateRaw(opaque.parameters, where.child("parameters"), maxParameters),
  ];
}

export function validateRaw(value: unknown, at: FieldPath, max: number): FieldError[] {
  if (value === undefined || value === null) return [required(at)];
  if (byteLength(writeJson(value)) > max) return [tooLong(at, max)];
  const isObject = typeof value === "object" && !Array.isArray(value);
  return isObject ? [] : [invalidValue(at, "<value omitted>", "must be a valid JSON object")];
}

const effects = ["NoExecute", "NoSchedule", "None"];

export function validateTaint(taint: DeviceTaint, at: FieldPath): FieldError[] {
  const { key = "", value = "", effect = "" } = taint;
  const errors = [
    ...validateLabelName(key, at.child("key")),
    ...complaints(at.child("value"), value, isValidLabelValue(value)),
  ];
  if (effect === "") return [...errors, required(at.child("effect"))];
  return effects.includes(effect) ? errors : [...errors, notSupported(at.child("effect"), effect, effects)];
}

export function validateToleration(toleration: DeviceToleration, at: FieldPath): FieldError[] {
  const { key = "", operator = "", value = "", effect = "" } = toleration;
  const errors = key === "" ? [] : validateLabelName(key, at.child("key"));
  switch (operator) {
    case "Exists":
      if (value !== "") errors.push(invalidValue(at.child("value"), value, "must be empty for operator `Exists`"));
      break;
    case "Equal":
      pushAll(errors, complaints(at.child("value"), value, isValidLabelValue(value)));
      break;
    case "":
      errors.push(required(at.child("operator")));
      break;
    default:
      errors.push(notSupported(at.child("operator"), operator, ["Equal", "Exists"]));
  }
  if (effect === "" || effects.includes(effect)) return errors;
  return [...errors, notSupported(at.child("effect"), effect, effects)];
}

const maxConditions = 4;

/** What must, and must not, become true of a device before a Pod is bound. */
export function validateBindingConditions(
  bindingConditions: readonly string[] = [],
  bindingFailureConditions: readonly string[] = [],
  at: FieldPath,
): FieldError[] {
  const [good, bad] = [at.child("bindingConditions"), at.child("bindingFailureConditions")];
  const errors = [
    ...validateList(bindingConditions, maxConditions, good, validateLabelName),
    ...validateList(bindingFailureConditions, maxConditions, bad, validateLabelName),
  ];
  const [wanted, unwanted] = [new Set<string>(), new Set<string>()];
  for (const [i, name] of bindingConditions.entries()) {
    if (wanted.has(name)) errors.push(duplicate(good.index(i), name));
    wanted.add(name);
  }
  for (const [i, name] of bindingFailureConditions.entries()) {
    if (unwanted.has(name)) errors.push(duplicate(bad.index(i), name));
    unwanted.add(name);
    if (wanted.has(name)) {
      const why = "bindingFailureConditions must not overlap with bindingConditions";
      errors.push(invalidValue(bad.index(i), name, why));
    }
  }
  if ((bindingConditions.length === 0) === (bindingFailureConditions.length === 0)) return errors;
  const [missing, needed, used] =
    bindingConditions.length === 0
      ? [good, "bindingConditions", "bindingFailureConditions"]
      : [bad, "bindingFailureConditions", "bindingConditions"];
  return [...errors, invalidValue(missing, null, `${needed} are required to use ${used}`)];
}
