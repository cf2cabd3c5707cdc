/** Shared informers: one watch per resource and selector, one cache, many readers. Interfaces; the machinery is in `shared-informer.ts`. */

import type { Resource } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";

/** Who is told of changes. Called synchronously: what takes time goes on a work queue. Objects are shared and frozen. */
export interface EventHandler<T extends KubeObject> {
  add?(object: T): void;
  /** Also called with equal objects on a resync after a relist. */
  update?(old: T, object: T): void;
  /** The last state known; may be older than the state at deletion when the deletion itself was missed. */
  delete?(object: T): void;
}

/** Reads the cache; never the API. Everything returned is shared and frozen. */
export interface Lister<T extends KubeObject> {
  /** `namespace` is undefined for cluster-scoped kinds. */
  get(namespace: string | undefined, name: string): T | undefined;
  getByKey(key: string): T | undefined;
  /** All, or one namespace's. No order is promised. */
  list(namespace?: string): readonly T[];
  /** Objects whose index function of this name gave `value`. */
  byIndex(index: string, value: string): readonly T[];
}

/** The cache of one resource and selection, kept by a watch, and those who are told when it changes. */
export interface Informer<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly lister: Lister<T>;
  /** The cache holds at least the first list. */
  readonly hasSynced: boolean;
  /** Resolves on the first sync; rejects with the signal's reason if aborted first. */
  synced(signal?: AbortSignal): Promise<void>;
  /** Handlers are called synchronously after the cache has changed, in event order; those added late get `add` for all there is. Returns a function that removes the handler. */
  addHandler(handler: EventHandler<T>): () => void;
  /** Must be added before or after start alike; the same name twice must be the same function. */
  addIndex(name: string, indexer: (object: T) => readonly string[]): void;
  /** The resourceVersion the cache is at. */
  readonly resourceVersion: string;
}

/** Which objects: all when nothing is given. */
export interface InformerOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Hands out informers, so that all who want the same share one. */
export interface InformerFactory {
  /** The one informer for this resource and options; starts watching when the factory has been started, or at once if it already was. */
  informer<T extends KubeObject>(resource: Resource<T>, options?: InformerOptions): Informer<T>;
  /** Starts all, and every later one, until `signal` aborts. */
  start(signal: AbortSignal): void;
  /** All that have been asked for so far are synced. */
  synced(signal?: AbortSignal): Promise<void>;
}
