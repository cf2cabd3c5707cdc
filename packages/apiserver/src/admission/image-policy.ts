/** Another server says which images may run. Source: kubernetes' plugin/pkg/admission/imagepolicy. */

import { readFile } from "node:fs/promises";
import type { Container, EphemeralContainer, Pod } from "@kubets/api";
import { type Clock, type Logger, messageOf, type Random, silentLogger } from "@kubets/apimachinery";
import { postWithRetry, type WebhookCaller } from "../authorization/webhook-retry.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import { RememberedAnswers } from "../webhook/remembered-answers.ts";
import type { ImagePolicyConfiguration } from "./configuration.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

export interface ImagePolicyOptions {
  readonly caller: WebhookCaller;
  readonly config: Omit<ImagePolicyConfiguration, "kubeConfigFile">;
  readonly clock: Clock;
  readonly random: Random;
}

interface ReviewSpec {
  readonly containers?: readonly { readonly image?: string }[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

interface ReviewStatus {
  readonly allowed?: boolean;
  readonly reason?: string;
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

const apiVersion = "imagepolicy.k8s.io/v1alpha1";
const auditPrefix = "imagepolicywebhook.image-policy.k8s.io/";
const failedOpenKey = "alpha.image-policy.k8s.io/failed-open";
const maxRemembered = 1024;
const timeoutMs = 30_000;

interface ImagePolicyMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly meters?: MetricsRegistry;
  /** Ends the looking for changes of the certificates that the kubeconfig file names. */
  readonly signal: AbortSignal;
}

/** @throws Error that says what is wrong with the configuration or the kubeconfig file it names */
export async function imagePolicyWebhook(
  config: ImagePolicyConfiguration | undefined,
  { clock, random, logger = silentLogger, meters, signal }: ImagePolicyMeans,
): Promise<AdmissionPlugin> {
  if (config === undefined)
    throw new Error("no config file path specified for ImagePolicyWebhook admission controller");
  const { kubeconfigCaller } = await import("../webhook/index.ts");
  const { kubeConfigFile } = config;
  const text = await readFile(kubeConfigFile, "utf8");
  const caller = await kubeconfigCaller(text, kubeConfigFile, clock, { logger, signal }, meters);
  return new ImagePolicyWebhook({ caller, config, clock, random });
}

export class ImagePolicyWebhook implements AdmissionPlugin {
  readonly name = "ImagePolicyWebhook";
  readonly concerns = onlyAbout("", "pods", ["", "ephemeralcontainers"]);
  readonly #options: ImagePolicyOptions;
  /** By what was asked. */
  readonly #answers: RememberedAnswers<ReviewStatus>;

  constructor(options: ImagePolicyOptions) {
    this.#options = options;
    this.#answers = new RememberedAnswers(options.clock, maxRemembered);
  }

  handles(operation: AdmissionAttributes["operation"]): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  async validate(attributes: AdmissionAttributes): Promise<void> {
    const pod = attributes.object as Pod;
    const spec = specOf(attributes, pod);
    const key = JSON.stringify(spec);
    const { allowTtlMs, denyTtlMs } = this.#options.config;
    let status = this.#answers.get(key);
    if (status === undefined) {
      try {
        status = await this.#ask(spec, attributes.client.signal);
      } catch (error) {
        // Or whoever hangs up would be past the policy where it fails open.
        attributes.client.signal.throwIfAborted();
        return this.#failed(attributes, pod, error);
      }
      this.#answers.set(key, status, status.allowed ? allowTtlMs : denyTtlMs);
    }
    for (const [name, value] of Object.entries(status.auditAnnotations ?? {}))
      attributes.annotate(auditPrefix + name, value);
    if (status.allowed) return;
    throw refuse(
      attributes,
      status.reason
        ? `image policy webhook backend denied one or more images: ${status.reason}`
        : "one or more images rejected by webhook backend",
    );
  }

  async #ask(spec: ReviewSpec, signal: AbortSignal): Promise<ReviewStatus> {
    const { caller, clock, random, config } = this.#options;
    const body = { kind: "ImageReview", apiVersion, metadata: {}, spec, status: { allowed: false } };
    const backoff = { initialMs: config.retryBackoffMs, factor: 1.5, jitter: 0.2, steps: 5 };
    const answer = await postWithRetry(caller, body, { clock, random, timeoutMs, backoff, signal });
    return (answer as { status?: ReviewStatus }).status ?? {};
  }

  #failed(attributes: AdmissionAttributes, pod: Pod, error: unknown): void {
    if (!this.#options.config.defaultAllow) throw refuse(attributes, messageOf(error));
    attributes.annotate(`${auditPrefix}failed-open`, "true");
    pod.metadata ??= {};
    pod.metadata.annotations = { ...pod.metadata.annotations, [failedOpenKey]: "true" };
  }
}

function specOf({ subresource, namespace }: AdmissionAttributes, { metadata, spec }: Pod): ReviewSpec {
  const containers: readonly (Container | EphemeralContainer)[] =
    subresource === "ephemeralcontainers"
      ? (spec?.ephemeralContainers ?? [])
      : [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const annotations = Object.entries(metadata?.annotations ?? {}).filter(([key]) =>
    key.includes(".image-policy.k8s.io/"),
  );
  return {
    ...(containers.length === 0
      ? {}
      : { containers: containers.map(({ image }) => (image === undefined ? {} : { image })) }),
    ...(annotations.length === 0 ? {} : { annotations: Object.fromEntries(annotations) }),
    ...(namespace === "" ? {} : { namespace }),
  };
}
