/** One informer per resource and selection, however many ask for it. */

import type { Resource } from "@kubets/api";
import type { Clock, KubeObject, Logger, Random } from "@kubets/apimachinery";
import type { Client } from "./client.ts";
import type { Informer, InformerFactory, InformerOptions } from "./informer.ts";
import { SharedInformer } from "./shared-informer.ts";

export interface InformerFactoryOptions {
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** A factory whose end can be waited for. */
export interface StoppableInformerFactory extends InformerFactory {
  /** Resolves when every informer has ended after the start signal aborted. */
  stopped(): Promise<void>;
}

/** Nothing is watched before `start`; what is asked for after that begins at once. */
export function createInformerFactory(client: Client, options: InformerFactoryOptions = {}): StoppableInformerFactory {
  return new SharedInformerFactory(client, options);
}

class SharedInformerFactory implements StoppableInformerFactory {
  readonly #client: Client;
  readonly #options: InformerFactoryOptions;
  readonly #informers = new Map<string, SharedInformer<KubeObject>>();
  readonly #running: Promise<void>[] = [];
  #signal: AbortSignal | undefined;

  constructor(client: Client, options: InformerFactoryOptions) {
    this.#client = client;
    this.#options = options;
  }

  informer<T extends KubeObject>(resource: Resource<T>, options: InformerOptions = {}): Informer<T> {
    const key = [
      resource.group,
      resource.version,
      resource.plural,
      options.namespace ?? "",
      options.labelSelector ?? "",
      options.fieldSelector ?? "",
    ].join("|");
    let informer = this.#informers.get(key) as SharedInformer<T> | undefined;
    if (informer === undefined) {
      informer = new SharedInformer<T>(this.#client, resource, { ...this.#options, ...options });
      this.#informers.set(key, informer as unknown as SharedInformer<KubeObject>);
      if (this.#signal !== undefined && !this.#signal.aborted) this.#running.push(informer.run(this.#signal));
    }
    return informer;
  }

  start(signal: AbortSignal): void {
    if (this.#signal !== undefined) return;
    this.#signal = signal;
    for (const informer of this.#informers.values()) this.#running.push(informer.run(signal));
  }

  async synced(signal?: AbortSignal): Promise<void> {
    await Promise.all([...this.#informers.values()].map((informer) => informer.synced(signal)));
  }

  async stopped(): Promise<void> {
    await Promise.all(this.#running);
  }
}
