/**
 * How objects of one resource count against quotas: shared by admission, which refuses, and the controller, which recounts.
 * Source: apiserver's quota/v1/interfaces.go and generic/evaluator.go.
 */

import { type KubeObject, Quantity } from "@kubets/apimachinery";
import type { ResourceQuota, ScopedResourceSelectorRequirement } from "../generated/types.ts";
import type { Amounts } from "./amounts.ts";
import { scopesOf } from "./scopes.ts";

export type Scope = ScopedResourceSelectorRequirement;

export interface QuotaRequest {
  readonly operation: string;
  readonly subresource: string;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

export interface QuotaEvaluator {
  readonly group: string;
  readonly plural: string;
  /** Whether such a write could change what is used. */
  handles(request: QuotaRequest): boolean;
  /** Whether a quota on this name is about these objects. */
  counts(name: string): boolean;
  /** What one object uses. `nowMs` is epoch milliseconds. */
  usage(object: KubeObject, nowMs: number): Amounts;
  /** For kinds that quotas may single out by scope; the others are in no scope. */
  matchesScope?(scope: Scope, object: KubeObject): boolean;
  /** Why an object may not be made while a quota is on `required`: what it leaves unsaid. */
  missing?(required: readonly string[], object: KubeObject): string | undefined;
}

export const one = Quantity.of(1);

/** `count/deployments.apps` */
export function countName(group: string, plural: string): string {
  return group === "" ? `count/${plural}` : `count/${plural}.${group}`;
}

/** The names that may also be written without `count/`. */
const plainNames = new Set(["configmaps", "resourcequotas", "replicationcontrollers", "secrets"]);

/** For every kind that has no rules of its own: objects are counted, and nothing else. */
export function objectCountEvaluator(group: string, plural: string): QuotaEvaluator {
  const names = [countName(group, plural), ...(group === "" && plainNames.has(plural) ? [plural] : [])];
  const usage = new Map(names.map((name) => [name, one]));
  return {
    group,
    plural,
    handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
    counts: (name) => names.includes(name),
    usage: () => usage,
  };
}

/** Whether a quota is about this object, by names and scopes. `hard` is what the quota's status says. */
export function quotaMatches(evaluator: QuotaEvaluator, quota: ResourceQuota, object: KubeObject): boolean {
  return (
    Object.keys(quota.status?.hard ?? {}).some((name) => evaluator.counts(name)) && inScopes(evaluator, quota, object)
  );
}

/** Whether the object counts for a quota: all its scopes match. A kind that knows no scopes matches none. */
export function inScopes(evaluator: QuotaEvaluator, quota: ResourceQuota, object: KubeObject): boolean {
  return scopesOf(quota).every((scope) => evaluator.matchesScope?.(scope, object) === true);
}
