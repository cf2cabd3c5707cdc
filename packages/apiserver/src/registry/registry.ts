/**
 * The generic registry: one for every resource, driven by its {@link ResourceDefinition}. It knows where and in which version objects of its kind
 * are stored, and reads and writes one of them at a time; `list.ts`, `create.ts`, `update.ts` and `delete.ts` are what is done with that.
 */

import type { ResourceDefinition, StrategyContext } from "@kubets/api";
import {
  apiVersionOf,
  type Clock,
  clone,
  type KubeObject,
  notFound,
  type OtherVersion,
  type Random,
  type ResourceName,
  type SchemaSet,
} from "@kubets/apimachinery";
import type { Entry, MadeValue, Store, Write } from "@kubets/storage";
import type { WriteMeter } from "../metrics/storage-metrics.ts";
import { bodyTooLarge, maxStoredBytes } from "../request/body-limit.ts";
import { parseResourceVersion } from "../request/list-options.ts";
import type { AdmissionChain } from "./admission-chain.ts";
import { keyOfObject, prefixOf } from "./keys.ts";
import { atRevision, ordered, ServedObject, withoutRevision } from "./served-object.ts";
import { interpretStoreError } from "./store-errors.ts";
import type { StoredForm } from "./stored-form.ts";
import { withDefaults } from "./with-defaults.ts";
import type { RegistryHooks, WriteRequest } from "./write-request.ts";

/** Gives a new object of `to`'s version; `object` is shared and frozen. */
export type Converter = (object: KubeObject, to: ResourceDefinition) => KubeObject;

/** Versions of one kind that differ in nothing but their name. */
export const renameVersion: Converter = (object, to) => ({
  ...object,
  kind: to.kind,
  apiVersion: apiVersionOf(to),
});

export interface RegistryOptions {
  readonly definition: ResourceDefinition;
  /** The version objects are stored in; `definition` itself when there is but one. */
  readonly storedAs: ResourceDefinition;
  readonly convert: Converter;
  readonly schemas: SchemaSet;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: AdmissionChain;
  readonly hooks: RegistryHooks;
  /** In place of `convert`, for a custom resource. */
  readonly form?: StoredForm | undefined;
  /** How long after its last write an object is kept, where the store can see to that. For ever when undefined. */
  readonly ttlSeconds?: number | undefined;
  readonly meter?: WriteMeter | undefined;
}

export class Registry {
  readonly definition: ResourceDefinition;
  readonly schemas: SchemaSet;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly admission: AdmissionChain;
  readonly hooks: RegistryHooks;
  readonly resourceName: ResourceName;
  readonly apiVersion: string;
  readonly #ttl: { readonly ttlSeconds?: number };
  readonly #storedAs: ResourceDefinition;
  readonly #convert: Converter;
  readonly #form: StoredForm | undefined;
  readonly #meter: WriteMeter | undefined;

  constructor(options: RegistryOptions) {
    this.definition = options.definition;
    this.schemas = options.schemas;
    this.store = options.store;
    this.clock = options.clock;
    this.random = options.random;
    this.admission = options.admission;
    this.hooks = options.hooks;
    this.resourceName = { group: options.definition.group, resource: options.definition.plural };
    this.apiVersion = apiVersionOf(options.definition);
    this.#ttl = options.ttlSeconds === undefined ? {} : { ttlSeconds: options.ttlSeconds };
    this.#storedAs = options.storedAs;
    this.#convert = options.convert;
    this.#form = options.form;
    this.#meter = options.meter;
  }

  get prefix(): string {
    return prefixOf(this.definition);
  }

  key(namespace: string, name: string): string {
    return keyOfObject(this.definition, this.definition.namespaced ? namespace : "", name);
  }

  /** Of a kind whose schema and versions can change. */
  get isCustom(): boolean {
    return this.#form !== undefined;
  }

  /** What an entry holds, in this registry's version. */
  served(entry: Entry): ServedObject {
    return this.inVersion(this.#whole(entry));
  }

  /** In the version it is stored in, with its defaults. */
  #whole(entry: Entry): ServedObject {
    const served = ServedObject.ofEntry(entry);
    return entry.foreign && this.#form === undefined ? withDefaults(served, this.#storedAs, this.schemas) : served;
  }

  inVersion(served: ServedObject): ServedObject {
    if (this.#form !== undefined) return this.#form.read(served);
    if (this.#storedAs === this.definition) return served;
    return served.inVersion(this.apiVersion, (object) => this.#convert(object, this.definition));
  }

  /** A new object in this registry's version, of one in another; `object` is left alone. @throws StatusError 500 when a conversion webhook fails */
  async converted(object: KubeObject): Promise<KubeObject> {
    if (this.#form === undefined) return this.#convert(object, this.definition);
    const other = ServedObject.fromObject(clone(object));
    await this.#form.prepare([other]);
    return clone(this.#form.read(other).object);
  }

  /** Another version of a custom resource, as far as it can be seen without a conversion. */
  otherVersion(apiVersion: string): OtherVersion | undefined {
    return this.#form?.otherVersion(apiVersion);
  }

  /** Whether an entry is as it would be stored now. */
  isCurrent(entry: Entry): boolean {
    if (!this.store.isCurrent(entry)) return false;
    return this.#form === undefined || this.#form.isCurrent(ServedObject.ofEntry(entry));
  }

  /** Undefined when entries can be read at once, as nearly always; else to be waited for first: a webhook converts them, all in one call. */
  readable(entries: readonly Entry[]): Promise<void> | undefined {
    return this.#form === undefined
      ? undefined
      : this.#form.prepare(entries.map((entry) => ServedObject.ofEntry(entry)));
  }

  /** The object as a deletion's event tells it: at the revision of the deletion. */
  deletedAt(entry: Entry): ServedObject {
    return this.leftAt(entry, entry.modRevision);
  }

  /** The object as a watcher whose selection it left is told of it: at the revision at which it did. */
  leftAt(entry: Entry, revision: number): ServedObject {
    const last = this.#whole(entry);
    const left = (served: ServedObject) => served.inVersion(`@${revision}`, (object) => atRevision(object, revision));
    return this.#form === undefined ? this.inVersion(left(last)) : left(this.#form.read(last));
  }

  /** @throws StatusError 404 */
  async get(namespace: string, name: string, resourceVersion = ""): Promise<ServedObject> {
    return this.served(await this.entry(namespace, name, resourceVersion));
  }

  /** @throws StatusError 404; 504 for a version from the future */
  async entry(namespace: string, name: string, resourceVersion = ""): Promise<Entry> {
    const options = resourceVersion === "" ? undefined : { atLeast: parseResourceVersion(resourceVersion) };
    let entry: Entry | undefined;
    try {
      entry = await this.store.get(this.key(namespace, name), options);
    } catch (error) {
      throw interpretStoreError(error);
    }
    if (entry === undefined) throw notFound(this.resourceName, name);
    const waiting = this.readable([entry]);
    if (waiting !== undefined) await waiting;
    return entry;
  }

  /** The newest revision there is, for "", or that is known here, for "0". */
  async revisionFor(resourceVersion: string): Promise<number> {
    if (resourceVersion !== "") return this.store.revision;
    // Of nothing: no key has that.
    return (await this.store.list(`${this.prefix}\0`)).revision;
  }

  strategyContext(request: Pick<WriteRequest, "user">): StrategyContext {
    return {
      now: this.clock.now(),
      uuid: () => this.random.uuid(),
      random: () => this.random.next(),
      user: request.user,
    };
  }

  /**
   * Stores `object`, which is taken over and frozen.
   * @throws ConflictError when the key is not at `expectedRevision` (0: absent); StatusError 413 when the object is too large
   */
  async put(key: string, expectedRevision: number, object: KubeObject): Promise<ServedObject> {
    if (this.#form !== undefined) return await this.#putForm(this.#form, key, expectedRevision, object);
    const stored = this.#storedAs === this.definition ? object : this.#convert(object, this.#storedAs);
    const entry = await this.#commit({
      key,
      expectedRevision,
      value: (revision) => this.#valueAt(stored, revision),
      ...this.#ttl,
    });
    return this.served(entry);
  }

  async #putForm(form: StoredForm, key: string, expectedRevision: number, object: KubeObject): Promise<ServedObject> {
    const stored = await form.toStored(object);
    const value = (revision: number | undefined) => this.#valueAt(stored, revision);
    const entry = await this.#commit({ key, expectedRevision, value, ...this.#ttl });
    form.written(ServedObject.ofEntry(entry));
    const waiting = this.readable([entry]);
    if (waiting !== undefined) await waiting;
    return this.served(entry);
  }

  async #commit(write: Write): Promise<Entry> {
    if (this.#meter === undefined) return await this.store.commit(write);
    const { create, update, delete: deletion } = this.#meter;
    const operation = write.value === undefined ? deletion : write.expectedRevision === 0 ? create : update;
    const start = this.clock.monotonic();
    try {
      const entry = await this.store.commit(write);
      operation.done(this.clock.monotonic() - start);
      return entry;
    } catch (error) {
      operation.failed(this.clock.monotonic() - start);
      throw error;
    }
  }

  #valueAt(stored: KubeObject, revision: number | undefined): MadeValue {
    if (revision !== undefined) {
      const served = ServedObject.fromObject(atRevision(stored, revision));
      return { bytes: withinLimit(served.bytes), memo: served };
    }
    const bytes = withinLimit(ServedObject.fromObject(withoutRevision(stored)).bytes);
    return { bytes, memoAt: (at, read) => ServedObject.fromBoth(read, atRevision(stored, at)) };
  }

  /** Takes a key away, and gives the last object at the revision of its deletion. @throws ConflictError */
  async remove(key: string, expectedRevision: number): Promise<ServedObject> {
    const entry = await this.#commit({ key, expectedRevision, value: undefined });
    const waiting = this.readable([entry]);
    if (waiting !== undefined) await waiting;
    const deleted = this.deletedAt(entry);
    if (this.hooks.afterDelete !== undefined) await this.hooks.afterDelete(deleted.object);
    return deleted;
  }

  /** What a dry run answers with: never stored. */
  unstored(object: KubeObject): ServedObject {
    return ServedObject.fromObject(ordered(clone(object)));
  }
}

/** @throws StatusError 413 */
function withinLimit(bytes: Uint8Array): Uint8Array {
  if (bytes.length > maxStoredBytes) throw bodyTooLarge(maxStoredBytes);
  return bytes;
}
