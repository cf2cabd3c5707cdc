/** How authentication, authorization and admission see the cluster's objects: reads from memory, and changes as they happen. */

import { type Resource, type ResourceDefinition, schemaSet } from "@kubets/api";
import { type Clock, type KubeObject, type Labels, messageOf, realClock } from "@kubets/apimachinery";
import type { Entry, Store } from "@kubets/storage";
import { keyOfObject, listPrefix } from "../registry/keys.ts";
import { ServedObject } from "../registry/served-object.ts";
import { withDefaults } from "../registry/with-defaults.ts";
import { isCustom } from "../request/decode-object.ts";

/** Called synchronously, in the order of commits. Objects are shared, and must not be changed. Must not throw. */
export interface ChangeHandler<T extends KubeObject = KubeObject> {
  put(object: T): void;
  /** The last state of an object that is gone; of one that could not be read, its name and namespace alone. */
  remove(object: T): void;
}

export interface ObjectReader {
  /** Shared and frozen; undefined when there is none. `namespace` is "" for cluster-scoped kinds. */
  get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>;
  /** Those of one namespace, or of all for ""; with `labels` those that have all of them. */
  list<T extends KubeObject>(resource: Resource<T>, namespace: string, labels?: Labels): Promise<readonly T[]>;
  /** Tells everything there is, resolves, and tells every change from then on until `signal` aborts. */
  subscribe<T extends KubeObject>(resource: Resource<T>, handler: ChangeHandler<T>, signal: AbortSignal): Promise<void>;
}

/** As far as is known here. */
const atHand = { atLeast: 0 };
const readLaterMs = 10_000;

/** Reads the store itself, without a registry: right for kinds that are stored in the version that is asked for. */
export class StoreReader implements ObjectReader {
  readonly #store: Store;
  readonly #definitionOf: (resource: Resource) => ResourceDefinition;
  readonly #onError: (error: Error) => void;
  readonly #clock: Clock;

  /** @param onError a subscription is broken for good, or could not tell of an event: those after it are told */
  constructor(
    store: Store,
    definitionOf: (resource: Resource) => ResourceDefinition,
    onError: (error: Error) => void = (error) => {
      throw error;
    },
    clock: Clock = realClock,
  ) {
    this.#store = store;
    this.#definitionOf = definitionOf;
    this.#onError = onError;
    this.#clock = clock;
  }

  async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    const definition = this.#definitionOf(resource);
    const key = keyOfObject(definition, namespace, name);
    // Another server may have made it a moment ago: that it is missing is asked for, that it is as it is here is not.
    const entry = (await this.#store.get(key, atHand)) ?? (await this.#store.get(key));
    return entry === undefined ? undefined : (servedOf(entry, definition).object as T);
  }

  async list<T extends KubeObject>(resource: Resource<T>, namespace: string, labels?: Labels): Promise<readonly T[]> {
    const definition = this.#definitionOf(resource);
    const { entries } = await this.#store.list(listPrefix(definition, namespace), atHand);
    // Labels are remembered: what has others need not be parsed.
    const wanted =
      labels === undefined ? entries : entries.filter((entry) => hasAll(ServedObject.ofEntry(entry).labels, labels));
    return wanted.map((entry) => servedOf(entry, definition).object as T);
  }

  async subscribe<T extends KubeObject>(
    resource: Resource<T>,
    handler: ChangeHandler<T>,
    signal: AbortSignal,
  ): Promise<void> {
    const definition = this.#definitionOf(resource);
    // Handlers read a field or two of every object there is: freezing each would cost more than they do.
    const seenBy = (entry: Entry) => servedOf(entry, definition).toRead as T;
    const lastSeen = (entry: Entry) => {
      try {
        return seenBy(entry);
      } catch {
        // Told when it was written. That it is gone is known all the same.
        return namedBy(entry.key, definition) as T;
      }
    };
    const prefix = listPrefix(definition, "");
    const { entries, revision } = await this.#store.list(prefix);
    for (const entry of entries) handler.put(seenBy(entry));
    await this.#store.watch(prefix, {
      afterRevision: revision,
      signal,
      onError: this.#onError,
      onEvents: (events) => {
        for (const { type, entry } of events) {
          try {
            if (type === "put") handler.put(seenBy(entry));
            else handler.remove(lastSeen(entry));
          } catch (error) {
            // One object that cannot be read must not keep an index as it is for ever: what authorizes would know of no revocation.
            this.#onError(new Error(`${entry.key} cannot be followed: ${messageOf(error)}`, { cause: error }));
            if (type === "put" && entry.unreadable !== undefined)
              void this.#readLater(entry, (readable) => handler.put(seenBy(readable)), signal);
          }
        }
      },
    });
  }

  /** What keeps the key of a value may be away, and back later: no event tells of that. Never rejects. */
  async #readLater({ key, modRevision }: Entry, tell: (entry: Entry) => void, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#clock.sleep(readLaterMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        const entry = await this.#store.get(key, atHand);
        // Of what it is otherwise an event of its own has told.
        if (signal.aborted || entry?.modRevision !== modRevision) return;
        if (entry.unreadable === undefined) return tell(entry);
      } catch (error) {
        this.#onError(new Error(`${key} cannot be read again: ${messageOf(error)}`, { cause: error }));
      }
    }
  }
}

/** Whether there are all of the wanted ones among these, with the same values. */
export function hasAll(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
}

/** As much of an object as its key says. */
function namedBy(key: string, definition: ResourceDefinition): KubeObject {
  const rest = key.slice(listPrefix(definition, "").length);
  const slash = definition.namespaced ? rest.indexOf("/") : -1;
  const name = rest.slice(slash + 1);
  return { metadata: slash < 0 ? { name } : { name, namespace: rest.slice(0, slash) } };
}

function servedOf(entry: Entry, definition: ResourceDefinition): ServedObject {
  const served = ServedObject.ofEntry(entry);
  return entry.foreign === true && !isCustom(definition) ? withDefaults(served, definition, schemaSet) : served;
}
