/** Tolerations, scheduling gates and topology spread. Source: ValidateTolerations, validateSchedulingGates, validateTopologySpreadConstraints. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isValidLabelValue,
  type LabelSelector,
  notSupported,
  pushAll,
  required,
  seenBefore,
  validateLabelName,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type { PodSchedulingGate, Toleration, TopologySpreadConstraint } from "../generated/types.ts";
import { notPositiveMessage, qualifiedName, supportedOrAbsent } from "./pod-field-checks.ts";

const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function validateTolerations(tolerations: readonly Toleration[] | undefined, at: FieldPath): FieldError[] {
  return (tolerations ?? []).flatMap((toleration, i) => validateToleration(toleration, at.index(i)));
}

function validateToleration(toleration: Toleration, at: FieldPath): FieldError[] {
  const { key = "", operator = "", value = "", effect = "" } = toleration;
  const errors: FieldError[] = key === "" ? [] : validateLabelName(key, at.child("key"));
  if (key === "" && operator !== "Exists")
    errors.push(
      invalidValue(
        at.child("operator"),
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ),
    );
  if (toleration.tolerationSeconds !== undefined && effect !== "NoExecute")
    errors.push(invalidValue(at.child("effect"), effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  pushAll(errors, validateTolerationOperator(operator, value, at.child("operator")));
  if (effect !== "") pushAll(errors, supportedOrAbsent(at.child("effect"), effect, taintEffects));
  return errors;
}

function validateTolerationOperator(operator: string, value: string, at: FieldPath): FieldError[] {
  switch (operator) {
    case "":
    case "Equal": {
      const wrong = isValidLabelValue(value);
      return wrong.length === 0 ? [] : [invalidValue(at, value, wrong.join(";"))];
    }
    case "Exists":
      return value === "" ? [] : [invalidValue(at, value, "value must be empty when `operator` is 'Exists'")];
    default:
      return [notSupported(at, operator, ["Equal", "Exists"])];
  }
}

export function validateSchedulingGates(gates: readonly PodSchedulingGate[] | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { name = "" }] of (gates ?? []).entries()) {
    pushAll(errors, qualifiedName(at.index(i), name));
    if (seen.has(name)) errors.push(duplicate(at.index(i), name));
    seen.add(name);
  }
  return errors;
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[] | undefined,
  at: FieldPath,
): FieldError[] {
  const given = constraints ?? [];
  const keys = given.map(({ topologyKey, whenUnsatisfiable }) => JSON.stringify([topologyKey, whenUnsatisfiable]));
  const seen = seenBefore<string>();
  const comeAgain = keys.reverse().map(seen).reverse();
  return given.flatMap((each, i) => validateSpreadConstraint(each, comeAgain[i]!, at.index(i)));
}

function validateSpreadConstraint(
  constraint: TopologySpreadConstraint,
  comesAgain: boolean,
  at: FieldPath,
): FieldError[] {
  const { maxSkew = 0, topologyKey = "", whenUnsatisfiable = "", labelSelector, matchLabelKeys } = constraint;
  const errors: FieldError[] = [];
  if (maxSkew <= 0) errors.push(invalidValue(at.child("maxSkew"), maxSkew, notPositiveMessage));
  if (topologyKey === "") errors.push(required(at.child("topologyKey"), "can not be empty"));
  pushAll(
    errors,
    supportedOrAbsent(at.child("whenUnsatisfiable"), whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]),
  );
  if (comesAgain)
    errors.push(duplicate(at.child("{topologyKey, whenUnsatisfiable}"), `{${topologyKey}, ${whenUnsatisfiable}}`));
  pushAll(errors, validateMinDomains(constraint.minDomains, whenUnsatisfiable, at.child("minDomains")));
  for (const field of ["nodeAffinityPolicy", "nodeTaintsPolicy"] as const)
    pushAll(errors, supportedOrAbsent(at.child(field), constraint[field], ["Honor", "Ignore"]));
  return [
    ...errors,
    ...validateSpreadLabelKeys(matchLabelKeys, labelSelector, at.child("matchLabelKeys")),
    ...validateLabelSelector(labelSelector, at.child("labelSelector")),
  ];
}

function validateMinDomains(minDomains: number | undefined, action: string, at: FieldPath): FieldError[] {
  if (minDomains === undefined) return [];
  const errors = minDomains <= 0 ? [invalidValue(at, minDomains, notPositiveMessage)] : [];
  if (action !== "DoNotSchedule")
    errors.push(
      invalidValue(at, minDomains, `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${action}`),
    );
  return errors;
}

/** As in Pod affinity, the strategy has added one requirement per key: what is in the selector beside it is the author's. */
function validateSpreadLabelKeys(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  at: FieldPath,
): FieldError[] {
  if (!keys?.length) return [];
  const errors: FieldError[] = [];
  if (selector === undefined) errors.push(forbiddenField(at, "must not be specified when labelSelector is not set"));
  const inSelector = new Set(Object.keys(selector?.matchLabels ?? {}));
  const twice = new Set<string>();
  for (const { key } of selector?.matchExpressions ?? []) (inSelector.has(key) ? twice : inSelector).add(key);
  for (const [i, key] of keys.entries()) {
    pushAll(errors, validateLabelName(key, at.index(i)));
    if (twice.has(key)) errors.push(invalidValue(at.index(i), key, "exists in both matchLabelKeys and labelSelector"));
  }
  return errors;
}
