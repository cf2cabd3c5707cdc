/** One webhook asked about one request. */

import { type Clock, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import type { WebhookMetrics } from "../../metrics/admission-metrics.ts";
import { noteDelay } from "../../metrics/delays.ts";
import { traced } from "../../tracing/tracer.ts";
import type { WebhookClient } from "../../webhook/index.ts";
import type { MatchSource } from "../matching/index.ts";
import type { AdmissionAttributes } from "../plugin.ts";
import type { CompileConditions } from "./conditions.ts";
import type { Hook } from "./configurations.ts";
import { denied, dryRunUnsupported, FailedCall, failures, isRefusal } from "./errors.ts";
import { makeReview, type Presented, readVerdict, type Verdict } from "./review.ts";

export interface WebhookAdmissionOptions {
  readonly source: MatchSource;
  readonly client: WebhookClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly compileConditions: CompileConditions;
  readonly metrics: WebhookMetrics;
  /**
   * Whether no webhook is to be asked: true of what the server itself writes before it is ready, or a webhook that is broken, or runs in this very
   * cluster, could keep it from ever starting.
   */
  isUnasked?(attributes: AdmissionAttributes): boolean;
}

const defaultTimeoutSeconds = 10;

/**
 * The webhook's verdict, with its warnings and audit annotations passed on.
 * @throws FailedCall, or StatusError when it refuses or may not be asked; the signal's reason when nobody waits for the request any more
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
  const { signal } = attributes.client;
  let answer: unknown;
  try {
    answer = await traced(`Call ${mutating ? "mutating" : "validating"} webhook`, "internal", (span) => {
      span?.attributes.set("webhook", name);
      return client.call(clientConfig, question.review, { timeoutMs: timeoutSeconds * 1000, signal });
    });
  } catch (error) {
    signal.throwIfAborted();
    throw failures.call(name, error);
  }
  const verdict = readVerdict(name, question, answer, mutating);
  for (const [key, value] of Object.entries(verdict.auditAnnotations))
    attributes.annotate(`${name}/${key}`, String(value));
  for (const warning of verdict.warnings) attributes.warn(warning);
  if (!verdict.allowed) throw denied(name, verdict.result);
  return verdict;
}

/** Asks a webhook, and counts what became of it. */
export async function metered<T>(
  { metrics, clock }: Pick<WebhookAdmissionOptions, "metrics" | "clock">,
  { webhook: { name, failurePolicy } }: Hook,
  { operation, warn, client }: AdmissionAttributes,
  type: "admit" | "validating",
  ask: () => Promise<T>,
): Promise<T> {
  const start = clock.monotonic();
  const done = (code: number, rejected: boolean) => {
    const ms = clock.monotonic() - start;
    metrics.called(name, type, operation, ms, code, rejected);
    // Those that are asked together wait together.
    if (type === "admit") noteDelay(warn, ms);
  };
  try {
    const result = await ask();
    done(200, false);
    return result;
  } catch (error) {
    // Not the webhook's doing.
    if (client.signal.aborted) throw error;
    if (error instanceof FailedCall) {
      const ignored = failurePolicy === "Ignore";
      if (ignored) metrics.failedOpen(name, type);
      else metrics.rejected(name, type, operation, "calling_webhook_error", error.code);
      done(error.code, !ignored);
    } else {
      const code = isRefusal(error) ? error.code : 0;
      metrics.rejected(name, type, operation, isRefusal(error) ? "no_error" : "apiserver_internal_error", code);
      done(code, true);
    }
    throw error;
  }
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
