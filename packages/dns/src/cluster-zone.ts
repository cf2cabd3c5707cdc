/**
 * The cluster's names. Source: the Kubernetes DNS-based service discovery specification 1.1.0, and CoreDNS's kubernetes plugin where that is silent.
 * Pure over {@link ServiceDirectory}; names are lower-case and without the final dot.
 */

import type { EndpointSlice, Service } from "@kubets/api";
import { pushAll } from "@kubets/apimachinery";

/** What the zone reads. */
export interface ServiceDirectory {
  namespaceExists(namespace: string): boolean;
  service(namespace: string, name: string): Service | undefined;
  slices(namespace: string, service: string): readonly EndpointSlice[];
  /** The Services with this cluster IP, and the headless endpoints with this address, as the names they go by. */
  namesOf(ip: string): readonly string[];
}

export type RecordType = "A" | "AAAA" | "SRV" | "PTR" | "CNAME" | "TXT" | "SOA" | "NS";

export type ResourceRecord =
  | {
      readonly name: string;
      readonly type: "A" | "AAAA" | "PTR" | "CNAME" | "NS";
      readonly ttl: number;
      readonly data: string;
    }
  | { readonly name: string; readonly type: "TXT"; readonly ttl: number; readonly data: string }
  | {
      readonly name: string;
      readonly type: "SRV";
      readonly ttl: number;
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    }
  | { readonly name: string; readonly type: "SOA"; readonly ttl: number; readonly data: SoaData };

interface SoaData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

export interface Answer {
  readonly rcode: "NOERROR" | "NXDOMAIN";
  readonly answers: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
  /** The name of another zone that the answer's last CNAME leads to: an ExternalName. */
  readonly continueAt?: string;
}

export const dnsVersion = "1.1.0";
/** Seconds; kubeadm's CoreDNS configuration has the same. */
export const ttl = 30;

const nothing: Answer = { rcode: "NOERROR", answers: [], additionals: [] };
const noSuchName: Answer = { rcode: "NXDOMAIN", answers: [], additionals: [] };

function found(answers: readonly ResourceRecord[], additionals: readonly ResourceRecord[] = []): Answer {
  return { rcode: "NOERROR", answers, additionals };
}

/** The records of the cluster's domain, made when they are asked for, from what the directory knows. */
export class ClusterZone {
  readonly #domain: string;
  readonly #directory: ServiceDirectory;

  constructor(domain: string, directory: ServiceDirectory) {
    this.#domain = domain;
    this.#directory = directory;
  }

  get domain(): string {
    return this.#domain;
  }

  /** Whether the zone answers for the name; PTR names are its own when their address is a Service's or endpoint's. */
  owns(name: string): boolean {
    if (name === this.#domain || name.endsWith(`.${this.#domain}`)) return true;
    const ip = addressOfPointer(name);
    return ip !== undefined && this.#directory.namesOf(ip).length > 0;
  }

  soa(serial: number): ResourceRecord {
    const data = {
      mname: `ns.dns.${this.#domain}`,
      rname: `hostmaster.${this.#domain}`,
      serial,
      refresh: 7200,
      retry: 1800,
      expire: 86400,
      minimum: ttl,
    };
    return { name: this.#domain, type: "SOA", ttl, data };
  }

  lookup(name: string, type: RecordType): Answer {
    const pointer = addressOfPointer(name);
    if (pointer !== undefined) {
      const records = this.#directory.namesOf(pointer).map((data) => ({ name, type: "PTR" as const, ttl, data }));
      return type === "PTR" ? found(records) : nothing;
    }
    if (name === this.#domain) return nothing;
    const labels = name.slice(0, -this.#domain.length - 1).split(".");
    if (labels.length === 1 && labels[0] === "dns-version")
      return type === "TXT" ? found([{ name, type, ttl, data: dnsVersion }]) : nothing;
    const kind = labels.pop();
    if (kind === "svc") return this.#underServices(name, type, labels);
    if (kind === "pod") return this.#underPods(name, type, labels);
    return noSuchName;
  }

  /** `[...rest].service.namespace` */
  #underServices(name: string, type: RecordType, labels: string[]): Answer {
    const namespace = labels.pop();
    if (namespace === undefined) return nothing;
    if (!this.#directory.namespaceExists(namespace)) return noSuchName;
    const serviceName = labels.pop();
    if (serviceName === undefined) return nothing;
    const service = this.#directory.service(namespace, serviceName);
    if (service === undefined) return noSuchName;
    const external = service.spec?.type === "ExternalName" ? service.spec.externalName : undefined;
    if (external !== undefined) {
      if (labels.length > 0) return noSuchName;
      const target = external.toLowerCase().replace(/\.$/, "");
      return { ...found([{ name, type: "CNAME", ttl, data: target }]), continueAt: target };
    }
    const [first, second] = labels;
    if (labels.length === 0) return this.#addresses(name, type, service);
    if (labels.length === 2 && first?.startsWith("_") && second?.startsWith("_"))
      return this.#ports(name, type, service, first.slice(1), second.slice(1));
    if (labels.length === 1 && isHeadless(service)) return this.#endpoint(name, type, service, first as string);
    return noSuchName;
  }

  #addresses(name: string, type: RecordType, service: Service): Answer {
    if (type === "SRV") return this.#allPorts(name, service);
    if (!isHeadless(service)) return found(addressRecords(name, type, clusterIPsOf(service)));
    const endpoints = this.#endpoints(service);
    if (endpoints.length === 0) return noSuchName;
    return found(
      addressRecords(
        name,
        type,
        endpoints.map((e) => e.ip),
      ),
    );
  }

  #endpoint(name: string, type: RecordType, service: Service, host: string): Answer {
    const matching = this.#endpoints(service).filter((e) => e.host === host);
    if (matching.length === 0) return noSuchName;
    return found(
      addressRecords(
        name,
        type,
        matching.map((e) => e.ip),
      ),
    );
  }

  /** `_port._protocol.service...` */
  #ports(name: string, type: RecordType, service: Service, port: string, protocol: string): Answer {
    const records = this.#serviceRecords(name, service, (p) => p.name === port && p.protocol === protocol);
    if (records.answers.length === 0) return noSuchName;
    return type === "SRV" ? records : nothing;
  }

  #allPorts(name: string, service: Service): Answer {
    return this.#serviceRecords(name, service, () => true);
  }

  #serviceRecords(
    name: string,
    service: Service,
    wanted: (port: { name: string; protocol: string }) => boolean,
  ): Answer {
    const base = `${service.metadata?.name}.${service.metadata?.namespace}.svc.${this.#domain}`;
    const srv = (port: number, target: string): ResourceRecord => ({
      name,
      type: "SRV",
      ttl,
      data: { priority: 0, weight: 100, port, target },
    });
    if (!isHeadless(service)) {
      const ports = (service.spec?.ports ?? []).filter((p) =>
        wanted({ name: p.name ?? "", protocol: (p.protocol ?? "TCP").toLowerCase() }),
      );
      const answers = ports.map((p) => srv(p.port, base));
      return found(answers, answers.length === 0 ? [] : allAddressRecords(base, clusterIPsOf(service)));
    }
    const answers: ResourceRecord[] = [];
    const additionals: ResourceRecord[] = [];
    for (const endpoint of this.#endpoints(service)) {
      const target = `${endpoint.host}.${base}`;
      const ports = endpoint.ports.filter(wanted);
      pushAll(
        answers,
        ports.map((p) => srv(p.port, target)),
      );
      if (ports.length > 0) pushAll(additionals, allAddressRecords(target, [endpoint.ip]));
    }
    return found(answers, additionals);
  }

  #endpoints(service: Service) {
    const { namespace = "", name = "" } = service.metadata ?? {};
    return endpointsOf(this.#directory.slices(namespace, name));
  }

  /** `10-244-0-3.namespace`: the address is in the name (CoreDNS's `pods insecure`). */
  #underPods(name: string, type: RecordType, labels: string[]): Answer {
    const namespace = labels.pop();
    if (namespace === undefined) return nothing;
    if (!this.#directory.namespaceExists(namespace)) return noSuchName;
    if (labels.length === 0) return nothing;
    const text = labels.length === 1 ? (labels[0] as string) : "";
    const ip =
      text.split("-").length === 4 && /^[\d-]+$/.test(text) ? text.replaceAll("-", ".") : text.replaceAll("-", ":");
    if (!isIPv4(ip) && !/^[0-9a-f:]*:[0-9a-f:]*$/.test(ip)) return noSuchName;
    return found(addressRecords(name, type, [ip]));
  }
}

export interface NamedEndpoint {
  readonly ip: string;
  /** The endpoint's hostname, or its address with dashes. */
  readonly host: string;
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
}

/** The endpoints that are to be found by name: ready ones, once each. */
export function endpointsOf(slices: readonly EndpointSlice[]): NamedEndpoint[] {
  const found = new Map<string, NamedEndpoint>();
  for (const slice of slices) {
    const ports = (slice.ports ?? []).map((p) => ({
      name: p.name ?? "",
      protocol: (p.protocol ?? "TCP").toLowerCase(),
      port: p.port ?? 0,
    }));
    for (const { addresses, conditions, hostname } of slice.endpoints ?? []) {
      if (conditions?.ready === false) continue;
      for (const ip of addresses) found.set(ip, { ip, host: hostname ?? ip.replace(/[.:]/g, "-"), ports });
    }
  }
  return [...found.values()];
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === "None";
}

export function clusterIPsOf(service: Service): readonly string[] {
  const ips = service.spec?.clusterIPs ?? (service.spec?.clusterIP ? [service.spec.clusterIP] : []);
  return ips.filter((ip) => ip !== "None" && ip !== "");
}

function isIPv4(ip: string): boolean {
  const parts = ip.split(".");
  return parts.length === 4 && parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) < 256);
}

function addressRecords(name: string, type: RecordType, ips: readonly string[]): ResourceRecord[] {
  return allAddressRecords(name, ips).filter((record) => record.type === type);
}

function allAddressRecords(name: string, ips: readonly string[]): ResourceRecord[] {
  return ips.map((data) => ({ name, type: isIPv4(data) ? "A" : "AAAA", ttl, data }));
}

/** The address that `4.3.2.1.in-addr.arpa` or an `ip6.arpa` name is about. */
export function addressOfPointer(name: string): string | undefined {
  if (name.endsWith(".in-addr.arpa")) {
    const ip = name.slice(0, -".in-addr.arpa".length).split(".").reverse().join(".");
    return isIPv4(ip) ? ip : undefined;
  }
  if (!name.endsWith(".ip6.arpa")) return undefined;
  const nibbles = name.slice(0, -".ip6.arpa".length).split(".").reverse();
  if (nibbles.length !== 32 || nibbles.some((n) => !/^[0-9a-f]$/.test(n))) return undefined;
  const groups = Array.from({ length: 8 }, (_, i) => nibbles.slice(i * 4, i * 4 + 4).join(""));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
