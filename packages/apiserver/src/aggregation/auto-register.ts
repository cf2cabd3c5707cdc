/**
 * APIServices of the groups that this server answers itself: made at start for what is built in, and as they come and go for custom resources.
 * Source: kube-aggregator's controllers/autoregister and pkg/controlplane/controller/crdregistration.
 */

import { type APIService, type CustomResourceDefinition, customResourceDefinitions } from "@kubets/api";
import { deepEqual, isAlreadyExists, isConflict, isNotFound, type KubeObject } from "@kubets/apimachinery";
import { builtInPriority, customPriority, type Priority } from "../discovery/priorities.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { InProcessTransport } from "../server/in-process.ts";
import type { ResourceTable } from "../server/resource-table.ts";
import type { Registrations } from "./registrations.ts";

const managedLabel = "kube-aggregator.kubernetes.io/automanaged";
const onStart = "onstart";
const continuously = "true";
export const apiServicesPath = "/apis/apiregistration.k8s.io/v1/apiservices";

export class AutoRegistration {
  readonly #registrations: Registrations;
  readonly #transport: InProcessTransport;
  readonly #wanted = new Map<string, APIService>();
  readonly #definitions = new Map<string, CustomResourceDefinition>();
  /** Of APIServices, by name: the names of the definitions that have the version served. */
  readonly #servedBy = new Map<string, Set<string>>();
  /** Names of versions of custom resources whose APIService may not be as it should be. */
  #onChange: ((name: string) => void) | undefined;

  constructor(registrations: Registrations, transport: InProcessTransport) {
    this.#registrations = registrations;
    this.#transport = transport;
  }

  /** Makes or corrects those of built-in groups, and takes away the automatic ones of groups that are no more. */
  async registerBuiltIn(resources: ResourceTable): Promise<void> {
    for (const { definition } of resources.all()) {
      const { group, version } = definition;
      const priority = builtInPriority(group, version);
      if (priority !== undefined) this.#want(apiServiceOf(group, version, priority, onStart));
    }
    const present = [...this.#registrations.all()].map(({ metadata }) => metadata?.name ?? "");
    await Promise.all([...new Set([...this.#wanted.keys(), ...present])].map((name) => this.sync(name)));
  }

  /** Tells of every name that is to be looked at because a custom resource changed; those there are, before it resolves. */
  async followDefinitions(reader: ObjectReader, signal: AbortSignal): Promise<void> {
    const handler = {
      put: (definition: CustomResourceDefinition) => this.#defined(definition, definition),
      remove: (definition: CustomResourceDefinition) => this.#defined(definition, undefined),
    };
    await reader.subscribe<CustomResourceDefinition>(customResourceDefinitions, handler, signal);
  }

  onChange(listener: (name: string) => void): void {
    this.#onChange = listener;
  }

  /** Puts one APIService right. */
  async sync(name: string): Promise<void> {
    const wanted = this.#wanted.get(name);
    const present = this.#registrations.get(name);
    try {
      if (present === undefined) {
        if (wanted === undefined) return;
        await this.#transport.request({ method: "POST", path: apiServicesPath, query: {}, body: wanted });
        return;
      }
      if (!isManaged(present)) return;
      const path = `${apiServicesPath}/${name}`;
      if (wanted === undefined) {
        const body = deletion(present);
        await this.#transport.request({ method: "DELETE", path, query: {}, body });
      } else if (!sameSpec(present, wanted)) {
        await this.#transport.request({ method: "PUT", path, query: {}, body: { ...present, spec: wanted.spec } });
      }
    } catch (error) {
      // Changed in the meantime: it will be looked at again.
      if (!isAlreadyExists(error) && !isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Those at the start are made once; whoever deletes one means it. */
  isContinuous(name: string): boolean {
    const wanted = this.#wanted.get(name);
    const label = (wanted ?? this.#registrations.get(name))?.metadata?.labels?.[managedLabel];
    return label === continuously;
  }

  #want(service: APIService): void {
    this.#wanted.set(service.metadata!.name!, service);
  }

  #defined({ metadata, spec }: CustomResourceDefinition, now: CustomResourceDefinition | undefined): void {
    const name = metadata?.name ?? "";
    const before = this.#definitions.get(name);
    if (now === undefined) this.#definitions.delete(name);
    else this.#definitions.set(name, now);
    for (const each of servedVersions(before)) this.#servedBy.get(each)?.delete(name);
    for (const each of servedVersions(now)) {
      const by = this.#servedBy.get(each);
      if (by === undefined) this.#servedBy.set(each, new Set([name]));
      else by.add(name);
    }
    const versions = [...(before?.spec?.versions ?? []), ...(spec?.versions ?? [])].map((version) => version.name);
    // Of one that could not be read only the name is left when it goes.
    const group = spec?.group ?? before?.spec?.group ?? "";
    for (const version of new Set(versions)) this.#refresh(group, version);
  }

  #refresh(group: string, version: string): void {
    // A group that is built in stays so, whatever a definition says.
    if (builtInPriority(group, version) !== undefined) return;
    const name = `${version}.${group}`;
    const isServed = (this.#servedBy.get(name)?.size ?? 0) > 0;
    if (!isServed) this.#servedBy.delete(name);
    if (isServed) this.#want(apiServiceOf(group, version, customPriority, continuously));
    else this.#wanted.delete(name);
    this.#onChange?.(name);
  }
}

/** The names of the APIServices that a definition wants. */
function servedVersions(definition: CustomResourceDefinition | undefined): string[] {
  const { group, versions = [] } = definition?.spec ?? {};
  return versions.flatMap(({ name, served }) => (served ? [`${name}.${group}`] : []));
}

function apiServiceOf(group: string, version: string, priority: Priority, managed: string): APIService {
  return {
    kind: "APIService",
    apiVersion: "apiregistration.k8s.io/v1",
    metadata: { name: `${version}.${group}`, labels: { [managedLabel]: managed } },
    spec: {
      ...(group === "" ? {} : { group }),
      version,
      groupPriorityMinimum: priority.group,
      versionPriority: priority.version,
    },
  };
}

function isManaged({ metadata }: KubeObject): boolean {
  const label = metadata?.labels?.[managedLabel];
  return label === onStart || label === continuously;
}

function sameSpec({ spec: a }: APIService, { spec: b }: APIService): boolean {
  return deepEqual({ group: "", ...a }, { group: "", ...b });
}

function deletion({ metadata }: APIService): object {
  const { uid } = metadata ?? {};
  return { kind: "DeleteOptions", apiVersion: "v1", ...(uid === undefined ? {} : { preconditions: { uid } }) };
}
