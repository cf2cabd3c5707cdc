/**
 * CustomResourceDefinitions at work: what they define is served as soon as the store says so, their status is kept, and their objects go before them.
 * Follows the store's watch; one event at a time changes what is served, synchronously.
 */

import type { CustomResourceDefinition } from "@kubets/api";
import {
  type CrdCondition,
  customResourceCleanupFinalizer,
  isCrdConditionTrue,
  setCrdCondition,
} from "@kubets/api/apiextensions";
import { clone, isNotFound, type KubeObject, type Logger, nextTurn, writeJson } from "@kubets/apimachinery";
import type { Entry, StoreEvent } from "@kubets/storage";
import type { CelMetrics } from "../metrics/cel-metrics.ts";
import type { Registry } from "../registry/registry.ts";
import { update } from "../registry/update.ts";
import type { ServerContext } from "../server/context.ts";
import { apiServerIdentity } from "../services/default-objects.ts";
import type { WebhookClient } from "../webhook/index.ts";
import type { ServedCrd } from "./serving.ts";

export interface CustomResourcesOptions {
  /** For conversion. Without it CRDs that convert by webhook serve what is stored as if only its name differed. */
  readonly webhooks?: Pick<WebhookClient, "call"> | undefined;
  readonly cel?: CelMetrics | undefined;
}

interface Machinery {
  readonly serving: typeof import("./serving.ts");
  readonly names: typeof import("./names.ts");
  readonly cleanup: typeof import("./instance-cleanup.ts");
}

const retryMs = 1000;

export class CustomResources {
  readonly #server: ServerContext;
  readonly #options: CustomResourcesOptions;
  readonly #logger: Logger;
  readonly #served = new Map<string, ServedCrd>();
  readonly #cleaning = new Set<string>();
  #machinery: Machinery | undefined;
  /** What came while the machinery was loading, and everything after it. */
  #loading: Promise<void> | undefined;
  #work: Promise<void> = Promise.resolve();
  #signal = AbortSignal.abort();

  constructor(server: ServerContext, options: CustomResourcesOptions = {}) {
    this.#server = server;
    this.#options = options;
    this.#logger = server.logger;
  }

  get #registry(): Registry | undefined {
    return this.#server.resources.get("apiextensions.k8s.io", "v1", "customresourcedefinitions")?.registry;
  }

  /** Serves what there is and follows from then on, until `signal` aborts. Resolves when all that is established is served. */
  async start(signal: AbortSignal): Promise<void> {
    const registry = this.#registry;
    if (registry === undefined || signal.aborted) return;
    this.#signal = signal;
    const { store } = this.#server;
    const { entries, revision } = await store.list(registry.prefix);
    if (entries.length > 0) await this.#load();
    for (const entry of entries) this.#putEntry(entry);
    await this.#follow(revision);
  }

  /** All status work begun so far is done. */
  async idle(): Promise<void> {
    await this.#loading;
    for (let work = this.#work; ; work = this.#work) {
      await work;
      if (work === this.#work) return;
    }
  }

  async #follow(afterRevision: number): Promise<void> {
    await this.#server.store.watch(this.#registry!.prefix, {
      afterRevision,
      signal: this.#signal,
      onEvents: (events) => this.#onEvents(events),
      onError: (error) => {
        this.#logger.error("the watch of CustomResourceDefinitions broke", { err: error });
        void this.#resume();
      },
    });
  }

  /** Begins anew, as often as it takes. */
  async #resume(): Promise<void> {
    for (;;) {
      await this.#pause(retryMs);
      if (this.#signal.aborted) return;
      try {
        return await this.#refollow();
      } catch (err) {
        this.#logger.error("CustomResourceDefinitions are not followed", { err });
      }
    }
  }

  /** Also over when the signal aborts. */
  async #pause(ms: number): Promise<void> {
    await this.#server.clock.sleep(ms, this.#signal).catch(() => {});
  }

  async #refollow(): Promise<void> {
    const known = new Set(this.#served.keys());
    const { entries, revision } = await this.#server.store.list(this.#registry!.prefix);
    for (const entry of entries) {
      known.delete(this.#nameOf(entry));
      this.#putEntry(entry);
    }
    for (const name of known) this.#delete(name);
    await this.#follow(revision);
  }

  async #load(): Promise<void> {
    const [serving, names, cleanup] = await Promise.all([
      import("./serving.ts"),
      import("./names.ts"),
      import("./instance-cleanup.ts"),
    ]);
    this.#machinery = { serving, names, cleanup };
  }

  #onEvents(events: readonly StoreEvent[]): void {
    if (this.#machinery !== undefined && this.#loading === undefined) return this.#apply(events);
    const loaded = this.#loading ?? this.#load();
    const applied = loaded.then(() => {
      this.#apply(events);
      if (this.#loading === applied) this.#loading = undefined;
    });
    this.#loading = applied;
    applied.catch((err: unknown) => this.#logger.error("custom resources could not be loaded", { err }));
  }

  #apply(events: readonly StoreEvent[]): void {
    for (const { type, entry } of events) {
      if (type === "delete") this.#delete(this.#nameOf(entry));
      else this.#putEntry(entry);
    }
  }

  #nameOf({ key }: Entry): string {
    return key.slice(this.#registry!.prefix.length);
  }

  #putEntry(entry: Entry): void {
    let crd: CustomResourceDefinition;
    try {
      crd = this.#registry!.served(entry).object as CustomResourceDefinition;
    } catch (err) {
      // What was served of it before still is, and the others are followed.
      this.#logger.error("a CustomResourceDefinition cannot be read", { name: this.#nameOf(entry), err });
      return;
    }
    this.#put(crd);
  }

  #put(crd: CustomResourceDefinition): void {
    const name = crd.metadata!.name!;
    const known = this.#served.get(name);
    try {
      if (known === undefined) {
        const { webhooks, cel } = this.#options;
        const options = { server: this.#server, random: this.#server.random, webhooks, cel };
        this.#served.set(name, new this.#machinery!.serving.ServedCrd(options, crd));
      } else known.update(crd);
    } catch (err) {
      // One that cannot be served must not take the others down.
      this.#logger.error("a CustomResourceDefinition could not be served", { name, err });
    }
    this.#settle(name);
    if (isTerminating(crd)) this.#cleanUp(name);
  }

  #delete(name: string): void {
    const gone = this.#served.get(name);
    this.#served.delete(name);
    gone?.remove();
    // Its names are free now.
    this.#settleGroup(gone?.crd.spec?.group, name);
  }

  #settleGroup(group: string | undefined, except: string): void {
    for (const [name, { crd }] of this.#served) if (name !== except && crd.spec?.group === group) this.#settle(name);
  }

  /** One after the other: two must not be given the same name. */
  #settle(name: string): void {
    this.#work = this.#work.then(() =>
      this.#settleOne(name).catch((err: unknown) => {
        if (isNotFound(err) || this.#signal.aborted) return;
        this.#logger.error("the status of a CustomResourceDefinition could not be written", { name, err });
        // No event says that it can be now.
        void this.#pause(retryMs).then(() => this.#settle(name));
      }),
    );
  }

  async #settleOne(name: string): Promise<void> {
    // A large one takes a while, and so did the write that led here.
    await nextTurn();
    const served = this.#served.get(name);
    if (served === undefined || this.#signal.aborted) return;
    const others = [...this.#served].filter(([other]) => other !== name).map(([, { crd }]) => crd);
    const now = this.#server.clock.now();
    const settled = { ...served.crd, ...(served.crd.status && { status: clone(served.crd.status) }) };
    this.#machinery!.names.settleStatus(settled, others, now);
    if (sameStatus(settled, served.crd)) return;
    const before = served.crd.status?.acceptedNames;
    const written = await this.#writeStatus(name, (crd) => this.#machinery!.names.settleStatus(crd, others, now));
    // Known at once: the next one's names are judged by it, whenever the event comes.
    this.#served.get(name)?.update(written);
    if (before !== undefined && writeJson(before) !== writeJson(written.status?.acceptedNames)) {
      this.#settleGroup(written.spec?.group, name);
    }
  }

  async #writeStatus(name: string, change: (crd: CustomResourceDefinition) => void): Promise<CustomResourceDefinition> {
    const { served } = await update(this.#registry!, {
      namespace: "",
      name,
      subresource: "status",
      user: apiServerIdentity,
      dryRun: false,
      manager: "kube-apiserver",
      options: { kind: "UpdateOptions", apiVersion: "meta.k8s.io/v1" },
      client: { signal: this.#signal },
      warn: () => {},
      annotate: () => {},
      createIfAbsent: false,
      transform: (old) => {
        const crd = clone(old!) as CustomResourceDefinition;
        change(crd);
        return crd as KubeObject;
      },
    });
    return served.object as CustomResourceDefinition;
  }

  #cleanUp(name: string): void {
    if (this.#cleaning.has(name)) return;
    this.#cleaning.add(name);
    void this.#cleanUpUntilDone(name).finally(() => this.#cleaning.delete(name));
  }

  async #cleanUpUntilDone(name: string): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        return await this.#cleanUpOne(name);
      } catch (err) {
        if (this.#signal.aborted || isNotFound(err)) return;
        this.#logger.error("the objects of a CustomResourceDefinition could not be deleted", { name, err });
      }
      await this.#pause(retryMs);
    }
  }

  async #cleanUpOne(name: string): Promise<void> {
    await this.#work;
    const inProgress: CrdCondition = {
      type: "Terminating",
      status: "True",
      reason: "InstanceDeletionInProgress",
      message: "CustomResource deletion is in progress",
    };
    await this.#setCondition(name, inProgress, false);
    for (;;) {
      const condition = await this.#deleteObjects(name);
      if (condition === undefined) return;
      const done = condition.status === "False";
      await this.#setCondition(name, condition, done);
      if (done) return;
      await this.#server.clock.sleep(retryMs * 5, this.#signal);
    }
  }

  async #deleteObjects(name: string): Promise<CrdCondition | undefined> {
    const served = this.#served.get(name);
    if (served === undefined) return undefined;
    const never: CrdCondition = {
      type: "Terminating",
      status: "False",
      reason: "NeverEstablished",
      message: "resource was never established",
    };
    if (!isCrdConditionTrue(served.crd, "Established") || served.storage === undefined) return never;
    return await this.#machinery!.cleanup.cleanUp(served.storage, this.#signal);
  }

  async #setCondition(name: string, condition: CrdCondition, done: boolean): Promise<void> {
    await this.#writeStatus(name, (crd) => {
      setCrdCondition(crd, condition, this.#server.clock.now());
      if (!done) return;
      const finalizers = (crd.metadata!.finalizers ?? []).filter((each) => each !== customResourceCleanupFinalizer);
      if (finalizers.length > 0) crd.metadata!.finalizers = finalizers;
      else delete crd.metadata!.finalizers;
    });
  }
}

function isTerminating({ metadata }: CustomResourceDefinition): boolean {
  return (
    metadata?.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(customResourceCleanupFinalizer)
  );
}

/** But for times, which alone are no reason to write. */
function sameStatus(a: CustomResourceDefinition, b: CustomResourceDefinition): boolean {
  return writeJson(a.status ?? {}) === writeJson(b.status ?? {});
}
