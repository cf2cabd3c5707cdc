/** Which evaluator a resource has, and which resource a quota's name is about. Source: kubernetes' pkg/quota/v1/install. */

import { persistentVolumeClaimEvaluator, resourceClaimEvaluator } from "./claims.ts";
import { objectCountEvaluator, type QuotaEvaluator } from "./evaluator.ts";
import { podEvaluator } from "./pods.ts";
import { serviceEvaluator } from "./services.ts";

const special = [podEvaluator, serviceEvaluator, persistentVolumeClaimEvaluator, resourceClaimEvaluator];
const plainCounts = ["configmaps", "resourcequotas", "replicationcontrollers", "secrets"];

/** Not stored, or never counted. */
const ignored = new Set([
  "/bindings",
  "/componentstatuses",
  "/events",
  "events.k8s.io/events",
  "authentication.k8s.io/tokenreviews",
  "authentication.k8s.io/selfsubjectreviews",
  "authorization.k8s.io/subjectaccessreviews",
  "authorization.k8s.io/selfsubjectaccessreviews",
  "authorization.k8s.io/localsubjectaccessreviews",
  "authorization.k8s.io/selfsubjectrulesreviews",
]);

/** Undefined for what quotas leave alone. */
export function quotaEvaluatorFor(group: string, plural: string): QuotaEvaluator | undefined {
  if (ignored.has(`${group}/${plural}`)) return undefined;
  const own = special.find((each) => each.group === group && each.plural === plural);
  return own ?? objectCountEvaluator(group, plural);
}

/** The evaluator that counts what a name in `spec.hard` is about; undefined for a name that nothing is counted for. */
export function quotaEvaluatorOf(name: string): QuotaEvaluator | undefined {
  const found = special.find((evaluator) => evaluator.counts(name));
  if (found !== undefined) return found;
  if (plainCounts.includes(name)) return objectCountEvaluator("", name);
  if (!name.startsWith("count/")) return undefined;
  const rest = name.slice("count/".length);
  const dot = rest.indexOf(".");
  return dot < 0 ? quotaEvaluatorFor("", rest) : quotaEvaluatorFor(rest.slice(dot + 1), rest.slice(0, dot));
}
