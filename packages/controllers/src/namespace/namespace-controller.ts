/** Empties namespaces that are being deleted, whatever is in them, then lets them go. Behaviour of upstream's pkg/controller/namespace. */

import { type Namespace, namespaces, type Pod, pods } from "@kubets/api";
import { clone, deepEqual, isConflict, isNotFound, type KubeObject, keyOf, StatusError } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { type DiscoveredResource, discover } from "../runtime/discovery.ts";
import { type DeletionProgress, deletionConditions } from "./namespace-conditions.ts";

const finalizer = "kubernetes";
/** How long a finalizer is reckoned to take. */
const finalizerEstimateSeconds = 15;
const firstLookMs = 100;

interface Progress extends DeletionProgress {
  readonly contentErrors: unknown[];
  readonly remaining: Map<string, number>;
  readonly finalizers: Map<string, number>;
  estimateSeconds: number;
}

class NamespaceController implements Runnable {
  readonly #context: ControllerContext;
  readonly #namespaces: Informer<Namespace>;
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  /** How often each namespace was found not yet empty: looks grow rarer. */
  readonly #looks = new Map<string, number>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#namespaces = context.informers.informer(namespaces);
    this.#pods = context.informers.informer(pods);
    this.#controller = new Controller({
      name: "namespace-controller",
      queueName: "namespace",
      reconcile: (key, signal) => this.reconcile(key, signal),
      workers: 10,
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const enqueue = (namespace: Namespace) => {
      if (namespace.metadata?.deletionTimestamp !== undefined) this.#controller.enqueue(keyOf(namespace));
    };
    this.#namespaces.addHandler({
      add: enqueue,
      update: (old, namespace) => {
        // Our own notes on progress are no news.
        if (
          !deepEqual(old.status, namespace.status) &&
          deepEqual(old.spec, namespace.spec) &&
          old.metadata?.deletionTimestamp
        )
          return;
        enqueue(namespace);
      },
      delete: (namespace) => this.#looks.delete(keyOf(namespace)),
    });
    // Pods take longest to go, and tell when they have.
    this.#pods.addHandler({
      delete: (pod) => {
        const name = pod.metadata?.namespace ?? "";
        const namespace = this.#namespaces.lister.get(undefined, name);
        if (namespace !== undefined && this.#pods.lister.list(name).length === 0) enqueue(namespace);
      },
    });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const client = this.#context.client.resource(namespaces);
    let namespace: Namespace;
    try {
      // The newest: several may write to a namespace that is going.
      namespace = await client.get(key, { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
    if (namespace.metadata?.deletionTimestamp === undefined) return undefined;
    if ((namespace.spec?.finalizers ?? []).length === 0) return undefined;
    const progress = await this.#deleteContent(key, signal);
    await this.#report(namespace, progress, signal);
    const [failure] = [...progress.contentErrors, ...progress.discoveryFailures.values()];
    if (failure !== undefined) throw failure;
    if (progress.remaining.size > 0) return { requeueAfterMs: this.#nextLook(key, progress.estimateSeconds) };
    await this.#finalize(key, signal);
    this.#looks.delete(key);
    return undefined;
  }

  #nextLook(key: string, estimateSeconds: number): number {
    const looks = this.#looks.get(key) ?? 0;
    this.#looks.set(key, looks + 1);
    return Math.min(firstLookMs * 2 ** looks, (estimateSeconds / 2 + 1) * 1000);
  }

  async #deleteContent(namespace: string, signal: AbortSignal): Promise<Progress> {
    const { resources, failures } = await discover(this.#context.client, signal);
    const progress: Progress = {
      discoveryFailures: failures,
      contentErrors: [],
      remaining: new Map(),
      finalizers: new Map(),
      estimateSeconds: 0,
    };
    const deletable = resources.filter(({ namespaced, verbs }) => namespaced && verbs.includes("delete"));
    const isPods = ({ group, plural }: DiscoveredResource) => group === "" && plural === "pods";
    const all = (list: readonly DiscoveredResource[]) =>
      Promise.all(list.map((resource) => this.#deleteAll(namespace, resource, progress, signal)));
    // Pods first, so that none runs on without its secrets, policies and services (KEP-5080).
    await all(deletable.filter(isPods));
    if (progress.remaining.size === 0 && progress.contentErrors.length === 0)
      await all(deletable.filter((resource) => !isPods(resource)));
    return progress;
  }

  async #deleteAll(
    namespace: string,
    resource: DiscoveredResource,
    progress: Progress,
    signal: AbortSignal,
  ): Promise<void> {
    const client = this.#context.client.resource<KubeObject>(resource).namespace(namespace);
    const options = { propagationPolicy: "Background", signal } as const;
    try {
      if (resource.verbs.includes("list") && (await client.list({ limit: 1, signal })).items.length === 0) return;
      if (resource.verbs.includes("deletecollection")) await client.deleteCollection(options);
      else if (resource.verbs.includes("list")) {
        for (const { metadata } of (await client.list({ signal })).items)
          await client.delete(metadata?.name ?? "", options);
      }
      if (!resource.verbs.includes("list")) return;
      const { items } = await client.list({ signal });
      if (items.length > 0) note(progress, resource, items);
    } catch (error) {
      if (signal.aborted) throw error;
      if (error instanceof StatusError && (error.code === 404 || error.code === 405)) return;
      progress.contentErrors.push(error);
    }
  }

  async #report(namespace: Namespace, progress: Progress, signal: AbortSignal): Promise<void> {
    const old = namespace.status?.conditions ?? [];
    const nothingToSay =
      progress.remaining.size === 0 && progress.contentErrors.length === 0 && progress.discoveryFailures.size === 0;
    if (nothingToSay && old.length === 0) return;
    const conditions = deletionConditions(old, progress, this.#context.clock.now());
    if (deepEqual(old, conditions)) return;
    const next = clone(namespace);
    next.status = { ...next.status, phase: "Terminating", conditions };
    try {
      await this.#context.client.resource(namespaces).updateStatus(next, { signal });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
  }

  async #finalize(name: string, signal: AbortSignal): Promise<void> {
    const client = this.#context.client.resource(namespaces);
    try {
      const fresh = clone(await client.get(name, { signal }));
      const finalizers = (fresh.spec?.finalizers ?? []).filter((entry) => entry !== finalizer);
      await client.updateSubresource(name, "finalize", { ...fresh, spec: { ...fresh.spec, finalizers } }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function note(progress: Progress, resource: DiscoveredResource, items: readonly KubeObject[]): void {
  progress.remaining.set(`${resource.plural}.${resource.group}`, items.length);
  for (const { metadata } of items) {
    for (const name of metadata?.finalizers ?? []) {
      progress.finalizers.set(name, (progress.finalizers.get(name) ?? 0) + 1);
      progress.estimateSeconds = Math.max(progress.estimateSeconds, finalizerEstimateSeconds);
    }
    progress.estimateSeconds = Math.max(progress.estimateSeconds, metadata?.deletionGracePeriodSeconds ?? 0);
  }
}

export const namespaceController: ControllerDefinition = {
  name: "namespace-controller",
  serviceAccount: "namespace-controller",
  create: (context) => new NamespaceController(context),
};
