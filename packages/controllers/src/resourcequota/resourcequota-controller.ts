/**
 * Says in each ResourceQuota's status how much of it is used. Behaviour of upstream's pkg/controller/resourcequota, by event for all
 * changes. Refusing what would exceed a quota is admission's part.
 */

import { type ResourceQuota, resourceQuotas } from "@kubets/api";
import { inScopes, type QuotaEvaluator, quotaEvaluatorOf } from "@kubets/api/quota";
import { clone, deepEqual, type KubeObject, keyOf, Quantity, tryParseQuantity } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";
import { discover } from "../runtime/discovery.ts";

/** Changes come in crowds, and only their sum is written. */
const gatherMs = 50;
/** Admission charges before an object is stored; what then was not stored is found at the latest now. Upstream's --resource-quota-sync-period. */
const recountMs = 5 * 60_000;

interface Monitor {
  readonly evaluator: QuotaEvaluator;
  readonly informer: Informer<KubeObject>;
}

class ResourceQuotaController implements Runnable {
  readonly #context: ControllerContext;
  readonly #quotas: Informer<ResourceQuota>;
  readonly #controller: Controller;
  readonly #monitors = new Map<string, Monitor>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#quotas = context.informers.informer(resourceQuotas);
    this.#controller = new Controller({
      name: "resourcequota-controller",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
    });
    this.#quotas.addHandler({
      add: (quota) => this.#controller.enqueue(keyOf(quota)),
      update: (old, quota) => {
        if (!deepEqual(old.spec, quota.spec) || !deepEqual(quota.spec?.hard, quota.status?.hard))
          this.#controller.enqueue(keyOf(quota));
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

  async #reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const quota = this.#quotas.lister.getByKey(key);
    if (quota === undefined) return;
    const hard = quota.spec?.hard ?? {};
    const used = new Map(Object.keys(hard).map((name) => [name, Quantity.zero]));
    const nowMs = this.#context.clock.now();
    for (const { evaluator, informer } of await this.#monitorsFor(Object.keys(hard), signal)) {
      for (const object of informer.lister.list(quota.metadata?.namespace ?? "")) {
        if (!inScopes(evaluator, quota, object)) continue;
        for (const [name, amount] of evaluator.usage(object, nowMs)) {
          const sum = used.get(name);
          if (sum !== undefined) used.set(name, sum.isZero() ? amount : sum.add(amount));
        }
      }
    }
    const status = {
      hard: clone(hard),
      used: Object.fromEntries([...used].map(([name, amount]) => [name, amount.toString()])),
    };
    if (sameAmounts(status.hard, quota.status?.hard) && sameAmounts(status.used, quota.status?.used)) return;
    await this.#context.client.resource(resourceQuotas).updateStatus({ ...clone(quota), status }, { signal });
  }

  /** Watches of the kinds these names count, begun when first needed. */
  async #monitorsFor(names: readonly string[], signal: AbortSignal): Promise<Monitor[]> {
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
    return monitors;
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
    informer.addHandler({
      add: changed,
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
