/** A Job's podFailurePolicy and successPolicy. Source: pkg/apis/batch/validation. */

import {
  byteLength,
  duplicate,
  type FieldError,
  type FieldPath,
  invalidOmitted,
  invalidValue,
  notSupported,
  pushAll,
  required,
  seenBefore,
  tooLong,
  tooMany,
  validateNonnegative,
} from "@kubets/apimachinery";
import { qualifiedName } from "../core/pod-field-checks.ts";
import type {
  JobSpec,
  PodFailurePolicy,
  PodFailurePolicyOnExitCodesRequirement,
  PodFailurePolicyOnPodConditionsPattern,
  PodFailurePolicyRule,
  SuccessPolicy,
  SuccessPolicyRule,
} from "../generated/types.ts";
import { parseIndexes } from "./job-indexes.ts";

const limits = { rules: 20, patterns: 20, exitCodes: 255, succeededIndexes: 64 * 1024 };
const actions = ["Count", "FailIndex", "FailJob", "Ignore"];
const statuses = ["False", "True", "Unknown"];
const operators = ["In", "NotIn"];

/** As Go prints a list of strings with %q. */
const listed = (values: readonly string[]) => `valid values: [${values.map((v) => JSON.stringify(v)).join(" ")}]`;

/** Required when empty, with the values that may be. */
function oneOfListed(at: FieldPath, value: string | undefined, supported: readonly string[]): FieldError[] {
  if (!value) return [required(at, listed(supported))];
  return supported.includes(value) ? [] : [notSupported(at, value, supported)];
}

export function validatePodFailurePolicy(policy: PodFailurePolicy, spec: JobSpec, at: FieldPath): FieldError[] {
  const where = at.child("rules");
  const rules = policy.rules ?? [];
  const { containers = [], initContainers = [] } = spec.template?.spec ?? {};
  const names = new Set([...containers, ...initContainers].map((container) => container.name));
  const errors = rules.length > limits.rules ? [tooMany(where, rules.length, limits.rules)] : [];
  return [...errors, ...rules.flatMap((rule, i) => validateFailureRule(rule, spec, names, where.index(i)))];
}

function validateFailureRule(
  rule: PodFailurePolicyRule,
  spec: JobSpec,
  containers: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const { action, onExitCodes, onPodConditions = [] } = rule;
  const errors: FieldError[] = [];
  if (action !== "FailIndex") pushAll(errors, oneOfListed(at.child("action"), action, actions));
  else if (spec.backoffLimitPerIndex === undefined) {
    errors.push(invalidValue(at.child("action"), action, "requires the backoffLimitPerIndex to be set"));
  }
  if (onExitCodes !== undefined) pushAll(errors, validateExitCodes(onExitCodes, containers, at.child("onExitCodes")));
  if (onPodConditions.length > 0) pushAll(errors, validatePatterns(onPodConditions, at.child("onPodConditions")));
  if (onExitCodes !== undefined && onPodConditions.length > 0) {
    errors.push(invalidOmitted(at, "specifying both OnExitCodes and OnPodConditions is not supported"));
  }
  if (onExitCodes === undefined && onPodConditions.length === 0) {
    errors.push(invalidOmitted(at, "specifying one of OnExitCodes and OnPodConditions is required"));
  }
  return errors;
}

function validatePatterns(patterns: readonly PodFailurePolicyOnPodConditionsPattern[], at: FieldPath): FieldError[] {
  const errors = patterns.length > limits.patterns ? [tooMany(at, patterns.length, limits.patterns)] : [];
  return [
    ...errors,
    ...patterns.flatMap(({ type, status }, i) => [
      ...qualifiedName(at.index(i).child("type"), type ?? ""),
      ...oneOfListed(at.index(i).child("status"), status, statuses),
    ]),
  ];
}

function validateExitCodes(
  { operator, containerName, values = [] }: PodFailurePolicyOnExitCodesRequirement,
  containers: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const errors = oneOfListed(at.child("operator"), operator, operators);
  if (containerName !== undefined && !containers.has(containerName)) {
    const why = "must be one of the container or initContainer names in the pod template";
    errors.push(invalidValue(at.child("containerName"), containerName, why));
  }
  const where = at.child("values");
  if (values.length === 0) errors.push(invalidValue(where, values, "at least one value is required"));
  else if (values.length > limits.exitCodes) errors.push(tooMany(where, values.length, limits.exitCodes));
  const seen = seenBefore<number>();
  for (const [i, value] of values.entries()) {
    if (operator === "In" && value === 0) {
      errors.push(invalidValue(where.index(i), value, "must not be 0 for the In operator"));
    }
    if (seen(value)) errors.push(duplicate(where.index(i), value));
  }
  const ordered = values.every((value, i) => i === 0 || values[i - 1]! <= value);
  return ordered ? errors : [...errors, invalidValue(where, values, "must be ordered")];
}

export function validateSuccessPolicy(policy: SuccessPolicy, spec: JobSpec, at: FieldPath): FieldError[] {
  const where = at.child("rules");
  const rules = policy.rules ?? [];
  const errors: FieldError[] = [];
  if (rules.length === 0) {
    errors.push(required(where, "at least one rules must be specified when the successPolicy is specified"));
  }
  if (rules.length > limits.rules) errors.push(tooMany(where, rules.length, limits.rules));
  return [...errors, ...rules.flatMap((rule, i) => validateSuccessRule(rule, spec.completions ?? 0, where.index(i)))];
}

function validateSuccessRule(rule: SuccessPolicyRule, completions: number, at: FieldPath): FieldError[] {
  const { succeededCount, succeededIndexes } = rule;
  const errors: FieldError[] = [];
  if (succeededCount === undefined && succeededIndexes === undefined) {
    errors.push(required(at, "at least one of succeededCount or succeededIndexes must be specified"));
  }
  let total = 0;
  if (succeededIndexes !== undefined) {
    const where = at.child("succeededIndexes");
    if (byteLength(succeededIndexes) > limits.succeededIndexes) errors.push(tooLong(where, limits.succeededIndexes));
    const parsed = parseIndexes(succeededIndexes, completions);
    if ("problem" in parsed) {
      errors.push(invalidValue(where, succeededIndexes, `error parsing succeededIndexes: ${parsed.problem}`));
    } else total = parsed.total;
  }
  if (succeededCount === undefined) return errors;
  const where = at.child("succeededCount");
  pushAll(errors, validateNonnegative(succeededCount, where));
  const atMost = (max: number, what: string) => {
    const why = `must be less than or equal to ${max} (the number of ${what})`;
    if (succeededCount > max) errors.push(invalidValue(where, succeededCount, why));
  };
  atMost(completions, "specified completions");
  if (succeededIndexes !== undefined) atMost(total, "indexes in the specified succeededIndexes field");
  return errors;
}
