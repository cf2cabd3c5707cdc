/** An indexed store of objects by key: what an informer keeps and a lister reads. */

import { type KubeObject, keyOf } from "@kubets/apimachinery";
import type { Lister } from "./informer.ts";

type Indexer<T> = (object: T) => readonly string[];

interface Index<T> {
  readonly indexer: Indexer<T>;
  readonly buckets: Map<string, Map<string, T>>;
}

export class ObjectCache<T extends KubeObject> implements Lister<T> {
  readonly #objects = new Map<string, T>();
  readonly #namespaces: Index<T> = { indexer: (object) => [object.metadata?.namespace ?? ""], buckets: new Map() };
  readonly #indexes = new Map<string, Index<T>>();

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string | undefined, name: string): T | undefined {
    return this.#objects.get(namespace ? `${namespace}/${name}` : name);
  }

  getByKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly T[] {
    if (namespace === undefined) return [...this.#objects.values()];
    return [...(this.#namespaces.buckets.get(namespace)?.values() ?? [])];
  }

  /** @throws Error when no index of this name was added: a typing error, not an empty answer. */
  byIndex(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (found === undefined) throw new Error(`there is no index named ${JSON.stringify(index)}`);
    return [...(found.buckets.get(value)?.values() ?? [])];
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  addIndex(name: string, indexer: Indexer<T>): void {
    const old = this.#indexes.get(name);
    if (old !== undefined) {
      if (old.indexer !== indexer) throw new Error(`index ${JSON.stringify(name)} exists with another function`);
      return;
    }
    const index: Index<T> = { indexer, buckets: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) insert(index, key, object);
  }

  /** Stores `object` and returns the one it replaced. */
  set(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    for (const index of this.#all()) {
      if (old !== undefined) remove(index, key, old);
      insert(index, key, object);
    }
    this.#objects.set(key, object);
    return old;
  }

  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    for (const index of this.#all()) remove(index, key, old);
    this.#objects.delete(key);
    return old;
  }

  *#all(): Iterable<Index<T>> {
    yield this.#namespaces;
    yield* this.#indexes.values();
  }
}

function insert<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.indexer(object)) {
    const bucket = index.buckets.get(value);
    if (bucket === undefined) index.buckets.set(value, new Map([[key, object]]));
    else bucket.set(key, object);
  }
}

function remove<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.indexer(object)) {
    const bucket = index.buckets.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) index.buckets.delete(value);
  }
}
