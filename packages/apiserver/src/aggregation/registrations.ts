/** The APIServices there are, followed as they change: which group and version is answered by whom. */

import { type APIService, apiServices } from "@kubets/api";
import type { ObjectReader } from "../reader/object-reader.ts";

/** An APIService that another server answers. Made anew when the object changes. */
export interface Backend {
  /** `v1beta1.metrics.k8s.io` */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly service: { readonly namespace: string; readonly name: string; readonly port: number };
  /** PEM; the system's authorities when undefined. */
  readonly ca: string | undefined;
  readonly insecure: boolean;
  readonly available: boolean;
  readonly object: APIService;
}

const defaultPort = 443;

export class Registrations {
  readonly #objects = new Map<string, APIService>();
  /** By `group/version`. Empty in most clusters: a look-up costs nothing then. */
  readonly #backends = new Map<string, Backend>();
  readonly #listeners = new Set<(name: string) => void>();
  #generation = 0;

  /** Changes with every APIService: discovery is made anew then. */
  get generation(): number {
    return this.#generation;
  }

  get hasBackends(): boolean {
    return this.#backends.size > 0;
  }

  /** Resolves when all are known; follows them until `signal` aborts. */
  async follow(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    const handler = {
      put: (object: APIService) => this.#put(object),
      remove: (object: APIService) => this.#remove(object),
    };
    await reader.subscribe<APIService>(apiServices, handler, signal);
  }

  /** Called with the name of each APIService that changes. */
  onChange(listener: (name: string) => void): void {
    this.#listeners.add(listener);
  }

  get(name: string): APIService | undefined {
    return this.#objects.get(name);
  }

  all(): Iterable<APIService> {
    return this.#objects.values();
  }

  backends(): Iterable<Backend> {
    return this.#backends.values();
  }

  /** Undefined when this server answers for the group and version itself. */
  backend(group: string, version: string): Backend | undefined {
    return this.#backends.get(`${group}/${version}`);
  }

  #put(object: APIService): void {
    this.#objects.set(object.metadata?.name ?? "", object);
    const backend = backendOf(object);
    const key = keyOf(object);
    if (backend === undefined) this.#backends.delete(key);
    else this.#backends.set(key, backend);
    this.#changed(object);
  }

  #remove(object: APIService): void {
    const name = object.metadata?.name ?? "";
    const known = this.#objects.get(name);
    this.#objects.delete(name);
    if (known !== undefined) this.#backends.delete(keyOf(known));
    this.#changed(object);
  }

  #changed({ metadata }: APIService): void {
    this.#generation++;
    for (const listener of this.#listeners) listener(metadata?.name ?? "");
  }
}

function keyOf({ spec }: APIService): string {
  return `${spec?.group ?? ""}/${spec?.version ?? ""}`;
}

function backendOf(object: APIService): Backend | undefined {
  const { spec, metadata } = object;
  if (spec?.service === undefined) return undefined;
  const { namespace = "", name = "", port = defaultPort } = spec.service;
  return {
    name: metadata?.name ?? "",
    group: spec.group ?? "",
    version: spec.version ?? "",
    service: { namespace, name, port },
    ca: spec.caBundle ? Buffer.from(spec.caBundle, "base64").toString() : undefined,
    insecure: spec.insecureSkipTLSVerify === true,
    available: isAvailable(object),
    object,
  };
}

function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true;
}
