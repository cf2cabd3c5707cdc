/** Keeps a Service's EndpointSlices equal to its pods. Behaviour of upstream's pkg/controller/endpointslice. */

import {
  type EndpointSlice,
  endpointSlices,
  managedByLabel,
  type Node,
  nodes,
  type Service,
  serviceNameLabel,
} from "@kubets/api";
import { keyOf, messageOf } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { podNode, podNodeIndex } from "../runtime/pods.ts";
import { ServiceSelectors, selectsPods } from "../runtime/service-endpoints.ts";
import { TriggerTimes, withTriggerTime } from "../runtime/trigger-times.ts";
import { addressTypesOf, desiredEndpoints } from "./desired-endpoints.ts";
import { managedBy, planSlices, type SlicePlan } from "./slice-plan.ts";
import { SliceWriter } from "./slice-writer.ts";

const maxEndpointsPerSlice = 100;
const serviceIndex = "service";

const serviceOfSlice = (slice: EndpointSlice): readonly string[] => {
  const name = slice.metadata?.labels?.[serviceNameLabel];
  return name ? [`${slice.metadata?.namespace}/${name}`] : [];
};

class EndpointSliceController implements Runnable {
  readonly #slices: Informer<EndpointSlice>;
  readonly #nodes: Informer<Node>;
  readonly #selectors: ServiceSelectors;
  readonly #recorder: EventRecorder;
  readonly #writer: SliceWriter;
  readonly #triggerTimes = new TriggerTimes();
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#recorder = context.recorder("endpoint-slice-controller");
    this.#controller = new Controller({
      name: "endpointslice-controller",
      queueName: "endpoint_slice",
      reconcile: (key, signal) => this.reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#slices = context.informers.informer(endpointSlices);
    this.#nodes = context.informers.informer(nodes);
    this.#slices.addIndex(serviceIndex, serviceOfSlice);
    this.#writer = new SliceWriter(context, this.#slices, serviceIndex);
    this.#selectors = new ServiceSelectors(context.informers, (key) => this.#controller.enqueue(key));
    this.#selectors.pods.addIndex(podNodeIndex, podNode);
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const service = this.#selectors.services.lister.getByKey(key);
    if (service === undefined) {
      this.#writer.forget(key);
      this.#triggerTimes.forget(key);
      return undefined;
    }
    if (!selectsPods(service)) return undefined;
    const wait = this.#writer.waitForCache(key);
    if (wait !== undefined) return wait;
    try {
      await this.#sync(key, service, signal);
    } catch (error) {
      if (!isNamespaceTerminating(error) && !signal.aborted) {
        const message = `Error updating Endpoint Slices for Service ${key}: ${messageOf(error)}`;
        this.#recorder.event(service, "Warning", "FailedToUpdateEndpointSlices", message);
      }
      throw error;
    }
    return undefined;
  }

  async #sync(key: string, service: Service, signal: AbortSignal): Promise<void> {
    const pods = this.#selectors.podsOf(service);
    const existing = this.#slices.lister.byIndex(serviceIndex, key).filter((slice) => {
      return slice.metadata?.labels?.[managedByLabel] === managedBy && slice.metadata.deletionTimestamp === undefined;
    });
    const isOwned = (slice: EndpointSlice) =>
      slice.metadata?.ownerReferences?.some(({ uid }) => uid === service.metadata?.uid);
    const types = addressTypesOf(service);
    const useless = existing.filter((slice) => !isOwned(slice) || !types.some((type) => type === slice.addressType));
    await this.#writer.apply(key, { create: [], update: [], remove: useless }, signal);
    const triggerTime = this.#triggerTimes.next(service, pods);
    let waiting = 0;
    for (const type of types) {
      const desired = desiredEndpoints(service, pods, type, (name) => this.#nodes.lister.get(undefined, name));
      waiting += desired.waiting.length;
      const ofType = existing.filter((slice) => slice.addressType === type && !useless.includes(slice));
      const plan = planSlices(service, type, desired.groups, ofType, maxEndpointsPerSlice);
      await this.#writer.apply(key, stampedPlan(plan, triggerTime), signal);
    }
    if (waiting > 0) throw new Error(`nodes of ${waiting} pods of service ${key} are not known`);
  }

  #watch(): void {
    this.#slices.addHandler({
      add: (slice) => this.#seen(slice),
      update: (_, slice) => this.#seen(slice),
      delete: (slice) => {
        for (const key of serviceOfSlice(slice)) this.#writer.deleted(key, slice);
        this.#seen(slice);
      },
    });
    this.#nodes.addHandler({
      add: (node) => this.#nodeChanged(node),
      update: (old, node) => {
        if (zoneOf(old) !== zoneOf(node)) this.#nodeChanged(node);
      },
    });
  }

  #seen(slice: EndpointSlice): void {
    if (slice.metadata?.labels?.[managedByLabel] !== managedBy) return;
    for (const key of serviceOfSlice(slice)) {
      this.#writer.observed(key, slice);
      this.#controller.enqueue(key);
    }
  }

  /** Its zone is part of its pods' endpoints. */
  #nodeChanged(node: Node): void {
    const pods = this.#selectors.pods.lister.byIndex(podNodeIndex, keyOf(node));
    for (const key of this.#selectors.servicesOf(pods)) this.#controller.enqueue(key);
  }
}

function stampedPlan({ create, update, remove }: SlicePlan, triggerTime: string | undefined): SlicePlan {
  const stamp = (slice: EndpointSlice) => stamped(slice, triggerTime);
  return { create: create.map(stamp), update: update.map(stamp), remove };
}

function stamped(slice: EndpointSlice, triggerTime: string | undefined): EndpointSlice {
  const { annotations: old, ...metadata } = slice.metadata ?? {};
  const annotations = withTriggerTime(old, triggerTime);
  return { ...slice, metadata: annotations === undefined ? metadata : { ...metadata, annotations } };
}

function zoneOf(node: Node): string | undefined {
  return node.metadata?.labels?.["topology.kubernetes.io/zone"];
}

export const endpointSliceController: ControllerDefinition = {
  name: "endpointslice-controller",
  serviceAccount: "endpointslice-controller",
  create: (context) => new EndpointSliceController(context),
};
