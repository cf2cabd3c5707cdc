/** Which scopes a ResourceQuota may have, and for which resources. Source: pkg/apis/core/validation, pkg/apis/core/helper. */

import { type FieldError, type FieldPath, invalidValue, required } from "@kubets/apimachinery";
import type { ResourceQuotaSpec, ScopedResourceSelectorRequirement } from "../generated/types.ts";

const podScopes = [
  "Terminating",
  "NotTerminating",
  "BestEffort",
  "NotBestEffort",
  "PriorityClass",
  "CrossNamespacePodAffinity",
];
const allScopes = [...podScopes, "VolumeAttributesClass"];
/** Those that have no values to choose by. */
const plainScopes = new Set([
  "BestEffort",
  "NotBestEffort",
  "Terminating",
  "NotTerminating",
  "CrossNamespacePodAffinity",
]);

const podCompute = new Set(["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"]);
const claimResources = new Set(["persistentvolumeclaims", "requests.storage"]);

function isValidFor(scope: string, resource: string): boolean {
  if (scope === "BestEffort") return resource === "pods";
  if (scope === "VolumeAttributesClass") return claimResources.has(resource);
  return !podScopes.includes(scope) || resource === "pods" || podCompute.has(resource);
}

function conflicts(scopes: readonly string[]): boolean[] {
  return ["BestEffort", "Terminating"].map((kind) => scopes.includes(kind) && scopes.includes(`Not${kind}`));
}

/** @param isStandard whether a quota's name is one of the known ones: the others may have any scope */
export function validateQuotaScopes(
  { hard = {}, scopes = [] }: ResourceQuotaSpec,
  at: FieldPath,
  isStandard: (name: string) => boolean,
): FieldError[] {
  const errors: FieldError[] = [];
  const names = Object.keys(hard).filter(isStandard).sort();
  const refused = (why: string) => invalidValue(at, scopes, why);
  const [unknown, misapplied] = [refused("unsupported scope"), refused("unsupported scope applied to resource")];
  // Each shows all scopes: of a list longer than there are scopes, once is enough.
  for (const scope of scopes.length > allScopes.length ? new Set(scopes.map(known)) : scopes) {
    if (!allScopes.includes(scope)) errors.push(unknown);
    for (const name of names) if (!isValidFor(scope, name)) errors.push(misapplied);
  }
  for (const isConflict of conflicts(scopes)) if (isConflict) errors.push(refused("conflicting scopes"));
  return errors;
}

/** All that are unknown are one. */
function known(scope: string): string {
  return allScopes.includes(scope) ? scope : "";
}

/** @param at of `matchExpressions`: upstream tells no index */
export function validateScopeSelector(
  { hard = {}, scopes = [], scopeSelector }: ResourceQuotaSpec,
  at: FieldPath,
  isStandard: (name: string) => boolean,
): FieldError[] {
  const expressions = scopeSelector?.matchExpressions ?? [];
  const names = Object.keys(hard).filter(isStandard).sort();
  const misapplied = invalidValue(at, scopeSelector, "unsupported scope applied to resource");
  const errors = expressions.flatMap((expression) => [
    ...(allScopes.includes(expression.scopeName)
      ? []
      : [invalidValue(at.child("scopeName"), expression.scopeName, "unsupported scope")]),
    ...names.filter((name) => !isValidFor(expression.scopeName, name)).map(() => misapplied),
    ...validateExpression(expression, at),
  ]);
  for (const isConflict of conflicts(expressions.map(({ scopeName }) => scopeName)))
    if (isConflict) errors.push(invalidValue(at, scopes, "conflicting scopes"));
  return expressions.length > allScopes.length ? [...new Set(errors)] : errors;
}

function validateExpression(expression: ScopedResourceSelectorRequirement, at: FieldPath): FieldError[] {
  const { scopeName, operator, values = [] } = expression;
  const errors: FieldError[] = [];
  if (plainScopes.has(scopeName) && operator !== "Exists") {
    const why =
      "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity";
    errors.push(invalidValue(at.child("operator"), operator, why));
  }
  if (operator === "In" || operator === "NotIn") {
    const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
    if (values.length === 0) errors.push(required(at.child("values"), why));
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
    if (values.length > 0) errors.push(invalidValue(at.child("values"), values, why));
  } else errors.push(invalidValue(at.child("operator"), operator, "not a valid selector operator"));
  return errors;
}
