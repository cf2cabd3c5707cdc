/** Knows when a cache has not yet seen our own last writes, so that a controller does not answer a second time what it has answered. */

import { type KubeObject, keyOf } from "@kubets/apimachinery";

export class WriteTracker {
  /** By the key of the work, the objects written and the version each is to reach. */
  readonly #pending = new Map<string, Map<string, bigint>>();

  wrote(key: string, object: KubeObject): void {
    const objects = this.#pending.get(key) ?? new Map<string, bigint>();
    objects.set(keyOf(object), versionOf(object));
    this.#pending.set(key, objects);
  }

  /** Call for every event of such an object. */
  observed(key: string, object: KubeObject): void {
    const objects = this.#pending.get(key);
    const wanted = objects?.get(keyOf(object));
    if (objects === undefined || wanted === undefined || versionOf(object) < wanted) return;
    objects.delete(keyOf(object));
    if (objects.size === 0) this.#pending.delete(key);
  }

  /** The object is gone, or the event that would tell may never come. */
  forget(key: string, object?: KubeObject): void {
    if (object === undefined) this.#pending.delete(key);
    else this.#pending.get(key)?.delete(keyOf(object));
    if (this.#pending.get(key)?.size === 0) this.#pending.delete(key);
  }

  isStale(key: string): boolean {
    return this.#pending.has(key);
  }
}

/** resourceVersions of one resource are ordered numbers (KEP-5504). */
function versionOf(object: KubeObject): bigint {
  const text = object.metadata?.resourceVersion ?? "0";
  return /^[0-9]+$/.test(text) ? BigInt(text) : 0n;
}
