/** The informer behind the contract in `informer.ts`: a reflector feeding a cache, and handlers told of every change after it is in the cache. */

import type { Resource } from "@kubets/api";
import { type KubeObject, keyOf, type Logger, silentLogger } from "@kubets/apimachinery";
import type { Client } from "./client.ts";
import type { EventHandler, Informer, Lister } from "./informer.ts";
import { ObjectCache } from "./object-cache.ts";
import { type ReflectorOptions, type ReflectorSink, runReflector } from "./reflector.ts";

export class SharedInformer<T extends KubeObject> implements Informer<T>, ReflectorSink<T> {
  readonly resource: Resource<T>;
  readonly #client: Client;
  readonly #options: ReflectorOptions;
  readonly #logger: Logger;
  readonly #cache = new ObjectCache<T>();
  readonly #handlers = new Set<EventHandler<T>>();
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;
  #resourceVersion = "";

  constructor(client: Client, resource: Resource<T>, options: ReflectorOptions = {}) {
    this.resource = resource;
    this.#client = client;
    this.#options = options;
    this.#logger = (options.logger ?? silentLogger).child({ resource: resource.plural });
  }

  get lister(): Lister<T> {
    return this.#cache;
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Keeps the cache current until `signal` aborts. Call once. */
  run(signal: AbortSignal): Promise<void> {
    return runReflector(this.#client, this.resource, this, this.#options, signal);
  }

  synced(signal?: AbortSignal): Promise<void> {
    if (this.#hasSynced) return Promise.resolve();
    if (signal === undefined) return this.#synced.promise;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      void this.#synced.promise.then(() => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
    });
  }

  addHandler(handler: EventHandler<T>): () => void {
    this.#handlers.add(handler);
    for (const object of this.#cache.list()) this.#tell(handler, () => handler.add?.(object));
    return () => {
      this.#handlers.delete(handler);
    };
  }

  addIndex(name: string, indexer: (object: T) => readonly string[]): void {
    this.#cache.addIndex(name, indexer);
  }

  /** A list: what is not in it was deleted while nobody watched. */
  replace(items: readonly T[], resourceVersion: string): void {
    const gone = new Set(this.#cache.keys());
    this.#resourceVersion = resourceVersion;
    for (const item of items) {
      gone.delete(keyOf(item));
      this.#set(item);
    }
    for (const key of gone) this.#delete(key, undefined);
    if (this.#hasSynced) return;
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  apply(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void {
    if (type === "DELETED") this.#delete(keyOf(object), object);
    else this.#set(object);
  }

  advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
  }

  #set(object: T): void {
    const old = this.#cache.set(object);
    if (old !== undefined && old.metadata?.uid !== object.metadata?.uid) {
      // Deleted and made again between two looks: two objects, so two events.
      this.#each((handler) => handler.delete?.(old));
      this.#each((handler) => handler.add?.(object));
    } else if (old === undefined) this.#each((handler) => handler.add?.(object));
    else this.#each((handler) => handler.update?.(old, object));
  }

  #delete(key: string, last: T | undefined): void {
    const old = this.#cache.delete(key);
    const object = last ?? old;
    if (old !== undefined && object !== undefined) this.#each((handler) => handler.delete?.(object));
  }

  #each(call: (handler: EventHandler<T>) => void): void {
    for (const handler of [...this.#handlers]) this.#tell(handler, () => call(handler));
  }

  /** One handler's bug is not another's missed event. */
  #tell(handler: EventHandler<T>, call: () => void): void {
    if (!this.#handlers.has(handler)) return;
    try {
      call();
    } catch (error) {
      this.#logger.error("informer handler failed", { err: error });
    }
  }
}
