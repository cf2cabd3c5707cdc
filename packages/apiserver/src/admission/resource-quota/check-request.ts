/**
 * What a request would use of the quotas it is under, or why it may not. Pure.
 * Source: CheckRequest in apiserver's admission/plugin/resourcequota/controller.go.
 */

import { parseResourceList, type ResourceQuota } from "@kubets/api";
import {
  type Amounts,
  addAmounts,
  exceeded,
  negativeNames,
  onlyNamed,
  type QuotaEvaluator,
  quotaMatches,
  type Scope,
  sameAmounts,
  scopesOf,
  subtractDownToZero,
  withoutZeros,
} from "@kubets/api/quota";
import { type KubeObject, StatusError } from "@kubets/apimachinery";
import type { LimitedResource } from "../configuration.ts";
import { refuse } from "../errors.ts";
import type { AdmissionAttributes } from "../plugin.ts";

/** A quota with what would be used of it, if all that was admitted so far came to be. */
export interface RunningQuota {
  readonly quota: ResourceQuota;
  readonly hard: Amounts;
  readonly used: Amounts;
}

export function runningQuota(quota: ResourceQuota): RunningQuota {
  return { quota, hard: parseResourceList(quota.status?.hard), used: parseResourceList(quota.status?.used) };
}

export interface CheckContext {
  readonly evaluator: QuotaEvaluator;
  readonly limited: readonly LimitedResource[];
  readonly nowMs: number;
}

/** @returns the quotas as they would be; the very same objects where nothing changes. @throws StatusError 403 */
export function checkRequest(
  quotas: readonly RunningQuota[],
  attributes: AdmissionAttributes,
  context: CheckContext,
): readonly RunningQuota[] {
  const { evaluator, nowMs } = context;
  const object = attributes.object!;
  const usage = evaluator.usage(object, nowMs);
  const pertinent = quotas.filter((running) => isPertinent(running, attributes, evaluator));
  const negative = negativeNames(usage);
  if (negative.length > 0)
    throw refuse(attributes, `quota usage is negative for resource(s): ${negative.sort().join(",")}`);
  const deltas = deltasOf(pertinent, attributes, usage, context);
  if (!deltas.isAny) return quotas;
  requireCover(quotas, pertinent, attributes, usage, context);
  return quotas.map((running) => {
    const delta = deltas.of.get(running);
    return delta === undefined ? running : charged(running, delta, attributes);
  });
}

/** @throws StatusError 403 when the object leaves unsaid what a quota must know, or the quota has not been counted yet */
function isPertinent(running: RunningQuota, attributes: AdmissionAttributes, evaluator: QuotaEvaluator): boolean {
  const { quota, hard, used } = running;
  const object = attributes.object!;
  if (!quotaMatches(evaluator, quota, object)) return false;
  const names = [...hard.keys()].filter((name) => evaluator.counts(name));
  const unsaid = evaluator.missing?.(names, object);
  if (unsaid !== undefined) throw refuse(attributes, `failed quota: ${quota.metadata?.name}: ${unsaid}`);
  if (names.every((name) => used.has(name))) return true;
  throw refuse(attributes, `status unknown for quota: ${quota.metadata?.name}, resources: ${names.sort().join(",")}`);
}

interface Deltas {
  readonly of: ReadonlyMap<RunningQuota, Amounts>;
  /** Whether the request uses more of anything, under a quota or not. */
  readonly isAny: boolean;
}

/** An update is charged what it uses more; in a quota that it was not under before, all. */
function deltasOf(
  pertinent: readonly RunningQuota[],
  { operation, oldObject }: AdmissionAttributes,
  usage: Amounts,
  { evaluator, nowMs }: CheckContext,
): Deltas {
  const all = withoutZeros(usage);
  const isUpdate = operation === "UPDATE" && Boolean(oldObject?.metadata?.resourceVersion);
  const more = isUpdate ? withoutZeros(subtractDownToZero(usage, evaluator.usage(oldObject!, nowMs))) : all;
  if (pertinent.length === 0) return { of: new Map(), isAny: more.size > 0 };
  const of = new Map<RunningQuota, Amounts>();
  for (const running of pertinent) {
    const wasUnder = isUpdate && quotaMatches(evaluator, running.quota, oldObject!);
    const delta = wasUnder ? more : all;
    if (delta.size > 0) of.set(running, delta);
  }
  return { of, isAny: of.size > 0 };
}

/** What is limited by configuration may only be used under a quota on it. */
function requireCover(
  quotas: readonly RunningQuota[],
  pertinent: readonly RunningQuota[],
  attributes: AdmissionAttributes,
  usage: Amounts,
  { evaluator, limited }: CheckContext,
): void {
  if (limited.length === 0) return;
  const { group, plural } = attributes.definition;
  const here = limited.filter(({ apiGroup = "", resource }) => apiGroup === group && resource === plural);
  const covered = new Set(pertinent.flatMap(({ hard }) => [...hard.keys()].filter((name) => evaluator.counts(name))));
  const bare = limitedNames(usage, here).filter((name) => !covered.has(name));
  if (bare.length > 0) throw refuse(attributes, `insufficient quota to consume: ${bare.sort().join(",")}`);
  const object = attributes.object!;
  const limitedScopes = matching(
    evaluator,
    object,
    limited.flatMap(({ matchScopes = [] }) => matchScopes as Scope[]),
  );
  const quotaScopes = matching(
    evaluator,
    object,
    quotas.flatMap(({ quota }) => scopesOf(quota)),
  );
  const uncovered = limitedScopes.filter(({ scopeName }) => !quotaScopes.some((each) => each.scopeName === scopeName));
  if (uncovered.length === 0) return;
  const list = uncovered.map(
    ({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(" ")}]}`,
  );
  throw new StatusError(500, "", `insufficient quota to match these scopes: [${list.join(" ")}]`);
}

function matching(evaluator: QuotaEvaluator, object: KubeObject, scopes: readonly Scope[]): Scope[] {
  return scopes.filter((scope) => evaluator.matchesScope?.(scope, object) === true);
}

function limitedNames(usage: Amounts, limited: readonly LimitedResource[]): string[] {
  const used = [...usage].filter(([, amount]) => amount.sign() > 0).map(([name]) => name);
  return used.filter((name) =>
    limited.some(({ matchContains = [] }) => matchContains.some((part) => name.includes(part))),
  );
}

function charged(running: RunningQuota, delta: Amounts, attributes: AdmissionAttributes): RunningQuota {
  const { quota, hard, used } = running;
  const requested = onlyNamed(delta, hard.keys());
  const after = addAmounts(used, requested);
  const over = attributes.subresource === "status" ? [] : exceeded(onlyNamed(after, requested.keys()), hard);
  if (over.length > 0) {
    const of = (amounts: Amounts) => pretty(onlyNamed(amounts, over));
    const name = quota.metadata?.name;
    throw refuse(
      attributes,
      `exceeded quota: ${name}, requested: ${of(requested)}, used: ${of(used)}, limited: ${of(hard)}`,
    );
  }
  return sameAmounts(used, after) ? running : { quota, hard, used: after };
}

function pretty(amounts: Amounts): string {
  const sorted = [...amounts].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([name, amount]) => `${name}=${amount}`).join(",");
}
