/**
 * Mirrors Endpoints that someone made by hand for a Service without selector to EndpointSlices, which is all that proxies read.
 * Behaviour of upstream's pkg/controller/endpointslicemirroring.
 */

import {
  type EndpointSlice,
  type Endpoints,
  endpointSlices,
  endpoints as endpointsResource,
  managedByLabel,
  type Service,
  serviceNameLabel,
  services,
} from "@kubets/api";
import { keyOf } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import { SliceWriter } from "../endpointslice/slice-writer.ts";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, isNamespaceTerminating, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { type MirrorPlan, mirroringManager, planMirror } from "./mirrored-slices.ts";

const maxEndpointsPerSubset = 1000;
const mirroredIndex = "mirrored";
const skipLabel = "endpointslice.kubernetes.io/skip-mirror";
const leaderAnnotation = "control-plane.alpha.kubernetes.io/leader";

const endpointsOfSlice = (slice: EndpointSlice): readonly string[] => {
  const { labels, namespace } = slice.metadata ?? {};
  const name = labels?.[serviceNameLabel];
  return name && labels?.[managedByLabel] === mirroringManager ? [`${namespace}/${name}`] : [];
};

class EndpointSliceMirroringController implements Runnable {
  readonly #endpoints: Informer<Endpoints>;
  readonly #services: Informer<Service>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #recorder: EventRecorder;
  readonly #writer: SliceWriter;
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#recorder = context.recorder("endpoint-slice-mirroring-controller");
    this.#controller = new Controller({
      name: "endpointslice-mirroring-controller",
      queueName: "endpoint_slice_mirroring",
      reconcile: (key, signal) => this.reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#endpoints = context.informers.informer(endpointsResource);
    this.#services = context.informers.informer(services);
    this.#slices = context.informers.informer(endpointSlices);
    this.#slices.addIndex(mirroredIndex, endpointsOfSlice);
    this.#writer = new SliceWriter(context, this.#slices, mirroredIndex);
    this.#watch();
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const endpoints = this.#endpoints.lister.getByKey(key);
    const service = this.#services.lister.getByKey(key);
    const existing = this.#slices.lister.byIndex(mirroredIndex, key);
    const isMirrored = endpoints !== undefined && mayMirror(endpoints) && service?.spec?.selector === undefined;
    if (!isMirrored || service === undefined) {
      this.#writer.forget(key);
      await this.#writer.apply(key, { create: [], update: [], remove: [...existing] }, signal);
      return undefined;
    }
    const wait = this.#writer.waitForCache(key);
    if (wait !== undefined) return wait;
    const plan = planMirror(endpoints, existing, maxEndpointsPerSubset);
    this.#report(endpoints, plan);
    const isDeleted = endpoints.metadata?.deletionTimestamp !== undefined;
    try {
      await this.#writer.apply(key, isDeleted ? { ...plan, create: [] } : plan, signal);
    } catch (error) {
      if (!isNamespaceTerminating(error)) throw error;
    }
    return undefined;
  }

  #report(endpoints: Endpoints, { invalid, skipped }: MirrorPlan): void {
    if (invalid > 0) {
      const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`;
      this.#recorder.event(endpoints, "Warning", "InvalidIPAddress", message);
    }
    if (skipped > invalid) {
      const limit = `A max of ${maxEndpointsPerSubset} addresses can be mirrored to EndpointSlices per Endpoints subset.`;
      const message = `${limit} ${skipped} addresses were skipped`;
      this.#recorder.event(endpoints, "Warning", "TooManyAddressesToMirror", message);
    }
  }

  #watch(): void {
    this.#endpoints.addHandler({
      add: (endpoints) => this.#changed(endpoints),
      update: (old, endpoints) => this.#changed(endpoints, old),
      delete: (endpoints) => this.#changed(endpoints),
    });
    const selects = (service: Service) => service.spec?.selector !== undefined;
    const queue = (service: Service) => this.#controller.enqueue(keyOf(service));
    this.#services.addHandler({
      add: (service) => void (selects(service) || queue(service)),
      update: (old, service) => void (selects(old) === selects(service) || queue(service)),
      delete: (service) => void (selects(service) || queue(service)),
    });
    const seen = (slice: EndpointSlice) => {
      for (const key of endpointsOfSlice(slice)) {
        this.#writer.observed(key, slice);
        this.#controller.enqueue(key);
      }
    };
    this.#slices.addHandler({
      add: seen,
      update: (old, slice) => {
        seen(slice);
        for (const key of endpointsOfSlice(old)) this.#controller.enqueue(key);
      },
      delete: (slice) => {
        for (const key of endpointsOfSlice(slice)) this.#writer.deleted(key, slice);
        seen(slice);
      },
    });
  }

  #changed(...versions: Endpoints[]): void {
    const [endpoints] = versions;
    if (endpoints !== undefined && versions.some(mayMirror)) this.#controller.enqueue(keyOf(endpoints));
  }
}

/** Not those that say so, nor those that were only ever an election's lock. */
function mayMirror({ metadata }: Endpoints): boolean {
  return metadata?.labels?.[skipLabel] !== "true" && metadata?.annotations?.[leaderAnnotation] === undefined;
}

export const endpointSliceMirroringController: ControllerDefinition = {
  name: "endpointslice-mirroring-controller",
  serviceAccount: "endpointslicemirroring-controller",
  create: (context) => new EndpointSliceMirroringController(context),
};
