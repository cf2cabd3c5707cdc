/** Both webhook plugins, following their configurations. */

import type { Authorizer } from "../../authorization/authorizer.ts";
import { WebhookMetrics } from "../../metrics/admission-metrics.ts";
import type { MetricsRegistry } from "../../metrics/families.ts";
import type { WebhookClient } from "../../webhook/index.ts";
import type { AdmissionPlugin } from "../plugin.ts";
import type { WebhookAdmissionOptions } from "./call.ts";
import { conditionCompiler } from "./compile-conditions.ts";
import { MutatingAdmissionWebhook } from "./mutating.ts";
import { ValidatingAdmissionWebhook } from "./validating.ts";

export interface WebhookPluginsOptions
  extends Omit<WebhookAdmissionOptions, "compileConditions" | "client" | "metrics"> {
  readonly meters?: MetricsRegistry;
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
  const shared = { ...options, compileConditions, metrics: new WebhookMetrics(options.meters) };
  const mutating = new MutatingAdmissionWebhook({ ...shared, client: clients.mutating });
  const validating = new ValidatingAdmissionWebhook({ ...shared, client: clients.validating });
  await Promise.all([mutating.follow(signal), validating.follow(signal)]);
  return [mutating, validating];
}
