/**
 * What plugins look up with every request, kept in memory by watching it: answers come at once, without a promise. A write by this server is seen
 * before its writer is answered; one by another server a moment later, as with upstream's informers.
 */

import type { Resource } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";

const none: ReadonlyMap<string, never> = new Map<string, never>();

/** All objects of one kind. They are shared and frozen. */
export class Lister<T extends KubeObject = KubeObject> {
  readonly #byNamespace = new Map<string, Map<string, T>>();

  /** `namespace` is "" for cluster-scoped kinds. */
  get(namespace: string, name: string): T | undefined {
    return this.#byNamespace.get(namespace)?.get(name);
  }

  /** Those of one namespace, by name. */
  in(namespace: string): ReadonlyMap<string, T> {
    return this.#byNamespace.get(namespace) ?? none;
  }

  put(object: T): void {
    const { namespace = "", name = "" } = object.metadata ?? {};
    let objects = this.#byNamespace.get(namespace);
    if (objects === undefined) {
      objects = new Map();
      this.#byNamespace.set(namespace, objects);
    }
    objects.set(name, object);
  }

  remove(object: T): void {
    const { namespace = "", name = "" } = object.metadata ?? {};
    const objects = this.#byNamespace.get(namespace);
    if (objects?.delete(name) && objects.size === 0) this.#byNamespace.delete(namespace);
  }
}

/** One lister for each kind that some plugin asks for, shared by all that do. */
export class Listers {
  readonly #listers = new Map<string, { readonly resource: Resource; readonly lister: Lister<never> }>();

  of<T extends KubeObject>(resource: Resource<T>): Lister<T> {
    const key = `${resource.group}/${resource.plural}`;
    let found = this.#listers.get(key);
    if (found === undefined) {
      found = { resource: resource as Resource, lister: new Lister<never>() };
      this.#listers.set(key, found);
    }
    return found.lister as unknown as Lister<T>;
  }

  /** Resolves when everything there is is listed, and follows it until `signal` aborts. Kinds first asked for later are not. */
  async follow(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    await Promise.all(
      [...this.#listers.values()].map(({ resource, lister }) =>
        reader.subscribe(resource, lister as unknown as Lister, signal),
      ),
    );
  }
}
