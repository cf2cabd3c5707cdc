/** What is served: a registry and a watch hub for every definition. Custom resources come and go at run time. */

import { type ResourceDefinition, storedVersion } from "@kubets/api";
import type { Clock, Logger, Random, SchemaSet } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import type { WriteMeter } from "../metrics/storage-metrics.ts";
import type { AdmissionChain } from "../registry/admission-chain.ts";
import { prefixOf } from "../registry/keys.ts";
import { type Converter, Registry, renameVersion } from "../registry/registry.ts";
import type { StoredForm } from "../registry/stored-form.ts";
import { noHooks, type RegistryHooks } from "../registry/write-request.ts";
import { WatchHub } from "../watch/hub.ts";

/** A kind in one of its versions: what it is, what reads and writes it, and what tells its watchers. */
export interface ServedResource {
  readonly definition: ResourceDefinition;
  readonly registry: Registry;
  readonly hub: WatchHub;
}

export interface ResourceTableOptions {
  readonly store: Store;
  readonly schemas: SchemaSet;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly admission: AdmissionChain;
  readonly convert?: Converter;
  /** A definition that is not among those served: kinds are stored in one version whichever are served. */
  readonly findDefinition?: (group: string, version: string, plural: string) => ResourceDefinition | undefined;
  /** Measures the writes of a resource. */
  readonly meterOf?: (definition: ResourceDefinition) => WriteMeter;
  /** By `group/plural`. */
  readonly hooks: Readonly<Record<string, RegistryHooks>>;
  /** How long objects are kept after their last write, by storage path; the others for ever. */
  readonly ttlSeconds?: Readonly<Record<string, number>>;
}

export interface AddOptions {
  /** For a custom resource: its own. */
  readonly schemas?: SchemaSet;
  readonly convert?: Converter;
  /** The version its objects are stored in; the first one added for the same storage path when undefined. */
  readonly storedAs?: ResourceDefinition;
  readonly form?: StoredForm;
  readonly hooks?: RegistryHooks;
}

/** Looked up at each request: by group, version and plural. */
export class ResourceTable {
  readonly #options: ResourceTableOptions;
  readonly #resources = new Map<string, ServedResource>();
  readonly #storedAs = new Map<string, ResourceDefinition>();
  #generation = 0;

  constructor(options: ResourceTableOptions, definitions: Iterable<ResourceDefinition>) {
    this.#options = options;
    const all = [...definitions];
    for (const definition of all) {
      const { group, version } = storedVersion(definition);
      const isStored = (each: ResourceDefinition) =>
        each.kind === definition.kind && each.group === group && each.version === version;
      const unserved = () => options.findDefinition?.(group, version, definition.plural);
      this.add(definition, { storedAs: all.find(isStored) ?? unserved() ?? definition });
    }
  }

  /** Changes whenever what is served does: discovery is made anew then. */
  get generation(): number {
    return this.#generation;
  }

  /** What discovery says of something that is served has changed, and nothing else has. */
  touch(): void {
    this.#generation++;
  }

  add(definition: ResourceDefinition, own: AddOptions = {}): ServedResource {
    const { store, clock, random, admission, hooks, logger } = this.#options;
    const storedAs = own.storedAs ?? this.#storedAs.get(definition.storagePath) ?? definition;
    this.#storedAs.set(definition.storagePath, storedAs);
    const registry = new Registry({
      definition,
      storedAs,
      convert: own.convert ?? this.#options.convert ?? renameVersion,
      schemas: own.schemas ?? this.#options.schemas,
      store: store.partOf?.(prefixOf(definition)) ?? store,
      clock,
      random,
      admission,
      hooks: own.hooks ?? hooks[`${definition.group}/${definition.plural}`] ?? noHooks,
      form: own.form,
      ttlSeconds: this.#options.ttlSeconds?.[definition.storagePath],
      meter: this.#options.meterOf?.(definition),
    });
    this.remove(definition);
    const served = { definition, registry, hub: new WatchHub(registry, clock, logger) };
    this.#resources.set(keyOf(definition.group, definition.version, definition.plural), served);
    this.#generation++;
    return served;
  }

  /** Stops serving it; its watches end. */
  remove({ group, version, plural }: Pick<ResourceDefinition, "group" | "version" | "plural">): void {
    const key = keyOf(group, version, plural);
    this.#resources.get(key)?.hub.close();
    if (this.#resources.delete(key)) this.#generation++;
  }

  get(group: string, version: string, plural: string): ServedResource | undefined {
    return this.#resources.get(keyOf(group, version, plural));
  }

  /** Any version of a resource: the one it is stored in if that is served. */
  find(group: string, plural: string): ServedResource | undefined {
    let found: ServedResource | undefined;
    for (const served of this.#resources.values()) {
      const { definition } = served;
      if (definition.group !== group || definition.plural !== plural) continue;
      if (this.#storedAs.get(definition.storagePath) === definition) return served;
      found ??= served;
    }
    return found;
  }

  all(): Iterable<ServedResource> {
    return this.#resources.values();
  }

  close(): void {
    for (const { hub } of this.#resources.values()) hub.close();
  }
}

function keyOf(group: string, version: string, plural: string): string {
  return `${group}/${version}/${plural}`;
}
