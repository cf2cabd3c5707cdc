/** An {@link ObjectReader} over a plain map, for tests of what reads through it. */

import type { Resource } from "@kubets/api";
import { clone, deepFreeze, type KubeObject, type Labels } from "@kubets/apimachinery";
import { type ChangeHandler, hasAll, type ObjectReader } from "./object-reader.ts";

interface Subscription {
  readonly plural: string;
  readonly handler: ChangeHandler<never>;
}

export class FakeReader implements ObjectReader {
  readonly #objects = new Map<string, KubeObject>();
  readonly #subscriptions = new Set<Subscription>();

  put<T extends KubeObject>(resource: Resource<T>, object: T): this {
    const frozen = deepFreeze(clone(object));
    this.#objects.set(keyOf(resource, object.metadata?.namespace ?? "", object.metadata?.name ?? ""), frozen);
    for (const { plural, handler } of this.#subscriptions) if (plural === resource.plural) handler.put(frozen as never);
    return this;
  }

  remove<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): void {
    const key = keyOf(resource, namespace, name);
    const object = this.#objects.get(key);
    this.#objects.delete(key);
    if (object === undefined) return;
    for (const { plural, handler } of this.#subscriptions)
      if (plural === resource.plural) handler.remove(object as never);
  }

  async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
    return this.#objects.get(keyOf(resource, namespace, name)) as T | undefined;
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    namespace: string,
    labels: Labels = {},
  ): Promise<readonly T[]> {
    const prefix = namespace === "" ? `${resource.plural}/` : `${resource.plural}/${namespace}/`;
    const found = [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object as T);
    return found.filter(({ metadata }) => hasAll(metadata?.labels ?? {}, labels));
  }

  async subscribe<T extends KubeObject>(
    resource: Resource<T>,
    handler: ChangeHandler<T>,
    signal: AbortSignal,
  ): Promise<void> {
    for (const object of await this.list(resource, "")) handler.put(object);
    const subscription = { plural: resource.plural, handler };
    this.#subscriptions.add(subscription);
    signal.addEventListener("abort", () => this.#subscriptions.delete(subscription), { once: true });
  }
}

function keyOf(resource: Resource, namespace: string, name: string): string {
  return `${resource.plural}/${namespace}/${name}`;
}
