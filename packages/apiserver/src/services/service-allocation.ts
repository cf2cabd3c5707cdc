/**
 * Gives Services their addresses and node ports: the registry's hooks for Services. What is needed is decided by @kubets/api; what is taken
 * is read from the stored Services at the first write, so there is nothing to repair.
 */

import {
  type AllocationPlan,
  type Allocations,
  allocationsOf,
  applyAllocations,
  initIPFamilyFields,
  normalizeClusterIPs,
  patchAllocatedValues,
  planCreate,
  planUpdate,
  type Service,
} from "@kubets/api";
import {
  clone,
  internalError,
  invalid,
  invalidValue,
  type KubeObject,
  type Logger,
  messageOf,
  path,
  type StatusError,
} from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { ServedObject } from "../registry/served-object.ts";
import type { Finish, RegistryHooks, WriteRequest } from "../registry/write-request.ts";
import { AllocationError, IpPool, PortPool } from "./address-pool.ts";

export interface ServiceAllocationOptions {
  readonly store: Store;
  /** `--service-cluster-ip-range`: one, or one of each family, the cluster's own first. */
  readonly serviceCidrs: readonly string[];
  /** Default 30000-32767. */
  readonly nodePortRange?: string;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

const servicesPrefix = "/registry/services/specs/";

export class ServiceAllocation implements RegistryHooks {
  readonly #store: Store;
  readonly #logger: Logger;
  readonly #ips: readonly IpPool[];
  readonly #ports: PortPool;
  #loaded: Promise<void> | undefined;

  constructor(options: ServiceAllocationOptions) {
    this.#store = options.store;
    this.#logger = options.logger;
    this.#ips = options.serviceCidrs.map((cidr) => new IpPool(cidr, options.random));
    if (this.#ips.length === 0) throw new Error("a service CIDR is needed, such as 10.96.0.0/12");
    this.#ports = new PortPool(options.nodePortRange ?? "30000-32767", options.random);
  }

  /** The `kubernetes` Service's address. */
  get firstAddress(): string {
    return this.#ips[0]!.first;
  }

  async beginCreate(object: KubeObject, request: WriteRequest): Promise<Finish> {
    await this.#load();
    const service = object as Service;
    normalizeClusterIPs(service, undefined);
    this.#setFamilies(service, undefined);
    return this.#fulfil(service, planCreate(service), request.dryRun);
  }

  async beginUpdate(object: KubeObject, old: KubeObject, request: WriteRequest): Promise<Finish> {
    await this.#load();
    const service = object as Service;
    const before = clone(old) as Service;
    patchAllocatedValues(service, before);
    normalizeClusterIPs(service, before);
    this.#setFamilies(service, before);
    return this.#fulfil(service, planUpdate(service, before), request.dryRun);
  }

  afterDelete(object: KubeObject): void {
    this.#release(allocationsOf(object as Service));
  }

  #setFamilies(service: Service, old: Service | undefined): void {
    const families = this.#ips.map(({ family }) => family);
    const errors = initIPFamilyFields(service, old, families);
    if (errors.length > 0) throw invalid("", "Service", service.metadata?.name ?? "", errors);
  }

  /** Takes all that the plan wants and writes it into the Service, or takes nothing. @throws StatusError 422, 500 */
  #fulfil(service: Service, plan: AllocationPlan, dryRun: boolean): Finish {
    const taken = { clusterIPs: [] as string[], nodePorts: [] as number[] };
    try {
      for (const need of plan.clusterIPs) taken.clusterIPs.push(this.#takeIp(service, need));
      for (const need of plan.nodePorts) taken.nodePorts.push(this.#takePort(service, need));
      const healthCheck = plan.healthCheckNodePort;
      const healthCheckNodePort = healthCheck === undefined ? undefined : this.#takeHealthPort(healthCheck.requested);
      applyAllocations(service, plan, { ...taken, healthCheckNodePort });
      if (healthCheckNodePort !== undefined) taken.nodePorts.push(healthCheckNodePort);
    } catch (error) {
      this.#release(taken);
      throw error;
    }
    return (stored) => {
      if (!stored) this.#release(taken);
      else if (!dryRun) this.#release(plan.release);
    };
  }

  #takeIp(service: Service, need: AllocationPlan["clusterIPs"][number]): string {
    const pool = this.#ips.find(({ family }) => family === need.family);
    if (pool === undefined) throw internalError(new Error(`no pool of ${need.family} addresses`));
    try {
      if (need.requested === undefined) return pool.takeAny();
      pool.take(need.requested);
      return need.requested;
    } catch (error) {
      if (need.requested === undefined) throw exhausted("serviceIP", error);
      const why = `failed to allocate IP ${need.requested}: ${messageOf(error)}`;
      throw refused(service, "spec.clusterIPs", service.spec?.clusterIPs, why);
    }
  }

  #takePort(service: Service, need: AllocationPlan["nodePorts"][number]): number {
    try {
      if (need.requested === undefined) return this.#ports.takeAny();
      this.#ports.take(need.requested);
      return need.requested;
    } catch (error) {
      if (need.requested === undefined) throw exhausted("nodePort", error);
      throw refused(service, `spec.ports[${need.indexes[0] ?? 0}].nodePort`, need.requested, messageOf(error));
    }
  }

  #takeHealthPort(requested: number | undefined): number {
    try {
      if (requested === undefined) return this.#ports.takeAny();
      this.#ports.take(requested);
      return requested;
    } catch (error) {
      const which = requested === undefined ? "a" : "requested";
      const tail = requested === undefined ? "" : ` ${requested}`;
      throw internalError(new Error(`failed to allocate ${which} HealthCheck NodePort${tail}: ${messageOf(error)}`));
    }
  }

  #release({ clusterIPs, nodePorts }: Allocations): void {
    for (const ip of clusterIPs) for (const pool of this.#ips) pool.release(ip);
    for (const port of nodePorts) this.#ports.release(port);
  }

  #load(): Promise<void> {
    this.#loaded ??= this.#readStored().catch((error: unknown) => {
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async #readStored(): Promise<void> {
    const { entries } = await this.#store.list(servicesPrefix);
    const owners = new Map<string, string>();
    for (const entry of entries) {
      const { clusterIPs, nodePorts } = allocationsOf(ServedObject.ofEntry(entry).object as Service);
      for (const ip of clusterIPs) {
        for (const pool of this.#ips) pool.mark(ip);
        const other = owners.get(ip);
        if (other !== undefined) this.#logger.warn("two Services have one cluster IP", { ip, key: entry.key, other });
        owners.set(ip, entry.key);
      }
      for (const port of nodePorts) this.#ports.mark(port);
    }
  }
}

function exhausted(what: string, error: unknown): StatusError {
  if (!(error instanceof AllocationError)) throw error;
  return internalError(new Error(`failed to allocate a ${what}: ${error.message}`));
}

function refused(service: Service, field: string, given: unknown, why: string): StatusError {
  return invalid("", "Service", service.metadata?.name ?? "", [invalidValue(path(field), given, why)]);
}
