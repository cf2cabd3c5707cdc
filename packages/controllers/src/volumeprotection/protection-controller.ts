/**
 * Keeps objects that are in use from leaving: a finalizer that admission puts on each is taken away when the object is being deleted and nobody
 * uses it any more. Behaviour of upstream's pkg/controller/volume/{pvcprotection,pvprotection,vacprotection}.
 */

import type { Resource } from "@kubets/api";
import { clone, type KubeObject, keyOf } from "@kubets/apimachinery";
import type { Informer } from "@kubets/client";
import type { ControllerContext } from "../runtime/context.ts";
import { Controller, type Runnable } from "../runtime/controller.ts";

export interface Protection<T extends KubeObject> {
  /** Of the controller. */
  readonly name: string;
  /** Of its queue, for metrics. */
  readonly queueName: string;
  readonly resource: Resource<T>;
  readonly finalizer: string;
  /** Asked about an object that is being deleted. */
  isUsed(object: T, signal: AbortSignal): boolean | Promise<boolean>;
}

export class ProtectionController<T extends KubeObject> implements Runnable {
  readonly #context: ControllerContext;
  readonly #protection: Protection<T>;
  readonly #objects: Informer<T>;
  readonly #controller: Controller;

  constructor(context: ControllerContext, protection: Protection<T>) {
    this.#context = context;
    this.#protection = protection;
    this.#objects = context.informers.informer(protection.resource);
    this.#controller = new Controller({
      name: protection.name,
      queueName: protection.queueName,
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    const look = (object: T) => {
      if (this.#isLeaving(object) || this.#isBare(object)) this.#controller.enqueue(keyOf(object));
    };
    this.#objects.addHandler({ add: look, update: (_old, object) => look(object) });
  }

  /** Somebody stopped using it, perhaps. */
  released(key: string): void {
    const object = this.#objects.lister.getByKey(key);
    if (object !== undefined && this.#isLeaving(object)) this.#controller.enqueue(key);
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #isLeaving({ metadata }: T): boolean {
    return metadata?.deletionTimestamp !== undefined && this.#isHeld(metadata.finalizers);
  }

  /** Made while admission did not put the finalizer on it. */
  #isBare({ metadata }: T): boolean {
    return metadata?.deletionTimestamp === undefined && !this.#isHeld(metadata?.finalizers);
  }

  #isHeld(finalizers: readonly string[] | undefined): boolean {
    return finalizers?.includes(this.#protection.finalizer) ?? false;
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const object = this.#objects.lister.getByKey(key);
    if (object === undefined) return;
    const { finalizer } = this.#protection;
    const present = object.metadata?.finalizers ?? [];
    if (this.#isBare(object)) await this.#write(object, [...present, finalizer], signal);
    else if (this.#isLeaving(object) && !(await this.#protection.isUsed(object, signal)))
      await this.#write(
        object,
        present.filter((name) => name !== finalizer),
        signal,
      );
  }

  async #write(object: T, finalizers: string[], signal: AbortSignal): Promise<void> {
    const wanted = clone(object);
    wanted.metadata!.finalizers = finalizers;
    await this.#context.client.resource(this.#protection.resource).update(wanted, { signal });
  }
}
