/**
 * Nothing is made that would exceed a namespace's quotas. What is admitted is charged to the quota's status before the object is stored, by
 * compare-and-swap: two servers, or two requests, never both take the last of it. Requests that come while a charge is being written are charged
 * together by the next. What was charged for an object that then was not made is given back when the controller counts again.
 * Source: apiserver's admission/plugin/resourcequota.
 */

import { formatResourceList, type ResourceDefinition, type ResourceQuota, resourceQuotas } from "@kubets/api";
import { type QuotaEvaluator, quotaEvaluatorFor, sameAmounts } from "@kubets/api/quota";
import { type Clock, isConflict, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../../reader/object-reader.ts";
import type { AdmissionCluster } from "../cluster.ts";
import type { LimitedResource, ResourceQuotaConfiguration } from "../configuration.ts";
import type { Lister } from "../lister.ts";
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin } from "../plugin.ts";
import { checkRequest, type RunningQuota, runningQuota } from "./check-request.ts";

export interface ResourceQuotaOptions {
  readonly quotas: Lister<ResourceQuota>;
  /** For what another wrote a moment ago. */
  readonly reader: ObjectReader;
  readonly cluster: Pick<AdmissionCluster, "updateQuotaStatus">;
  readonly clock: Clock;
  readonly config?: ResourceQuotaConfiguration | undefined;
  /** Ends the trying again, which is for all that wait together. */
  readonly signal: AbortSignal;
}

const timeoutMs = 10_000;
/** How often a charge is tried again when another wrote the quota first. */
const maxRetries = 10;
const retryAfterMs = 2;
/** What is forgotten is read from the lister again: at worst it is a write behind, and the next charge is tried again. */
const maxWritten = 100;

interface Waiter {
  readonly attributes: AdmissionAttributes;
  readonly evaluator: QuotaEvaluator;
  /** Undefined until it is decided. */
  outcome: "admitted" | { readonly refusal: unknown } | undefined;
  settle(): void;
}

export class ResourceQuotaAdmission implements AdmissionPlugin {
  readonly name = "ResourceQuota";
  readonly #options: ResourceQuotaOptions;
  readonly #limited: readonly LimitedResource[];
  readonly #evaluators = new WeakMap<ResourceDefinition, QuotaEvaluator>();
  /** By namespace: who waits while a batch is being decided. A namespace is in it as long as one is. */
  readonly #waiting = new Map<string, Waiter[]>();
  /** What was written last, by namespace and name, until the lister has it too. */
  readonly #written = new Map<string, ResourceQuota>();

  constructor(options: ResourceQuotaOptions) {
    this.#options = options;
    this.#limited = options.config?.limitedResources ?? [];
  }

  handles(operation: AdmissionOperation): boolean {
    return operation === "CREATE" || operation === "UPDATE";
  }

  concerns(definition: ResourceDefinition, operation: AdmissionOperation, subresource: string): boolean {
    if (!definition.namespaced || definition.virtual) return false;
    const evaluator = this.#evaluatorOf(definition);
    if (evaluator === undefined) return false;
    const { group, plural } = definition;
    if (subresource === "status") return operation === "UPDATE" && group === "" && plural === "persistentvolumeclaims";
    if (subresource !== "" && subresource !== "resize") return false;
    return evaluator.handles({ operation, subresource, object: undefined, oldObject: undefined });
  }

  #evaluatorOf(definition: ResourceDefinition): QuotaEvaluator | undefined {
    let found = this.#evaluators.get(definition);
    if (found === undefined) {
      found = quotaEvaluatorFor(definition.group, definition.plural);
      if (found !== undefined) this.#evaluators.set(definition, found);
    }
    return found;
  }

  validate(attributes: AdmissionAttributes): Promise<void> | undefined {
    const { namespace, definition } = attributes;
    const evaluator = this.#evaluatorOf(definition);
    if (namespace === "" || evaluator === undefined || !evaluator.handles(attributes)) return undefined;
    if (this.#limited.length === 0 && !this.#isCounted(namespace, evaluator)) return undefined;
    return this.#decide(attributes, evaluator);
  }

  #isCounted(namespace: string, evaluator: QuotaEvaluator): boolean {
    for (const { status } of this.#options.quotas.in(namespace).values())
      for (const name in status?.hard) if (evaluator.counts(name)) return true;
    return false;
  }

  #decide(attributes: AdmissionAttributes, evaluator: QuotaEvaluator): Promise<void> {
    const { clock } = this.#options;
    const { namespace } = attributes;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(() => reject(timedOut()), timeoutMs, { unref: true });
      const waiter: Waiter = {
        attributes,
        evaluator,
        outcome: undefined,
        settle() {
          timer.cancel();
          if (waiter.outcome === "admitted") resolve();
          else reject(waiter.outcome?.refusal ?? timedOut());
        },
      };
      const waiting = this.#waiting.get(namespace);
      if (waiting !== undefined) waiting.push(waiter);
      else this.#drain(namespace, [waiter]).catch(reject);
    });
  }

  /** Decides batch after batch until nobody waits. Never rejects. */
  async #drain(namespace: string, first: Waiter[]): Promise<void> {
    let batch = first;
    while (batch.length > 0) {
      this.#waiting.set(namespace, []);
      try {
        await this.#check(this.#quotasIn(namespace), batch, maxRetries);
      } catch (refusal) {
        for (const waiter of batch) waiter.outcome ??= { refusal };
      }
      for (const waiter of batch) waiter.settle();
      batch = this.#waiting.get(namespace) ?? [];
    }
    this.#waiting.delete(namespace);
  }

  #quotasIn(namespace: string): RunningQuota[] {
    return [...this.#options.quotas.in(namespace).values()].map((quota) => runningQuota(this.#newest(quota)));
  }

  #newest(quota: ResourceQuota): ResourceQuota {
    const key = keyOf(quota);
    const written = this.#written.get(key);
    if (written === undefined) return quota;
    if (written.metadata?.uid === quota.metadata?.uid && versionOf(written) > versionOf(quota)) return written;
    this.#written.delete(key);
    return quota;
  }

  async #check(before: readonly RunningQuota[], batch: readonly Waiter[], retries: number): Promise<void> {
    const after = this.#chargeAll(before, batch);
    const failed = await this.#write(before, after);
    if (failed.length === 0) {
      for (const waiter of batch) waiter.outcome ??= "admitted";
      return;
    }
    if (retries === 0) throw failed[0]!.error;
    const { clock, reader, signal } = this.#options;
    await clock.sleep(retryAfterMs * (maxRetries - retries + 1), signal);
    // Only what could not be written is looked at again: the other quotas have been charged.
    const names = new Set(failed.map(({ quota }) => quota.metadata?.name));
    const now = await reader.list(resourceQuotas, failed[0]!.quota.metadata?.namespace ?? "");
    const again = now.filter(({ metadata }) => names.has(metadata?.name)).map((quota) => runningQuota(quota));
    const undecided = batch.filter(({ outcome }) => outcome === undefined);
    await this.#check(again, undecided, retries - 1);
  }

  /** One after another, as if each had been stored. Decides those that are refused, and those that no quota charges. */
  #chargeAll(before: readonly RunningQuota[], batch: readonly Waiter[]): readonly RunningQuota[] {
    const nowMs = this.#options.clock.now();
    let running = before;
    for (const waiter of batch) {
      const { attributes, evaluator } = waiter;
      try {
        const next = checkRequest(running, attributes, { evaluator, limited: this.#limited, nowMs });
        if (attributes.dryRun || next.every((quota, i) => quota === running[i])) waiter.outcome = "admitted";
        if (!attributes.dryRun) running = next;
      } catch (refusal) {
        waiter.outcome = { refusal };
      }
    }
    return running;
  }

  async #write(
    before: readonly RunningQuota[],
    after: readonly RunningQuota[],
  ): Promise<{ quota: ResourceQuota; error: unknown }[]> {
    const changed = after.filter(({ used }, i) => !sameAmounts(used, before[i]!.used));
    const results = await Promise.all(changed.map((running) => this.#writeOne(running)));
    return results.filter((result) => result !== undefined);
  }

  #keep(written: ResourceQuota): void {
    this.#written.delete(keyOf(written));
    this.#written.set(keyOf(written), written);
    if (this.#written.size <= maxWritten) return;
    const [oldest] = this.#written.keys();
    this.#written.delete(oldest!);
  }

  async #writeOne({ quota, used }: RunningQuota): Promise<{ quota: ResourceQuota; error: unknown } | undefined> {
    const wanted = { ...quota, status: { ...quota.status, used: formatResourceList(used) } };
    try {
      this.#keep(await this.#options.cluster.updateQuotaStatus(wanted));
      return undefined;
    } catch (error) {
      if (isConflict(error)) return { quota, error };
      throw error;
    }
  }
}

function keyOf({ metadata }: ResourceQuota): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function versionOf({ metadata }: ResourceQuota): number {
  return Number(metadata?.resourceVersion ?? 0);
}

function timedOut(): StatusError {
  return new StatusError(500, "InternalError", "Internal error occurred: resource quota evaluation timed out");
}
