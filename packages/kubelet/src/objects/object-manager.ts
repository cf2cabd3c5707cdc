/**
 * ConfigMaps or Secrets for the pods of this node: one watch per object that a pod here names, none for the rest.
 * A node may not list what its pods do not use, so a watch of all would be refused as well as wasteful.
 */

import type { Resource } from "@kubets/api";
import type { Clock, KubeObject, Logger, Random } from "@kubets/apimachinery";
import { notFound } from "@kubets/apimachinery";
import type { Client, Informer } from "@kubets/client";
import { createInformerFactory } from "@kubets/client";

export interface ObjectManagerOptions<T extends KubeObject> {
  readonly client: Client;
  readonly resource: Resource<T>;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** An object that these pods use has changed, come or gone. */
  onChange(podUids: ReadonlySet<string>): void;
}

interface Watched<T extends KubeObject> {
  readonly informer: Informer<T>;
  readonly users: Set<string>;
  readonly stop: AbortController;
  readonly stopped: Promise<void>;
}

export class ObjectManager<T extends KubeObject> {
  readonly #options: ObjectManagerOptions<T>;
  readonly #watched = new Map<string, Watched<T>>();
  readonly #byPod = new Map<string, Set<string>>();

  constructor(options: ObjectManagerOptions<T>) {
    this.#options = options;
  }

  /** The pod uses exactly these from now on. Repeating it changes nothing. */
  use(podUid: string, namespace: string, names: ReadonlySet<string>): void {
    const wanted = new Set([...names].map((name) => `${namespace}/${name}`));
    const before = this.#byPod.get(podUid) ?? new Set();
    for (const key of wanted) if (!before.has(key)) this.#join(key, podUid);
    for (const key of before) if (!wanted.has(key)) this.#leave(key, podUid);
    if (wanted.size === 0) this.#byPod.delete(podUid);
    else this.#byPod.set(podUid, wanted);
  }

  release(podUid: string): void {
    this.use(podUid, "", new Set());
  }

  /** @throws StatusError NotFound, or what the API answered. */
  async get(namespace: string, name: string, signal?: AbortSignal): Promise<T> {
    const { client, resource } = this.#options;
    const watched = this.#watched.get(`${namespace}/${name}`);
    if (watched === undefined) {
      return client
        .resource(resource)
        .namespace(namespace)
        .get(name, signal === undefined ? {} : { signal });
    }
    await watched.informer.synced(signal);
    const object = watched.informer.lister.get(namespace, name);
    if (object !== undefined) return object;
    // Upstream names the kind in the singular here: `configmap "x" not found`.
    throw notFound({ group: resource.group, resource: resource.kind.toLowerCase() }, name);
  }

  async stop(): Promise<void> {
    const all = [...this.#watched.values()];
    this.#watched.clear();
    for (const { stop } of all) stop.abort();
    await Promise.all(all.map(({ stopped }) => stopped));
  }

  #join(key: string, podUid: string): void {
    const existing = this.#watched.get(key);
    if (existing !== undefined) {
      existing.users.add(podUid);
      return;
    }
    const { client, resource, clock, random, logger, onChange } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    const factory = createInformerFactory(client, { clock, random, logger });
    const informer = factory.informer(resource, { namespace, fieldSelector: `metadata.name=${name}` });
    const stop = new AbortController();
    const users = new Set([podUid]);
    const changed = () => {
      // The first list is no change: whoever joined is waiting for it.
      if (informer.hasSynced) onChange(users);
    };
    informer.addHandler({ add: changed, update: changed, delete: changed });
    factory.start(stop.signal);
    this.#watched.set(key, { informer, users, stop, stopped: factory.stopped() });
  }

  #leave(key: string, podUid: string): void {
    const watched = this.#watched.get(key);
    watched?.users.delete(podUid);
    if (watched === undefined || watched.users.size > 0) return;
    this.#watched.delete(key);
    watched.stop.abort();
  }
}
