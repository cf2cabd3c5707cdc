/** Both policy plugins, following their policies. */

import type { Logger } from "@kubets/apimachinery";
import type { Authorizer } from "../../authorization/authorizer.ts";
import type { MatchSource } from "../matching/index.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import { MutatingAdmissionPolicyPlugin } from "./mutating.ts";
import { ValidatingAdmissionPolicyPlugin } from "./validating.ts";

export interface PolicyAdmissionOptions {
  readonly source: MatchSource;
  /** For the variable `authorizer`. */
  readonly authorizer: Authorizer;
  readonly logger: Logger;
}

/** Resolves when all policies and bindings are known; follows them until `signal` aborts. */
export async function policyAdmission(
  options: PolicyAdmissionOptions,
  signal: AbortSignal,
): Promise<AdmissionPlugin[]> {
  const mutating = new MutatingAdmissionPolicyPlugin(options);
  const validating = new ValidatingAdmissionPolicyPlugin(options);
  await Promise.all([mutating.follow(signal), validating.follow(signal)]);
  return [mutating, validating];
}
