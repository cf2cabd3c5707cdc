/**
 * Says in each ResourceQuota's status how much of it is used. Behaviour of upstream's pkg/controller/resourcequota, by event for all
 * changes. Refusing what would exceed a quota is admission's part.
 */

import { formatResourceList, parseResourceList, type ResourceQuota, resourceQuotas } from "@kubets/api";
import { inScopes, onlyNamed, type QuotaEvaluator, quotaEvaluatorOf } from "@kubets/api/quota";
import { clone, deepEqual, type KubeObject, keyOf, Quantity, tryParseQuantity } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { discover } from "../runtime/discovery.ts";

/** Changes come in crowds, and only their sum is written. */
const gatherMs = 50;
/**
 * Admission charges a quota a moment before the object it admits is stored, and a count in that moment would give the charge back. So a quota that
 * was written just now is left alone for so long, but not for ever where writes never cease.
 */
const settleMs = 100;
const maxSettleMs = 1000;
/** Admission charges before an object is stored; what then was not stored is found at the latest now. Upstream's --resource-quota-sync-period. */
const recountMs = 5 * 60_000;

/** A kind that is not served may come to be, as custom resources do. Upstream's period for finding out. */
const lookAgainMs = 30_000;

interface Monitor {
  readonly evaluator: QuotaEvaluator;
  readonly informer: Informer<KubeObject>;
}

class ResourceQuotaController implements Runnable {
  readonly #context: ControllerContext;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #controller: Controller;
  readonly #monitors = new Map<string, Monitor>();
  /** By key: when the quota was last seen to change, and since when a count has been put off. */
  readonly #changedAt = new Map<string, number>();
  readonly #putOffSince = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#quotas = context.informers.informer(resourceQuotas);
    this.#controller = new Controller({
      name: "resourcequota-controller",
      queueName: "resourcequota_primary",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const seen = (quota: ResourceQuota) => this.#changedAt.set(keyOf(quota), context.clock.monotonic());
    this.#quotas.addHandler({
      add: (quota) => {
        seen(quota);
        this.#controller.enqueue(keyOf(quota));
      },
      update: (old, quota) => {
        seen(quota);
        if (!deepEqual(old.spec, quota.spec) || !deepEqual(quota.spec?.hard, quota.status?.hard))
          this.#controller.enqueue(keyOf(quota));
      },
      delete: (quota) => {
        this.#changedAt.delete(keyOf(quota));
        this.#putOffSince.delete(keyOf(quota));
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#controller.run(signal), this.#recount(signal)]);
  }

  async #recount(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#context.clock.sleep(recountMs, signal).catch(ignoreAbort(signal));
      if (!signal.aborted) for (const quota of this.#quotas.lister.list()) this.#controller.enqueue(keyOf(quota));
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const quota = this.#quotas.lister.getByKey(key);
    if (quota === undefined) return undefined;
    const requeueAfterMs = this.#unsettledMs(key, quota);
    if (requeueAfterMs > 0) return { requeueAfterMs };
    const names = Object.keys(quota.spec?.hard ?? {});
    const { monitors, isComplete } = await this.#monitorsFor(names, signal);
    // What nothing counts here keeps what is said of it.
    const used = new Map(onlyNamed(parseResourceList(quota.status?.used), names));
    for (const name of names)
      if (monitors.some(({ evaluator }) => evaluator.counts(name))) used.set(name, Quantity.zero);
    const nowMs = this.#context.clock.now();
    for (const { evaluator, informer } of monitors) {
      for (const object of informer.lister.list(quota.metadata?.namespace ?? "")) {
        if (!inScopes(evaluator, quota, object)) continue;
        for (const [name, amount] of evaluator.usage(object, nowMs)) {
          const sum = used.get(name);
          if (sum !== undefined) used.set(name, sum.isZero() ? amount : sum.add(amount));
        }
      }
    }
    await this.#write(quota, used, signal);
    return isComplete ? undefined : { requeueAfterMs: lookAgainMs };
  }

  /** How long to put the count off. What is not counted at all yet is counted at once. */
  #unsettledMs(key: string, quota: ResourceQuota): number {
    const now = this.#context.clock.monotonic();
    const since = this.#putOffSince.get(key) ?? now;
    const left = (this.#changedAt.get(key) ?? 0) + settleMs - now;
    const isCounted = deepEqual(quota.spec?.hard, quota.status?.hard);
    if (!isCounted || left <= 0 || now - since >= maxSettleMs) {
      this.#putOffSince.delete(key);
      return 0;
    }
    this.#putOffSince.set(key, since);
    return left;
  }

  async #write(quota: ResourceQuota, used: ReadonlyMap<string, Quantity>, signal: AbortSignal): Promise<void> {
    const hard = quota.spec?.hard ?? {};
    const status = {
      hard: clone(hard),
      used: formatResourceList(used),
    };
    if (sameAmounts(status.hard, quota.status?.hard) && sameAmounts(status.used, quota.status?.used)) return;
    await this.#context.client.resource(resourceQuotas).updateStatus({ ...clone(quota), status }, { signal });
  }

  /** Watches of the kinds these names count, begun when first needed. */
  async #monitorsFor(
    names: readonly string[],
    signal: AbortSignal,
  ): Promise<{ readonly monitors: Monitor[]; readonly isComplete: boolean }> {
    const wanted = new Map<string, QuotaEvaluator>();
    for (const name of names) {
      const evaluator = quotaEvaluatorOf(name);
      if (evaluator !== undefined) wanted.set(`${evaluator.plural}.${evaluator.group}`, evaluator);
    }
    const missing = [...wanted.keys()].filter((key) => !this.#monitors.has(key));
    if (missing.length > 0) {
      const { resources } = await discover(this.#context.client, signal);
      for (const key of missing) {
        const found = resources.find(({ plural, group, namespaced }) => namespaced && `${plural}.${group}` === key);
        if (found !== undefined && ["list", "watch"].every((verb) => found.verbs.includes(verb)))
          this.#watch(key, wanted.get(key)!, found);
      }
    }
    const monitors = [...wanted.keys()]
      .map((key) => this.#monitors.get(key))
      .filter((monitor) => monitor !== undefined);
    await Promise.all(monitors.map(({ informer }) => informer.synced(signal)));
    return { monitors, isComplete: monitors.length === wanted.size };
  }

  #watch(
    key: string,
    evaluator: QuotaEvaluator,
    { group, version, plural, kind, namespaced }: Awaited<ReturnType<typeof discover>>["resources"][number],
  ): void {
    const informer = this.#context.informers.informer<KubeObject>({ group, version, plural, kind, namespaced });
    this.#monitors.set(key, { evaluator, informer });
    const changed = (object: KubeObject) => {
      for (const quota of this.#quotas.lister.list(object.metadata?.namespace ?? "")) {
        const concerned = Object.keys(quota.spec?.hard ?? {}).some((name) => evaluator.counts(name));
        if (concerned) this.#controller.enqueueAfter(keyOf(quota), gatherMs);
      }
    };
    const usage = (object: KubeObject) => {
      const amounts = evaluator.usage(object, this.#context.clock.now());
      return JSON.stringify([...amounts].map(([name, amount]) => [name, amount.toString()]));
    };
    // What is made or grows, admission has charged.
    informer.addHandler({
      update: (old, object) => {
        if (usage(old) !== usage(object)) changed(object);
      },
      delete: changed,
    });
  }
}

function ignoreAbort(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}

function sameAmounts(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined): boolean {
  const names = Object.keys(a);
  if (b === undefined || names.length !== Object.keys(b).length) return false;
  return names.every((name) => {
    const [left, right] = [tryParseQuantity(a[name]), tryParseQuantity(b[name])];
    return left !== undefined && right !== undefined && left.cmp(right) === 0;
  });
}

export const resourceQuotaController: ControllerDefinition = {
  name: "resourcequota-controller",
  serviceAccount: "resourcequota-controller",
  create: (context) => new ResourceQuotaController(context),
};
