/** Both policy plugins, following their policies. */

import type { Clock } from "@kubets/apimachinery";
import type { Authorizer } from "../../authorization/authorizer.ts";
import { PolicyMetrics } from "../../metrics/admission-metrics.ts";
import type { MetricsRegistry } from "../../metrics/families.ts";
import type { MatchSource } from "../matching/index.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { MutatingAdmissionPolicyPlugin } from "./mutating.ts";
import { ValidatingAdmissionPolicyPlugin } from "./validating.ts";

export interface PolicyAdmissionOptions {
  readonly source: MatchSource;
  /** For the variable `authorizer`. */
  readonly authorizer: Authorizer;
  readonly clock: Clock;
  readonly metrics: PolicyMetrics;
}

export interface PolicyPluginsOptions extends Omit<PolicyAdmissionOptions, "metrics"> {
  readonly meters?: MetricsRegistry;
}

/** Resolves when all policies and bindings are known; follows them until `signal` aborts. */
export async function policyAdmission(given: PolicyPluginsOptions, signal: AbortSignal): Promise<AdmissionPlugin[]> {
  const options = { ...given, metrics: new PolicyMetrics(given.meters) };
  const mutating = new MutatingAdmissionPolicyPlugin(options);
  const validating = new ValidatingAdmissionPolicyPlugin(options);
  await Promise.all([mutating.follow(signal), validating.follow(signal)]);
  return [mutating, validating];
}
