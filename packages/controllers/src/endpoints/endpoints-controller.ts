/** Keeps the older Endpoints objects, which some clients still read. Behaviour of upstream's pkg/controller/endpoint. */

import { type Endpoints, endpoints } from "@kubets/api";
import { deepEqual, isNotFound, keyOf, messageOf, splitKey } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type Runnable } from "../runtime/controller.ts";
import { ServiceSelectors, selectsPods } from "../runtime/service-endpoints.ts";
import { TriggerTimes, withTriggerTime } from "../runtime/trigger-times.ts";
import { endpointsFor, managedByLabel } from "./endpoint-subsets.ts";

class EndpointsController implements Runnable {
  readonly #context: ControllerContext;
  readonly #endpoints: Informer<Endpoints>;
  readonly #selectors: ServiceSelectors;
  readonly #recorder: EventRecorder;
  readonly #triggerTimes = new TriggerTimes();
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#recorder = context.recorder("endpoint-controller");
    this.#controller = new Controller({
      name: "endpoint-controller",
      queueName: "endpoint",
      reconcile: (key, signal) => this.reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#endpoints = context.informers.informer(endpoints);
    this.#selectors = new ServiceSelectors(context.informers, (key) => this.#controller.enqueue(key));
    // Repaired when removed by hand, and cleaned up when their Service went while nobody watched.
    const check = (object: Endpoints) => this.#controller.enqueue(keyOf(object));
    this.#endpoints.addHandler({ add: check, update: (_, object) => check(object), delete: check });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<undefined> {
    const service = this.#selectors.services.lister.getByKey(key);
    if (service === undefined) {
      this.#triggerTimes.forget(key);
      return await this.#remove(key, signal);
    }
    if (!selectsPods(service)) return;
    const current = this.#endpoints.lister.getByKey(key);
    const pods = this.#selectors.podsOf(service);
    const wanted = endpointsFor(service, pods, current);
    if (current !== undefined && sameEndpoints(current, wanted)) return;
    const annotations = withTriggerTime(wanted.metadata?.annotations, this.#triggerTimes.next(service, pods));
    const { annotations: _, ...metadata } = wanted.metadata ?? {};
    wanted.metadata = annotations === undefined ? metadata : { ...metadata, annotations };
    const client = this.#context.client.resource(endpoints).namespace(service.metadata?.namespace ?? "");
    try {
      if (current === undefined) await client.create(wanted, { signal });
      else await client.update(wanted, { signal });
    } catch (error) {
      if (isNamespaceTerminating(error) || signal.aborted) throw error;
      const reason = current === undefined ? "FailedToCreateEndpoint" : "FailedToUpdateEndpoint";
      const verb = current === undefined ? "create" : "update";
      this.#recorder.event(
        wanted,
        "Warning",
        reason,
        `Failed to ${verb} endpoint for service ${key}: ${messageOf(error)}`,
      );
      throw error;
    }
  }

  /** Only what this controller made: Endpoints without a Service may be anyone's, such as an old election lock. */
  async #remove(key: string, signal: AbortSignal): Promise<undefined> {
    const current = this.#endpoints.lister.getByKey(key);
    if (current?.metadata?.labels?.[managedByLabel] === undefined) return;
    const { namespace = "", name } = splitKey(key);
    try {
      await this.#context.client.resource(endpoints).namespace(namespace).delete(name, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

function sameEndpoints(a: Endpoints, b: Endpoints): boolean {
  return (
    deepEqual(a.subsets ?? [], b.subsets ?? []) &&
    deepEqual(a.metadata?.labels ?? {}, b.metadata?.labels ?? {}) &&
    // When it last changed is no change.
    deepEqual(withTriggerTime(a.metadata?.annotations, undefined), withTriggerTime(b.metadata?.annotations, undefined))
  );
}

export const endpointsController: ControllerDefinition = {
  name: "endpoints-controller",
  serviceAccount: "endpoint-controller",
  create: (context) => new EndpointsController(context),
};
