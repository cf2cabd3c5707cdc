/** Both webhook plugins, following their configurations. */

import type { Authorizer } from "../../authorization/authorizer.ts";
import type { WebhookClient } from "../../webhook/index.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import type { WebhookAdmissionOptions } from "./call.ts";
import { conditionCompiler } from "./compile-conditions.ts";
import { MutatingAdmissionWebhook } from "./mutating.ts";
import { ValidatingAdmissionWebhook } from "./validating.ts";

export interface WebhookPluginsOptions extends Omit<WebhookAdmissionOptions, "compileConditions" | "client"> {
  readonly authorizer: Authorizer;
  /** They may call as different users. */
  readonly clients: { readonly mutating: WebhookClient; readonly validating: WebhookClient };
}

/** Resolves when all configurations are known; follows them until `signal` aborts. */
export async function webhookAdmission(
  options: WebhookPluginsOptions,
  signal: AbortSignal,
): Promise<AdmissionPlugin[]> {
  const { clients } = options;
  const compileConditions = conditionCompiler(options.authorizer);
  const mutating = new MutatingAdmissionWebhook({ ...options, client: clients.mutating, compileConditions });
  const validating = new ValidatingAdmissionWebhook({ ...options, client: clients.validating, compileConditions });
  await Promise.all([mutating.follow(signal), validating.follow(signal)]);
  return [mutating, validating];
}
