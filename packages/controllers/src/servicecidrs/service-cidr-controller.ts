/**
 * Says that ServiceCIDRs are ready, and keeps one that is being deleted while a Service has an address that no other holds.
 * Behaviour of upstream's pkg/controller/servicecidrs.
 */

import { type Condition, type IPAddress, ipAddresses, type ServiceCIDR, serviceCIDRs } from "@kubets/api";
import { formatTime, isNotFound, parseIp, parseTime } from "@kubets/apimachinery";
import type { EventRecorder, Informer } from "@kubets/client";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import { Controller, type ReconcileResult, type Runnable } from "../runtime/controller.ts";
import { containing, holding, overlapping, rangesOf } from "./service-cidr-ranges.ts";

const name = "service-cidr-controller";
const finalizer = "networking.k8s.io/service-cidr-finalizer";
/** Allocators must have heard of the deletion before the last that holds them back goes. */
const deletionGraceMs = 10_000;
const managedByLabel = "ipaddress.kubernetes.io/managed-by";
/** The API server's allocator: addresses of others are theirs. */
const allocator = "ipallocator.k8s.io";

const ready = { type: "Ready", status: "True", reason: "", message: "Kubernetes Service CIDR is ready" };
const terminating = {
  type: "Ready",
  status: "False",
  reason: "Terminating",
  message: "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR",
};

export const serviceCidrController: ControllerDefinition = {
  name,
  serviceAccount: "service-cidrs-controller",
  create: (context) => new ServiceCidrController(context),
};

class ServiceCidrController implements Runnable {
  readonly #context: ControllerContext;
  readonly #cidrs: Informer<ServiceCIDR>;
  readonly #addresses: Informer<IPAddress>;
  readonly #recorder: EventRecorder;
  readonly #controller: Controller;

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#cidrs = context.informers.informer(serviceCIDRs);
    this.#addresses = context.informers.informer(ipAddresses);
    this.#recorder = context.recorder(name);
    this.#controller = new Controller({
      name,
      // Upstream's name: what blocks a range are its addresses.
      queueName: "ipaddresses",
      reconcile: (key, signal) => this.#reconcile(key, signal),
      clock: context.clock,
      logger: context.logger,
      meters: context.meters,
    });
    this.#cidrs.addHandler({
      // A new one may hold what keeps another from going.
      add: (cidr) => this.#look([cidr, ...rangesOf(cidr).flatMap((range) => overlapping(this.#all(), range))]),
      update: (_old, cidr) => this.#look([cidr]),
    });
    const concerned = (address: IPAddress) => this.#look(this.#holdersOf(address));
    this.#addresses.addHandler({ add: concerned, delete: concerned });
  }

  run(signal: AbortSignal): Promise<void> {
    return this.#controller.run(signal);
  }

  #all(): readonly ServiceCIDR[] {
    return this.#cidrs.lister.list();
  }

  #look(cidrs: readonly ServiceCIDR[]): void {
    for (const { metadata } of cidrs) this.#controller.enqueue(metadata?.name ?? "");
  }

  #holdersOf({ metadata }: IPAddress): ServiceCIDR[] {
    const address = parseIp(metadata?.name ?? "");
    if (address === undefined || metadata?.labels?.[managedByLabel] !== allocator) return [];
    return holding(this.#all(), address);
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const cidr = this.#cidrs.lister.getByKey(key);
    if (cidr === undefined) return undefined;
    if (cidr.metadata?.deletionTimestamp !== undefined) return await this.#release(cidr, signal);
    if (!cidr.metadata?.finalizers?.includes(finalizer)) {
      await this.#patch(cidr, { finalizers: [finalizer] }, signal);
    }
    try {
      await this.#setCondition(cidr, ready, signal);
    } catch (error) {
      const message = "The ServiceCIDR Status can not be set to Ready=True";
      this.#recorder.event(cidr, "Warning", "KubernetesServiceCIDRError", message);
      throw error;
    }
    return undefined;
  }

  async #release(cidr: ServiceCIDR, signal: AbortSignal): Promise<ReconcileResult | undefined> {
    const { metadata } = cidr;
    if (!metadata?.finalizers?.includes(finalizer)) return undefined;
    if (this.#isNeeded(cidr)) {
      await this.#setCondition(cidr, terminating, signal);
      return undefined;
    }
    const waitMs = parseTime(metadata.deletionTimestamp) + deletionGraceMs - this.#context.clock.now();
    if (waitMs > 0) return { requeueAfterMs: waitMs };
    await this.#patch(cidr, { "$deleteFromPrimitiveList/finalizers": [finalizer] }, signal);
    return undefined;
  }

  /** An address would be of no ServiceCIDR without it. */
  #isNeeded(cidr: ServiceCIDR): boolean {
    const all = this.#all();
    const isOnly = (found: readonly ServiceCIDR[]) =>
      found.length === 1 && found[0]!.metadata?.name === cidr.metadata?.name;
    const ranges = rangesOf(cidr);
    const within = ranges.map((range) => containing(all, range));
    if (within.every((found) => found.length > 0 && !isOnly(found))) return false;
    return this.#addresses.lister.list().some((address) => isOnly(this.#holdersOf(address)));
  }

  /** As it is already: not written again, or the time of it would make every write another. */
  async #setCondition(cidr: ServiceCIDR, condition: Omit<Condition, "lastTransitionTime">, signal: AbortSignal) {
    const present = cidr.status?.conditions?.find(({ type }) => type === condition.type);
    if (present?.status === condition.status && (present.reason ?? "") === condition.reason) return;
    const now = formatTime(this.#context.clock.now());
    await this.#context.client.resource(serviceCIDRs).apply(
      {
        apiVersion: "networking.k8s.io/v1",
        kind: "ServiceCIDR",
        metadata: { name: cidr.metadata?.name ?? "" },
        status: { conditions: [{ ...condition, lastTransitionTime: now }] },
      },
      { subresource: "status", fieldManager: name, force: true, signal },
    );
  }

  async #patch(cidr: ServiceCIDR, metadata: object, signal: AbortSignal): Promise<void> {
    try {
      await this.#context.client
        .resource(serviceCIDRs)
        .patch(cidr.metadata?.name ?? "", "application/strategic-merge-patch+json", { metadata }, { signal });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
