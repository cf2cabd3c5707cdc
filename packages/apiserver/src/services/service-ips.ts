/**
 * Cluster IPs, safe between API servers: an address is taken by creating the IPAddress of its name, which only one can. The ranges are those of the
 * ServiceCIDRs, and the server's own. Source: pkg/registry/core/service/ipallocator.
 */

import { type IPAddress, ipAddresses, type Service, type ServiceCIDR, serviceCIDRs } from "@kubets/api";
import { formatIp, isAlreadyExists, type Logger, parseIp } from "@kubets/apimachinery";
import { ConflictError, type Store } from "@kubets/storage";
import { StoreReader } from "../reader/object-reader.ts";
import { create } from "../registry/create.ts";
import type { Registry } from "../registry/registry.ts";
import { ServedObject } from "../registry/served-object.ts";
import { AllocationError, IpPool } from "./address-pool.ts";
import { apiServerIdentity } from "./default-objects.ts";

export type IPFamily = "IPv4" | "IPv6";

export interface ServiceIpsOptions {
  readonly store: Store;
  /** The server's own ranges, the cluster's first family first. */
  readonly cidrs: readonly string[];
  /** Of ipaddresses and servicecidrs. */
  readonly registryOf: (plural: string) => Registry;
  readonly random: () => number;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

export const ipAddressesPrefix = "/registry/ipaddresses/";
const controllerName = "ipallocator.k8s.io";

export class ServiceIps {
  readonly #options: ServiceIpsOptions;
  /** What IPAddresses there are, and what is being taken just now. */
  readonly #taken: Readonly<Record<IPFamily, Set<bigint>>> = { IPv4: new Set(), IPv6: new Set() };
  readonly #own: readonly IpPool[];
  /** Of ServiceCIDRs that are ready, by object. */
  readonly #added = new Map<string, readonly IpPool[]>();
  #following: Promise<void> | undefined;

  constructor(options: ServiceIpsOptions) {
    this.#options = options;
    this.#own = options.cidrs.map((cidr) => this.#pool(cidr));
    if (this.#own.length === 0) throw new Error("a service CIDR is needed, such as 10.96.0.0/12");
  }

  /** The `kubernetes` Service's address. */
  get first(): string {
    return this.#own[0]!.first;
  }

  get families(): readonly IPFamily[] {
    return this.#own.map(({ family }) => family);
  }

  /** Knows what is taken, and hears of it from then on. */
  follow(): Promise<void> {
    this.#following ??= this.#follow().catch((error: unknown) => {
      this.#following = undefined;
      throw error;
    });
    return this.#following;
  }

  /**
   * @returns whether it is taken now; false: it was taken for this very Service before, by a server that is making it too, or ended while it did
   * @throws AllocationError with upstream's text
   */
  async take(service: Service, ip: string, dryRun: boolean): Promise<boolean> {
    const pool = this.#pools().find((candidate) => candidate.covers(ip));
    if (pool === undefined) throw new AllocationError("the provided network does not match the current range");
    if (pool.isTaken(ip)) {
      if (await this.isOf(service, ip)) return false;
      throw new AllocationError("provided IP is already allocated");
    }
    pool.take(ip);
    if (dryRun) return this.#forget(ip) !== undefined;
    if (await this.#record(service, ip)) return true;
    if (await this.isOf(service, ip)) return false;
    throw new AllocationError("provided IP is already allocated");
  }

  /** Whether the address is recorded as the Service's. */
  async isOf({ metadata }: Service, ip: string): Promise<boolean> {
    const entry = await this.#options.store.get(ipAddressesPrefix + canonical(ip));
    const parent = entry && (ServedObject.ofEntry(entry).object as IPAddress).spec?.parentRef;
    const isService = parent?.resource === "services" && (parent.group ?? "") === "";
    return isService && parent.namespace === metadata?.namespace && parent.name === metadata?.name;
  }

  /** @throws AllocationError when the family's ranges are full */
  async takeAny(service: Service, family: IPFamily, dryRun: boolean): Promise<string> {
    for (const pool of this.#pools()) {
      if (pool.family !== family) continue;
      for (;;) {
        const ip = anyOf(pool);
        if (ip === undefined) break;
        if (dryRun) return this.#forget(ip);
        // Taken meanwhile by another server: it is marked now, and the next one is tried.
        if (await this.#record(service, ip)) return ip;
      }
    }
    throw new AllocationError("range is full");
  }

  async release(ip: string): Promise<void> {
    const registry = this.#options.registryOf("ipaddresses");
    const key = registry.key("", canonical(ip));
    try {
      const entry = await this.#options.store.get(key);
      if (entry !== undefined) await registry.remove(key, entry.modRevision);
    } catch (err) {
      // Repaired later; the Service's own write must not fail for it.
      if (!(err instanceof ConflictError))
        this.#options.logger.warn("A Service's address was not released", { ip, err });
    }
  }

  /** For a Service that has the address already. @returns whether it is now recorded as the Service's */
  async record(service: Service, ip: string): Promise<boolean> {
    return await this.#record(service, ip);
  }

  async #record(service: Service, ip: string): Promise<boolean> {
    try {
      const family = ip.includes(":") ? "IPv6" : "IPv4";
      await create(this.#options.registryOf("ipaddresses"), addressOf(service, canonical(ip), family), {
        namespace: "",
        name: "",
        subresource: "",
        user: apiServerIdentity,
        dryRun: false,
        manager: "kube-apiserver",
        options: {},
        client: this.#options,
        warn() {},
        annotate() {},
      });
      return true;
    } catch (error) {
      if (isAlreadyExists(error)) return false;
      this.#forget(ip);
      throw error;
    }
  }

  #forget(ip: string): string {
    const address = parseIp(ip);
    if (address !== undefined) this.#taken[address.family === 4 ? "IPv4" : "IPv6"].delete(address.value);
    return ip;
  }

  #mark(ip: string): void {
    const address = parseIp(ip);
    if (address !== undefined) this.#taken[address.family === 4 ? "IPv4" : "IPv6"].add(address.value);
  }

  #pools(): readonly IpPool[] {
    return this.#added.size === 0 ? this.#own : [...this.#own, ...[...this.#added.values()].flat()];
  }

  #pool(cidr: string): IpPool {
    const family = cidr.includes(":") ? "IPv6" : "IPv4";
    return new IpPool(cidr, this.#options.random, this.#taken[family]);
  }

  async #follow(): Promise<void> {
    const { store, registryOf, signal, logger } = this.#options;
    const reader = new StoreReader(
      store,
      ({ plural }) => registryOf(plural).definition,
      (err) => logger.error("The store cannot be followed as it should be", { err }),
    );
    const addresses = {
      put: ({ metadata }: IPAddress) => this.#mark(metadata?.name ?? ""),
      remove: ({ metadata }: IPAddress) => void this.#forget(metadata?.name ?? ""),
    };
    const ranges = {
      put: (range: ServiceCIDR) => this.#setRanges(range),
      remove: ({ metadata }: ServiceCIDR) => void this.#added.delete(metadata?.name ?? ""),
    };
    await reader.subscribe(ipAddresses, addresses, signal);
    await reader.subscribe(serviceCIDRs, ranges, signal);
  }

  /** The server's own ranges need no object: they are there before it, and a mistake in it must not stop the cluster. */
  #setRanges({ metadata, spec, status }: ServiceCIDR): void {
    const name = metadata?.name ?? "";
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    const isReady = (ready === undefined || ready.status === "True") && metadata?.deletionTimestamp === undefined;
    const others = (spec?.cidrs ?? []).filter((cidr) => !this.#options.cidrs.includes(cidr));
    if (!isReady || others.length === 0) {
      this.#added.delete(name);
      return;
    }
    try {
      this.#added.set(
        name,
        others.map((cidr) => this.#pool(cidr)),
      );
    } catch (err) {
      this.#options.logger.warn("A ServiceCIDR cannot be used", { name, err });
    }
  }
}

function anyOf(pool: IpPool): string | undefined {
  try {
    return pool.takeAny();
  } catch (error) {
    if (error instanceof AllocationError) return undefined;
    throw error;
  }
}

function canonical(ip: string): string {
  const address = parseIp(ip);
  return address === undefined ? ip : formatIp(address.family, address.value);
}

function addressOf({ metadata }: Service, ip: string, family: IPFamily): IPAddress {
  return {
    kind: "IPAddress",
    apiVersion: "networking.k8s.io/v1",
    metadata: {
      name: ip,
      labels: { "ipaddress.kubernetes.io/ip-family": family, "ipaddress.kubernetes.io/managed-by": controllerName },
    },
    spec: {
      parentRef: {
        group: "",
        resource: "services",
        namespace: metadata?.namespace ?? "",
        name: metadata?.name ?? "",
      },
    },
  };
}
