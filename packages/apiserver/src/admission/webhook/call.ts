/** One webhook asked about one request. */

import { type Clock, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import type { WebhookClient } from "../../webhook/index.ts";
import type { MatchSource } from "../matching/index.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import type { CompileConditions } from "./conditions.ts";
import type { Hook } from "./configurations.ts";
import { denied, dryRunUnsupported, failures } from "./errors.ts";
import { makeReview, type Presented, readVerdict, type Verdict } from "./review.ts";

export interface WebhookAdmissionOptions {
  readonly source: MatchSource;
  readonly client: WebhookClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly compileConditions: CompileConditions;
  /**
   * Whether no webhook is to be asked: true of what the server itself writes before it is ready, or a webhook that is broken, or runs in this very
   * cluster, could keep it from ever starting.
   */
  isUnasked?(attributes: AdmissionAttributes): boolean;
}

const defaultTimeoutSeconds = 10;

/**
 * The webhook's verdict, with its warnings and audit annotations passed on.
 * @throws FailedCall, or StatusError when it refuses or may not be asked
 */
export async function askWebhook(
  { client, random }: Pick<WebhookAdmissionOptions, "client" | "random">,
  { webhook }: Hook,
  attributes: AdmissionAttributes,
  presented: Presented,
  mutating: boolean,
): Promise<Verdict> {
  const { name, sideEffects, clientConfig, timeoutSeconds = defaultTimeoutSeconds } = webhook;
  if (attributes.dryRun && sideEffects !== "None" && sideEffects !== "NoneOnDryRun") throw dryRunUnsupported(name);
  const question = makeReview(webhook, random.uuid(), attributes, presented);
  try {
    client.callerOf(clientConfig);
  } catch (error) {
    throw failures.client(name, error);
  }
  let answer: unknown;
  try {
    answer = await client.call(clientConfig, question.review, { timeoutMs: timeoutSeconds * 1000 });
  } catch (error) {
    throw failures.call(name, error);
  }
  const verdict = readVerdict(name, question, answer, mutating);
  for (const [key, value] of Object.entries(verdict.auditAnnotations))
    attributes.annotate(`${name}/${key}`, String(value));
  for (const warning of verdict.warnings) attributes.warn(warning);
  if (!verdict.allowed) throw denied(name, verdict.result);
  return verdict;
}

/** Notes that a webhook that could not be asked was passed over. */
export function failedOpen(
  logger: Logger,
  attributes: AdmissionAttributes,
  hook: Hook,
  error: Error,
  annotation: string,
): void {
  logger.warn("Failed calling webhook, failing open", { webhook: hook.webhook.name, err: messageOf(error) });
  attributes.annotate(annotation, hook.webhook.name);
}
