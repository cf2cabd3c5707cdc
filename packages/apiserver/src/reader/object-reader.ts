/** How authentication, authorization and admission see the cluster's objects: reads from memory, and changes as they happen. */

import type { Resource, ResourceDefinition } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { Entry, Store } from "@kubets/storage";
import { keyOfObject, listPrefix } from "../registry/keys.ts";
import { ServedObject } from "../registry/served-object.ts";

/** Called synchronously, in the order of commits. Objects are shared, and must not be changed. Must not throw. */
export interface ChangeHandler<T extends KubeObject = KubeObject> {
  put(object: T): void;
  /** The last state of an object that is gone. */
  remove(object: T): void;
}

export interface ObjectReader {
  /** Shared and frozen; undefined when there is none. `namespace` is "" for cluster-scoped kinds. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>;
  /** Those of one namespace, or of all for "". */
  list<T extends KubeObject>(resource: Resource<T>, namespace: string): Promise<readonly T[]>;
  /** Tells everything there is, resolves, and tells every change from then on until `signal` aborts. */
  subscribe<T extends KubeObject>(resource: Resource<T>, handler: ChangeHandler<T>, signal: AbortSignal): Promise<void>;
}

/** As far as is known here. */
const atHand = { atLeast: 0 };

/** Reads the store itself, without a registry: right for kinds that are stored in the version that is asked for. */
export class StoreReader implements ObjectReader {
  readonly #store: Store;
  readonly #definitionOf: (resource: Resource) => ResourceDefinition;
  readonly #onError: (error: Error) => void;

  /** @param onError a subscription is broken for good */
  constructor(
    store: Store,
    definitionOf: (resource: Resource) => ResourceDefinition,
    onError: (error: Error) => void = (error) => {
      throw error;
    },
  ) {
    this.#store = store;
    this.#definitionOf = definitionOf;
    this.#onError = onError;
  }

  async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    const key = keyOfObject(this.#definitionOf(resource), namespace, name);
    // Another server may have made it a moment ago: that it is missing is asked for, that it is as it is here is not.
    const entry = (await this.#store.get(key, atHand)) ?? (await this.#store.get(key));
    return entry === undefined ? undefined : objectOf<T>(entry);
  }

  async list<T extends KubeObject>(resource: Resource<T>, namespace: string): Promise<readonly T[]> {
    const { entries } = await this.#store.list(listPrefix(this.#definitionOf(resource), namespace), atHand);
    return entries.map((entry) => objectOf<T>(entry));
  }

  async subscribe<T extends KubeObject>(
    resource: Resource<T>,
    handler: ChangeHandler<T>,
    signal: AbortSignal,
  ): Promise<void> {
    const prefix = listPrefix(this.#definitionOf(resource), "");
    const { entries, revision } = await this.#store.list(prefix);
    for (const entry of entries) handler.put(seenBy<T>(entry));
    await this.#store.watch(prefix, {
      afterRevision: revision,
      signal,
      onError: this.#onError,
      onEvents(events) {
        for (const { type, entry } of events) {
          if (type === "put") handler.put(seenBy<T>(entry));
          else handler.remove(seenBy<T>(entry));
        }
      },
    });
  }
}

function objectOf<T extends KubeObject>(entry: Entry): T {
  return ServedObject.ofEntry(entry).object as T;
}

/** For handlers, that read one field or two of every object there is: freezing each would cost more than they do. */
function seenBy<T extends KubeObject>(entry: Entry): T {
  return ServedObject.ofEntry(entry).toRead as T;
}
