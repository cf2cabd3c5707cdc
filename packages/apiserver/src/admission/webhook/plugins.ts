/** Both webhook plugins, following their configurations. */

import type { Authorizer } from "../../authorization/authorizer.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import type { WebhookAdmissionOptions } from "./call.ts";
import { conditionCompiler } from "./compile-conditions.ts";
import { MutatingAdmissionWebhook } from "./mutating.ts";
import { ValidatingAdmissionWebhook } from "./validating.ts";

/** Resolves when all configurations are known; follows them until `signal` aborts. */
export async function webhookAdmission(
  options: Omit<WebhookAdmissionOptions, "compileConditions"> & { readonly authorizer: Authorizer },
  signal: AbortSignal,
): Promise<AdmissionPlugin[]> {
  const compileConditions = conditionCompiler(options.authorizer);
  const mutating = new MutatingAdmissionWebhook({ ...options, compileConditions });
  const validating = new ValidatingAdmissionWebhook({ ...options, compileConditions });
  await Promise.all([mutating.follow(signal), validating.follow(signal)]);
  return [mutating, validating];
}
