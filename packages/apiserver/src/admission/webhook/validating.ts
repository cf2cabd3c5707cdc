/** ValidatingAdmissionWebhook: all webhooks that a request is for are asked at once; any of them can refuse it. */

import { validatingWebhookConfigurations } from "@kubets/api";
import { internalError } from "@kubets/apimachinery";
import { noteDelay } from "../../metrics/delays.ts";
import { type Candidate, matchRequest } from "../matching/index.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "../plugin.ts";
import { Versions } from "../versions.ts";
import { askWebhook, failedOpen, metered, type WebhookAdmissionOptions } from "./call.ts";
import { conditionsHold } from "./conditions.ts";
import { Configurations, type Hook } from "./configurations.ts";
import { FailedCall } from "./errors.ts";
import type { Presented } from "./review.ts";

const failedOpenPrefix = "failed-open.validating.webhook.admission.k8s.io/";

export class ValidatingAdmissionWebhook implements AdmissionPlugin {
  readonly name = "ValidatingAdmissionWebhook";
  readonly #options: WebhookAdmissionOptions;
  readonly #configurations: Configurations;

  constructor(options: WebhookAdmissionOptions) {
    this.#options = options;
    this.#configurations = new Configurations(options);
  }

  /** Must be called, and waited for, before it is asked. */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#configurations.follow(this.#options.source.reader, validatingWebhookConfigurations, signal);
  }

  handles(): boolean {
    return true;
  }

  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const candidates = this.#configurations.table.candidates(attributes);
    if (candidates.length === 0 || this.#options.isUnasked?.(attributes)) return undefined;
    return this.#validate(candidates, attributes);
  }

  async #validate(candidates: readonly Candidate<Hook>[], attributes: AdmissionAttributes): Promise<void> {
    const versions = new Versions(this.#options.source, attributes);
    const invocations: { hook: Hook; presented: Presented }[] = [];
    for (const candidate of candidates) {
      const as = await matchRequest(candidate, attributes, this.#options.source);
      if (as === undefined) continue;
      const hook = candidate.value;
      const presented = await versions.as(as);
      const { conditions, webhook } = hook;
      if (conditions !== undefined && !(await conditionsHold(conditions, attributes, presented, webhook.failurePolicy)))
        continue;
      invocations.push({ hook, presented });
    }
    const errors: unknown[] = [];
    const start = this.#options.clock.monotonic();
    await Promise.all(
      invocations.map(({ hook, presented }, index) =>
        this.#ask(hook, index, attributes, presented).catch((error) => void errors.push(error)),
      ),
    );
    noteDelay(attributes.warn, this.#options.clock.monotonic() - start);
    if (errors.length > 0) throw errors[0];
  }

  async #ask(hook: Hook, index: number, attributes: AdmissionAttributes, presented: Presented): Promise<void> {
    try {
      await metered(this.#options, hook, attributes, "validating", () =>
        askWebhook(this.#options, hook, attributes, presented, false),
      );
    } catch (error) {
      if (!(error instanceof FailedCall)) throw error;
      if (hook.webhook.failurePolicy !== "Ignore") throw internalError(error);
      failedOpen(this.#options.logger, attributes, hook, error, `${failedOpenPrefix}round_0_index_${index}`);
    }
  }
}
