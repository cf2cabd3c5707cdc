/** Watches every kind there is, for the graph. New kinds are found when a definition of one appears; nothing is asked for in between. */

import {
  type APIService,
  apiServices,
  type CustomResourceDefinition,
  customResourceDefinitions,
  type Resource,
} from "@kubets/api";
import { apiVersionOf, ChangeSet, type KubeObject, type Logger } from "@kubets/apimachinery";
import { createInformerFactory, type Informer } from "@kubets/client";
import type { ControllerContext } from "../runtime/context.ts";
import { type DiscoveredResource, discover } from "../runtime/discovery.ts";

/** Kinds that are garbage by themselves or exist nowhere. Upstream's default list of ignored resources. */
const ignored = new Set(["/events", "events.k8s.io/events"]);
const neededVerbs = ["list", "watch", "delete"];
const retryMs = 30_000;
const syncPatienceMs = 30_000;
/** A definition is established a moment after it appears. */
const settleMs = 500;

export interface MonitorHandlers {
  changed(resource: Resource, object: KubeObject): void;
  deleted(resource: Resource, object: KubeObject): void;
  /** Kinds came or went. */
  resourcesChanged(): void;
}

export class Monitors {
  readonly #context: ControllerContext;
  readonly #handlers: MonitorHandlers;
  readonly #logger: Logger;
  readonly #running = new Map<
    string,
    { resource: DiscoveredResource; informer: Informer<KubeObject>; stop: AbortController }
  >();
  readonly #changes = new ChangeSet();
  #changedAt = 0;

  constructor(context: ControllerContext, handlers: MonitorHandlers) {
    this.#context = context;
    this.#handlers = handlers;
    this.#logger = context.logger.child({ controller: "garbage-collector-controller" });
    const poke = () => this.#changes.mark();
    const relevant = (object: APIService | CustomResourceDefinition) =>
      JSON.stringify([object.spec, object.status?.conditions?.map(({ type, status }) => [type, status])]);
    const update = <T extends APIService | CustomResourceDefinition>(old: T, object: T) => {
      if (relevant(old) !== relevant(object)) poke();
    };
    context.informers.informer(customResourceDefinitions).addHandler({ add: poke, update, delete: poke });
    context.informers.informer(apiServices).addHandler({ add: poke, update, delete: poke });
  }

  /** The resource a reference's apiVersion and kind stand for; undefined when the API has none. */
  resourceFor(apiVersion: string, kind: string): DiscoveredResource | undefined {
    const slash = apiVersion.indexOf("/");
    const group = slash < 0 ? "" : apiVersion.slice(0, slash);
    for (const { resource } of this.#running.values())
      if (resource.kind === kind && resource.group === group) return resource;
    return undefined;
  }

  /** Every kind known so far has been listed, or has had its time: one API that is down must not keep all garbage. */
  get synced(): boolean {
    if (this.#running.size === 0) return false;
    if (this.#context.clock.monotonic() - this.#changedAt > syncPatienceMs) return true;
    return [...this.#running.values()].every(({ informer }) => informer.hasSynced);
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#changes.drain();
        const complete = await this.#refresh(signal);
        if (complete) await this.#changes.take(signal);
        await this.#context.clock.sleep(complete ? settleMs : retryMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#logger.warn("discovery failed, will retry", { err: error });
        await this.#context.clock.sleep(retryMs, signal).catch(() => undefined);
      }
    }
  }

  async #refresh(signal: AbortSignal): Promise<boolean> {
    const { resources, failures } = await discover(this.#context.client, signal);
    const wanted = new Map<string, DiscoveredResource>();
    for (const resource of resources) {
      const collectable = neededVerbs.every((verb) => resource.verbs.includes(verb));
      if (collectable && !ignored.has(`${resource.group}/${resource.plural}`))
        wanted.set(keyOfResource(resource), resource);
    }
    let changes = 0;
    for (const [key, { resource, informer, stop }] of this.#running) {
      const unreadable = failures.has(apiVersionOf(resource));
      if (wanted.has(key) || unreadable) continue;
      stop.abort();
      this.#running.delete(key);
      for (const object of informer.lister.list()) this.#handlers.deleted(resource, object);
      changes++;
    }
    for (const [key, resource] of wanted) {
      if (this.#running.has(key)) continue;
      this.#running.set(key, this.#monitor(resource, signal));
      changes++;
    }
    if (changes > 0) {
      this.#changedAt = this.#context.clock.monotonic();
      this.#handlers.resourcesChanged();
    }
    return failures.size === 0;
  }

  #monitor(resource: DiscoveredResource, signal: AbortSignal) {
    const stop = new AbortController();
    const { client, clock, random, logger } = this.#context;
    let informers = this.#context.informers;
    if (isCustom(resource, this.#context)) {
      // Of its own, for it ends with its definition.
      const own = createInformerFactory(client, { clock, random, logger });
      own.start(AbortSignal.any([signal, stop.signal]));
      informers = own;
    }
    const { group, version, plural, kind, namespaced } = resource;
    const informer = informers.informer<KubeObject>({ group, version, plural, kind, namespaced });
    const remove = informer.addHandler({
      add: (object) => this.#handlers.changed(resource, object),
      update: (_, object) => this.#handlers.changed(resource, object),
      delete: (object) => this.#handlers.deleted(resource, object),
    });
    stop.signal.addEventListener("abort", remove, { once: true });
    return { resource, informer, stop };
  }
}

function isCustom({ group, plural }: DiscoveredResource, context: ControllerContext): boolean {
  return (
    context.informers.informer(customResourceDefinitions).lister.get(undefined, `${plural}.${group}`) !== undefined
  );
}

function keyOfResource({ group, version, plural }: Resource): string {
  return `${group}/${version}/${plural}`;
}
