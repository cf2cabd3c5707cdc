/** How long admission took, and what webhooks and policies said. Source: apiserver's admission/metrics and plugin/policy/validating/metrics. */

import { type Clock, realClock } from "@kubets/apimachinery";
import type { AdmissionOperation } from "../admission/plugin.ts";
import { type HistogramFamily, MetricsRegistry, type NumberFamily, type SummaryFamily } from "./families.ts";

export type AdmissionType = "admit" | "validate";
/** Upstream has another word for the second here. */
type WebhookType = "admit" | "validating";

/** Of a plugin, or of a whole step. */
export interface AdmissionTimes {
  readonly admitted: Seconds;
  readonly rejected: Seconds;
}

interface Seconds {
  observe(seconds: number): void;
}

const summaryMs = 5 * 3_600_000;
const pluginBuckets = [0.005, 0.025, 0.1, 0.5, 1, 2.5];

export class AdmissionMetrics {
  readonly #step: HistogramFamily;
  readonly #summary: SummaryFamily;
  readonly #controller: HistogramFamily;

  constructor(metrics: MetricsRegistry = new MetricsRegistry(), clock: Clock = realClock) {
    const family = (kind: string, help: string, labels: readonly string[]) =>
      metrics.histogram(
        `apiserver_admission_${kind}_admission_duration_seconds`,
        "STABLE",
        help,
        labels,
        pluginBuckets,
      );
    const labels = ["type", "operation", "rejected"];
    this.#step = family(
      "step",
      "How long all plugins of a step took, by operation and step (validate or admit).",
      labels,
    );
    this.#summary = metrics.summary(
      "apiserver_admission_step_admission_duration_seconds_summary",
      "ALPHA",
      "How long all plugins of a step took in the last five hours, by operation and step (validate or admit).",
      labels,
      { clock, maxAgeMs: summaryMs },
    );
    this.#controller = family("controller", "How long a plugin took, by its name, operation and step.", [
      "name",
      ...labels,
    ]);
  }

  step(type: AdmissionType, operation: AdmissionOperation): AdmissionTimes {
    return { admitted: this.#both(type, operation, false), rejected: this.#both(type, operation, true) };
  }

  #both(type: AdmissionType, operation: AdmissionOperation, rejected: boolean): Seconds {
    const histogram = this.#step.with(type, operation, rejected);
    const summary = this.#summary.with(type, operation, rejected);
    return {
      observe(seconds) {
        histogram.observe(seconds);
        summary.observe(seconds);
      },
    };
  }

  controller(name: string, type: AdmissionType, operation: AdmissionOperation): AdmissionTimes {
    return {
      admitted: this.#controller.with(name, type, operation, false),
      rejected: this.#controller.with(name, type, operation, true),
    };
  }
}

export type WebhookRejection = "calling_webhook_error" | "apiserver_internal_error" | "no_error";

export class WebhookMetrics {
  readonly #seconds: HistogramFamily;
  readonly #requests: NumberFamily;
  readonly #rejections: NumberFamily;
  readonly #failOpen: NumberFamily;

  constructor(metrics: MetricsRegistry = new MetricsRegistry()) {
    const counter = (name: string, help: string, labels: readonly string[]) =>
      metrics.counter(`apiserver_admission_webhook_${name}`, "ALPHA", help, labels);
    this.#seconds = metrics.histogram(
      "apiserver_admission_webhook_admission_duration_seconds",
      "STABLE",
      "How long a webhook took, by its name, operation and step (validate or admit).",
      ["name", "type", "operation", "rejected"],
      [...pluginBuckets, 10, 25],
    );
    this.#requests = counter(
      "request_total",
      "Calls of webhooks, by name, step, operation, the answer's code and whether the request was rejected.",
      [...["name", "type", "operation", "code", "rejected"]],
    );
    this.#rejections = counter("rejection_count", "Requests that a webhook, or its failure, rejected.", [
      ...["name", "type", "operation", "error_type", "rejection_code"],
    ]);
    this.#failOpen = counter("fail_open_count", "Calls that failed and were passed over.", ["name", "type"]);
  }

  called(name: string, type: WebhookType, operation: string, ms: number, code: number, rejected: boolean): void {
    this.#requests.with(name, type, operation, bounded(code), rejected).value++;
    this.#seconds.with(name, type, operation, rejected).observe(ms / 1000);
  }

  rejected(name: string, type: WebhookType, operation: string, error: WebhookRejection, code: number): void {
    this.#rejections.with(name, type, operation, error, bounded(code)).value++;
  }

  failedOpen(name: string, type: WebhookType): void {
    this.#failOpen.with(name, type).value++;
  }
}

/** A webhook may say any number. */
function bounded(code: number): number {
  return Math.min(code, 600);
}

export type PolicyError = "compile_error" | "invalid_error" | "out_of_budget" | "no_error";
export type EnforcementAction = "allow" | "deny" | "audit" | "warn";

export class PolicyMetrics {
  readonly #checks: NumberFamily;
  readonly #seconds: HistogramFamily;

  constructor(metrics: MetricsRegistry = new MetricsRegistry()) {
    const labels = ["policy", "policy_binding", "error_type", "enforcement_action"];
    const name = (suffix: string) => `apiserver_validating_admission_policy_${suffix}`;
    this.#checks = metrics.counter(
      name("check_total"),
      "BETA",
      "Checks by validating admission policies that had a consequence, by policy, binding and what was done.",
      labels,
    );
    this.#seconds = metrics.histogram(
      name("check_duration_seconds"),
      "BETA",
      "How long such a check of one expression took.",
      labels,
      [0.000_000_5, 0.001, 0.01, 0.1, 1],
    );
  }

  checked(policy: string, binding: string, error: PolicyError, action: EnforcementAction, ms: number): void {
    this.#checks.with(policy, binding, error, action).value++;
    this.#seconds.with(policy, binding, error, action).observe(ms / 1000);
  }
}
