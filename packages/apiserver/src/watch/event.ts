/** One change of one resource, made once and shared by every watcher: its objects, and its bytes in each form that anyone asks for. */

import type { KubeObject, Status } from "@kubets/apimachinery";
import type { StoreEvent } from "@kubets/storage";
import type { Registry } from "../registry/registry.ts";
import type { ServedObject } from "../registry/served-object.ts";

export type EventType = "ADDED" | "MODIFIED" | "DELETED";

/** What a watcher is told. */
export type Delivery =
  | { readonly type: EventType; readonly served: ServedObject }
  | { readonly type: "BOOKMARK"; readonly object: KubeObject }
  | { readonly type: "ERROR"; readonly object: Status };

export class ResourceEvent {
  readonly revision: number;
  readonly namespace: string;
  readonly name: string;
  readonly #source: StoreEvent;
  readonly #registry: Registry;
  #current: ServedObject | undefined;
  #gone: Delivery | undefined;
  #added: Delivery | undefined;
  #modified: Delivery | undefined;

  constructor(registry: Registry, source: StoreEvent) {
    this.#registry = registry;
    this.#source = source;
    this.revision = source.revision;
    const below = source.entry.key.slice(registry.prefix.length);
    const slash = registry.definition.namespaced ? below.indexOf("/") : -1;
    this.namespace = slash < 0 ? "" : below.slice(0, slash);
    this.name = below.slice(slash + 1);
  }

  /** What there is now; undefined after a deletion. */
  get current(): ServedObject | undefined {
    return this.#source.type === "delete" ? undefined : this.#served;
  }

  /** What there was before; undefined for what came into being. */
  get previous(): ServedObject | undefined {
    if (this.#source.type === "delete") return this.#registry.served(this.#source.entry);
    return this.#source.previous === undefined ? undefined : this.#registry.served(this.#source.previous);
  }

  get existed(): boolean {
    return this.#source.type === "delete" || this.#source.previous !== undefined;
  }

  get exists(): boolean {
    return this.#source.type !== "delete";
  }

  get #served(): ServedObject {
    this.#current ??= this.#registry.served(this.#source.entry);
    return this.#current;
  }

  /** What a watcher that saw it `before` and sees it `after` is told; undefined for nothing. The same object each time. */
  delivery(before: boolean, after: boolean): Delivery | undefined {
    if (after && before) {
      this.#modified ??= { type: "MODIFIED", served: this.#served };
      return this.#modified;
    }
    if (after) {
      this.#added ??= { type: "ADDED", served: this.#served };
      return this.#added;
    }
    if (!before) return undefined;
    this.#gone ??= { type: "DELETED", served: this.#lastServed() };
    return this.#gone;
  }

  /** A deletion's object is the last one, at the deletion's revision; one that left the selection is the previous one, at this revision. */
  #lastServed(): ServedObject {
    if (this.#source.type === "delete") return this.#registry.deletedAt(this.#source.entry);
    return this.#registry.leftAt(this.#source.previous!, this.revision);
  }
}
