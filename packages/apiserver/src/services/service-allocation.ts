/**
 * Gives Services their addresses and node ports: the registry's hooks for Services. What is needed is decided by @kubets/api; what is taken
 * is stored, in objects that only one server can create or change at a time.
 */

import {
  type AllocationPlan,
  type Allocations,
  allocationsOf,
  applyAllocations,
  type IPAddress,
  initIPFamilyFields,
  normalizeClusterIPs,
  patchAllocatedValues,
  planCreate,
  planUpdate,
  type Service,
} from "@kubets/api";
import {
  type Clock,
  clone,
  internalError,
  invalid,
  invalidValue,
  type KubeObject,
  type Logger,
  messageOf,
  parseTime,
  path,
  pushAll,
  type Random,
  type StatusError,
} from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { generateName } from "../registry/create.ts";
import type { Registry } from "../registry/registry.ts";
import { ServedObject } from "../registry/served-object.ts";
import type { Finish, RegistryHooks, WriteRequest } from "../registry/write-request.ts";
import { AllocationError } from "./address-pool.ts";
import { NodePorts } from "./node-ports.ts";
import { ipAddressesPrefix, ServiceIps } from "./service-ips.ts";

export interface ServiceAllocationOptions {
  readonly store: Store;
  /** `--service-cluster-ip-range`: one, or one of each family, the cluster's own first. */
  readonly serviceCidrs: readonly string[];
  /** Default 30000-32767. */
  readonly nodePortRange?: string;
  /** Of a resource of networking.k8s.io. */
  readonly registryOf: (plural: string) => Registry;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Ends what follows the store. */
  readonly signal: AbortSignal;
}

const servicesPrefix = "/registry/services/specs/";
/** Upstream's repair loops: how often, and how long an address may be without its Service. */
const repairEveryMs = 3 * 60 * 1000;
const orphanGraceMs = 60 * 1000;

export class ServiceAllocation implements RegistryHooks {
  readonly #options: ServiceAllocationOptions;
  readonly #ips: ServiceIps;
  readonly #ports: NodePorts;
  #ready: Promise<void> | undefined;
  /** Ports that were taken and of no Service at the last repair. */
  #unusedPorts: ReadonlySet<number> = new Set();

  constructor(options: ServiceAllocationOptions) {
    this.#options = options;
    const { store, serviceCidrs: cidrs, registryOf, random, logger, signal } = options;
    const next = () => random.next();
    this.#ips = new ServiceIps({ store, cidrs, registryOf, random: next, logger, signal });
    this.#ports = new NodePorts({
      store,
      range: options.nodePortRange ?? "30000-32767",
      random: next,
      uuid: () => random.uuid(),
      inUse: async () => (await this.#services()).flatMap((service) => allocationsOf(service).nodePorts),
    });
  }

  /** The `kubernetes` Service's address. */
  get firstAddress(): string {
    return this.#ips.first;
  }

  async beginCreate(object: KubeObject, request: WriteRequest): Promise<Finish> {
    await this.#prepared();
    const service = object as Service;
    const { metadata } = service;
    // An address says whose it is.
    if (!metadata?.name && metadata?.generateName) {
      metadata.name = generateName(metadata.generateName, () => this.#options.random.next());
    }
    normalizeClusterIPs(service, undefined);
    this.#setFamilies(service, undefined);
    return await this.#fulfil(service, planCreate(service), request.dryRun);
  }

  async beginUpdate(object: KubeObject, old: KubeObject, request: WriteRequest): Promise<Finish | undefined> {
    const service = object as Service;
    const before = clone(old) as Service;
    patchAllocatedValues(service, before);
    normalizeClusterIPs(service, before);
    this.#setFamilies(service, before);
    const plan = planUpdate(service, before);
    if (changesNothing(plan)) {
      applyAllocations(service, plan, { clusterIPs: [], nodePorts: [], healthCheckNodePort: undefined });
      return undefined;
    }
    await this.#prepared();
    return await this.#fulfil(service, plan, request.dryRun);
  }

  async afterDelete(object: KubeObject): Promise<void> {
    await this.#release(allocationsOf(object as Service));
  }

  /** Until `signal` aborts, puts right what a server that ended between two writes left. */
  async keepRepaired(signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#options;
    for (;;) {
      await clock.sleep(repairEveryMs, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#repair();
      } catch (err) {
        if (!signal.aborted)
          logger.warn("The Services' addresses and ports could not be compared with what is taken", { err });
      }
    }
  }

  #setFamilies(service: Service, old: Service | undefined): void {
    const errors = initIPFamilyFields(service, old, [...this.#ips.families]);
    if (errors.length > 0) throw invalid("", "Service", service.metadata?.name ?? "", errors);
  }

  /** Takes all that the plan wants and writes it into the Service, or takes nothing. @throws StatusError 422, 500 */
  async #fulfil(service: Service, plan: AllocationPlan, dryRun: boolean): Promise<Finish> {
    const clusterIPs: string[] = [];
    /** What is to be given back if the Service is not stored. */
    const taken = { clusterIPs: [] as string[], nodePorts: [] as number[] };
    const release = (what: Allocations) => (dryRun ? Promise.resolve() : this.#release(what));
    try {
      for (const need of plan.clusterIPs) {
        const { ip, isNew } = await this.#takeIp(service, need, dryRun);
        clusterIPs.push(ip);
        if (isNew) taken.clusterIPs.push(ip);
      }
      const { healthCheckNodePort: health } = plan;
      const wanted = [...plan.nodePorts, ...(health === undefined ? [] : [health])];
      const ports = await this.#ports.take(
        wanted.map(({ requested }) => requested),
        dryRun,
        (index, error) => portError(service, plan, index, error),
      );
      pushAll(taken.nodePorts, ports);
      const healthCheckNodePort = health === undefined ? undefined : ports.at(-1)!;
      const nodePorts = ports.slice(0, plan.nodePorts.length);
      applyAllocations(service, plan, { clusterIPs, nodePorts, healthCheckNodePort });
    } catch (error) {
      await release(taken);
      throw error;
    }
    const found = clusterIPs.filter((ip) => !taken.clusterIPs.includes(ip));
    return async (stored) => {
      // Where it is not known what became of the write, what was taken stays so until the repair knows better.
      if (stored === false) await release({ ...taken, clusterIPs: await this.#unheld(service, taken.clusterIPs) });
      if (!stored || dryRun) return;
      await release(plan.release);
      // Whoever had taken them for this Service may have given them back, not knowing of it.
      for (const ip of found) if (!(await this.#ips.isOf(service, ip))) await this.#ips.record(service, ip);
    };
  }

  /** Those that the Service does not hold, if another server has made it meanwhile. */
  async #unheld({ metadata }: Service, ips: readonly string[]): Promise<readonly string[]> {
    if (ips.length === 0) return ips;
    try {
      const entry = await this.#options.store.get(`${servicesPrefix}${metadata?.namespace}/${metadata?.name}`);
      if (entry === undefined) return ips;
      const held = allocationsOf(ServedObject.ofEntry(entry).object as Service).clusterIPs;
      return ips.filter((ip) => !held.includes(ip));
    } catch {
      return []; // The repair will know.
    }
  }

  async #takeIp(
    service: Service,
    { requested, family }: AllocationPlan["clusterIPs"][number],
    dryRun: boolean,
  ): Promise<{ ip: string; isNew: boolean }> {
    try {
      if (requested === undefined) return { ip: await this.#ips.takeAny(service, family, dryRun), isNew: true };
      return { ip: requested, isNew: await this.#ips.take(service, requested, dryRun) };
    } catch (error) {
      if (!(error instanceof AllocationError)) throw error;
      if (requested === undefined) throw exhausted("serviceIP", error);
      const why = `failed to allocate IP ${requested}: ${error.message}`;
      throw refused(service, "spec.clusterIPs", service.spec?.clusterIPs, why);
    }
  }

  async #release({ clusterIPs, nodePorts }: Allocations): Promise<void> {
    for (const ip of clusterIPs) await this.#ips.release(ip);
    try {
      await this.#ports.release(nodePorts);
    } catch (err) {
      // Repaired later; the Service's own write must not fail for it.
      this.#options.logger.warn("A Service's node ports were not released", { nodePorts, err });
    }
  }

  #prepared(): Promise<void> {
    this.#ready ??= this.#ips.follow().then(
      () => this.#recordAddresses(),
      (error: unknown) => {
        this.#ready = undefined;
        throw error;
      },
    );
    return this.#ready;
  }

  async #services(): Promise<Service[]> {
    const { entries } = await this.#options.store.list(servicesPrefix);
    return entries.map((entry) => ServedObject.ofEntry(entry).object as Service);
  }

  /** What Services hold is taken, whoever gave it to them. */
  async #recordAddresses(): Promise<void> {
    const addresses = await this.#addresses();
    for (const service of await this.#services()) {
      for (const ip of allocationsOf(service).clusterIPs) {
        const parent = addresses.get(ip)?.spec?.parentRef;
        const isOwn = parent?.namespace === service.metadata?.namespace && parent?.name === service.metadata?.name;
        if (isOwn || (parent === undefined && (await this.#ips.record(service, ip)))) continue;
        const { namespace, name } = service.metadata ?? {};
        this.#options.logger.warn("A Service has a cluster IP that is another's", { ip, namespace, name, parent });
      }
    }
  }

  async #addresses(): Promise<Map<string, IPAddress>> {
    const { entries } = await this.#options.store.list(ipAddressesPrefix);
    return new Map(
      entries.map((entry) => {
        const address = ServedObject.ofEntry(entry).object as IPAddress;
        return [address.metadata?.name ?? "", address] as const;
      }),
    );
  }

  async #repair(): Promise<void> {
    await this.#prepared();
    await this.#recordAddresses();
    const addresses = await this.#addresses();
    const services = new Map((await this.#services()).map((service) => [nameOf(service.metadata), service]));
    const before = this.#options.clock.now() - orphanGraceMs;
    for (const [ip, { metadata, spec }] of addresses) {
      const parent = spec?.parentRef;
      if (parent?.resource !== "services" || (parent.group ?? "") !== "") continue;
      const service = services.get(nameOf(parent));
      const isHeld = service !== undefined && allocationsOf(service).clusterIPs.includes(ip);
      if (!isHeld && parseTime(metadata?.creationTimestamp) < before) await this.#ips.release(ip);
    }
    this.#unusedPorts = await this.#ports.repair(this.#unusedPorts);
  }
}

function nameOf(of: { namespace?: string; name?: string } | undefined): string {
  return `${of?.namespace ?? ""}/${of?.name ?? ""}`;
}

function changesNothing({ clusterIPs, nodePorts, healthCheckNodePort, release }: AllocationPlan): boolean {
  const takes = clusterIPs.length > 0 || nodePorts.length > 0 || healthCheckNodePort !== undefined;
  return !takes && release.clusterIPs.length === 0 && release.nodePorts.length === 0;
}

function portError(service: Service, plan: AllocationPlan, index: number, error: unknown): Error {
  const need = plan.nodePorts[index];
  if (need !== undefined) {
    if (need.requested === undefined) return exhausted("nodePort", error);
    return refused(service, `spec.ports[${need.indexes[0] ?? 0}].nodePort`, need.requested, messageOf(error));
  }
  const requested = plan.healthCheckNodePort?.requested;
  const [which, tail] = requested === undefined ? ["a", ""] : ["requested", ` ${requested}`];
  return internalError(new Error(`failed to allocate ${which} HealthCheck NodePort${tail}: ${messageOf(error)}`));
}

function exhausted(what: string, error: unknown): StatusError {
  if (!(error instanceof AllocationError)) throw error;
  return internalError(new Error(`failed to allocate a ${what}: ${error.message}`));
}

function refused(service: Service, field: string, given: unknown, why: string): StatusError {
  return invalid("", "Service", service.metadata?.name ?? "", [invalidValue(path(field), given, why)]);
}
