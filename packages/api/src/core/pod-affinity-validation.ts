/** Node and Pod affinity. Source: validateAffinity and those below it. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isValidLabelValue,
  nameIsDNSLabel,
  nameIsDNSSubdomain,
  pushAll,
  required,
  validateLabelName,
  validateLabelSelector,
} from "@kubets/apimachinery";
import type {
  Affinity,
  LabelSelector,
  NodeAffinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
} from "../generated/types.ts";
import { complaints } from "./pod-field-checks.ts";

const requiredTerms = "requiredDuringSchedulingIgnoredDuringExecution";
const preferredTerms = "preferredDuringSchedulingIgnoredDuringExecution";

export function validateAffinity(affinity: Affinity | undefined, at: FieldPath): FieldError[] {
  if (affinity === undefined) return [];
  return [
    ...validateNodeAffinity(affinity.nodeAffinity, at.child("nodeAffinity")),
    ...validatePodAffinity(affinity.podAffinity, at.child("podAffinity")),
    ...validatePodAffinity(affinity.podAntiAffinity, at.child("podAntiAffinity")),
  ];
}

function validateNodeAffinity(affinity: NodeAffinity | undefined, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const requirement = affinity?.[requiredTerms];
  if (requirement !== undefined) pushAll(errors, validateNodeSelector(requirement, at.child(requiredTerms)));
  for (const [i, { weight, preference }] of (affinity?.[preferredTerms] ?? []).entries()) {
    const here = at.child(preferredTerms).index(i);
    // A preference may hold any value: it worked as long as the cluster had one node.
    pushAll(errors, [
      ...validateWeight(weight, here),
      ...validateNodeSelectorTerm(preference ?? {}, here.child("preference"), true),
    ]);
  }
  return errors;
}

function validateWeight(weight: number | undefined, at: FieldPath): FieldError[] {
  if (weight !== undefined && weight > 0 && weight <= 100) return [];
  return [invalidValue(at.child("weight"), weight ?? 0, "must be in the range 1-100")];
}

/** Also of PersistentVolumes. */
export function validateNodeSelector(selector: NodeSelector, at: FieldPath): FieldError[] {
  const here = at.child("nodeSelectorTerms");
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) return [required(here, "must have at least one node selector term")];
  return terms.flatMap((term, i) => validateNodeSelectorTerm(term, here.index(i), false));
}

function validateNodeSelectorTerm(term: NodeSelectorTerm, at: FieldPath, anyValue: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((each, i) =>
      validateLabelRequirement(each, at.child("matchExpressions").index(i), anyValue),
    ),
    ...(term.matchFields ?? []).flatMap((each, i) => validateFieldRequirement(each, at.child("matchFields").index(i))),
  ];
}

function validateLabelRequirement(
  { key = "", operator, values = [] }: NodeSelectorRequirement,
  at: FieldPath,
  anyValue: boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const here = at.child("values");
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0) errors.push(required(here, "must be specified when `operator` is 'In' or 'NotIn'"));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      errors.push(forbiddenField(here, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"));
  } else if (operator === "Gt" || operator === "Lt") {
    if (values.length !== 1)
      errors.push(required(here, "must be specified single value when `operator` is 'Lt' or 'Gt'"));
  } else {
    errors.push(invalidValue(at.child("operator"), operator ?? "", "not a valid selector operator"));
  }
  pushAll(errors, validateLabelName(key, at.child("key")));
  if (!anyValue)
    for (const [i, value] of values.entries())
      pushAll(errors, complaints(here.index(i), value, isValidLabelValue(value)));
  return errors;
}

function validateFieldRequirement(
  { key, operator, values = [] }: NodeSelectorRequirement,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  if (operator !== "In" && operator !== "NotIn")
    errors.push(invalidValue(at.child("operator"), operator ?? "", "not a valid selector operator"));
  else if (values.length !== 1)
    errors.push(
      required(at.child("values"), "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"),
    );
  if (key !== "metadata.name")
    return [...errors, invalidValue(at.child("key"), key ?? "", "not a valid field selector key")];
  for (const [i, value] of values.entries())
    pushAll(errors, complaints(at.child("values").index(i), value, nameIsDNSSubdomain(value, false)));
  return errors;
}

function validatePodAffinity(affinity: PodAffinity | undefined, at: FieldPath): FieldError[] {
  return [
    ...(affinity?.[requiredTerms] ?? []).flatMap((term, i) =>
      validatePodAffinityTerm(term, at.child(requiredTerms).index(i)),
    ),
    ...(affinity?.[preferredTerms] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const here = at.child(preferredTerms).index(i);
      return [
        ...validateWeight(weight, here),
        ...validatePodAffinityTerm(podAffinityTerm ?? hollowTerm, here.child("podAffinityTerm")),
      ];
    }),
  ];
}

/** What Go makes of a term that is not there. */
const hollowTerm: PodAffinityTerm = { topologyKey: "" };

function validatePodAffinityTerm(term: PodAffinityTerm, at: FieldPath): FieldError[] {
  const { labelSelector, topologyKey = "" } = term;
  const errors = [
    ...validateLabelSelector(labelSelector, at.child("labelSelector")),
    ...validateLabelSelector(term.namespaceSelector, at.child("namespaceSelector")),
    ...(term.namespaces ?? []).flatMap((name) => complaints(at.child("namespace"), name, nameIsDNSLabel(name, false))),
    ...validateLabelKeys(term.matchLabelKeys, labelSelector, at.child("matchLabelKeys")),
    ...validateLabelKeys(term.mismatchLabelKeys, labelSelector, at.child("mismatchLabelKeys")),
    ...keysAlsoInSelector(term.matchLabelKeys ?? [], labelSelector, at),
  ];
  const mismatched = new Set(term.mismatchLabelKeys);
  for (const [i, key] of (term.matchLabelKeys ?? []).entries())
    if (mismatched.has(key))
      errors.push(
        invalidValue(at.child("matchLabelKeys").index(i), key, "exists in both matchLabelKeys and mismatchLabelKeys"),
      );
  if (topologyKey === "") errors.push(required(at.child("topologyKey"), "can not be empty"));
  return [...errors, ...validateLabelName(topologyKey, at.child("topologyKey"))];
}

function validateLabelKeys(
  keys: readonly string[] | undefined,
  selector: LabelSelector | undefined,
  at: FieldPath,
): FieldError[] {
  if (!keys?.length) return [];
  if (selector === undefined) return [forbiddenField(at, "must not be specified when labelSelector is not set")];
  return keys.flatMap((key, i) => validateLabelName(key, at.index(i)));
}

/** The strategy has already added one requirement for each of `matchLabelKeys`; a second one is the author's own. */
function keysAlsoInSelector(
  matchLabelKeys: readonly string[],
  selector: LabelSelector | undefined,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set(Object.keys(selector?.matchLabels ?? {}));
  const places = new Map(matchLabelKeys.map((key, i) => [key, i]));
  for (const { key } of selector?.matchExpressions ?? []) {
    const index = places.get(key);
    if (index !== undefined && seen.has(key))
      errors.push(invalidValue(at.index(index), key, "exists in both matchLabelKeys and labelSelector"));
    seen.add(key);
  }
  return errors;
}
