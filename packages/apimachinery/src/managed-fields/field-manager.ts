/**
 * Who manages which field: tracks every write and merges server-side applies.
 * Rules: apimachinery's util/managedfields and structured-merge-diff's merge.Updater. Objects given are not changed.
 */

import { formatTime } from "../clock.ts";
import { deepEqual } from "../equality.ts";
import type { Json, KubeObject, ManagedFieldsEntry } from "../object.ts";
import type { Schema, SchemaSet } from "../schema.ts";
import { badRequest, StatusError } from "../status.ts";
import { applyConfig } from "./apply.ts";
import { type Comparison, compareFields } from "./comparison.ts";
import { type Conflict, conflictError } from "./conflicts.ts";
import { fieldsOfNew } from "./create-fields.ts";
import { claimedFields } from "./field-extraction.ts";
import {
  emptyFieldSet,
  type FieldPattern,
  type FieldSet,
  fieldSetOfNames,
  fieldSetsEqual,
  intersectFieldSets,
  isEmptyFieldSet,
  keepFields,
  subtractFieldSet,
  subtractFieldSetDeep,
  unionFieldSets,
} from "./field-set.ts";
import { fieldsOfLastApplied, kubectlManager, withLastApplied } from "./last-applied.ts";
import {
  capUpdateManagers,
  decodeManagers,
  dropEmpty,
  encodeEntry,
  encodeManagers,
  type Manager,
  type Managers,
  managerKey,
} from "./managers.ts";
import { type MergeType, MergeTypeError, mergeTypeOf } from "./merge-type.ts";
import { typeFaults } from "./type-faults.ts";

/** The kind, version and subresource that writes are of, and what follows from that for who owns which field. */
export interface FieldManagerOptions {
  readonly schema: Schema;
  readonly set: SchemaSet;
  /** Of the request: `apps/v1`. */
  readonly apiVersion: string;
  /** When given, an apply of another kind is refused. */
  readonly kind?: string | undefined;
  /** "" or undefined for the object itself, else `status`, `scale`... */
  readonly subresource?: string | undefined;
  /** Fields that writes of this kind cannot change, with all below them: `fieldSetOfNames("status")`. */
  readonly resetFields?: FieldSet | undefined;
  /** The version that others are told of in conflicts: `autoscaling/v1` where it is the object's scale that is applied. Default their own. */
  readonly conflictVersion?: string | undefined;
  /** What an object is that nobody has written anything in: `{ spec: {} }`. Of it nobody owns anything. Default nothing. */
  readonly zero?: Json | undefined;
  /** The only fields that writes of this kind change. */
  readonly writableFields?: readonly FieldPattern[] | undefined;
  /**
   * Another version of the kind: what managers of it own is looked at in it. Undefined for a version that there is no more: its managers own
   * nothing. Without this every version is taken for the request's own.
   */
  readonly versionOf?: ((apiVersion: string) => OtherVersion | undefined) | undefined;
}

/** A version of the kind other than the request's: its fields, and the way there and back. */
export interface OtherVersion {
  readonly schema: Schema;
  readonly set: SchemaSet;
  /** An object of the request's version as this one; a new object or the same. */
  from(object: KubeObject): KubeObject;
  /** And back. */
  back(object: KubeObject): KubeObject;
}

/** What a server-side apply comes to: the object to store, and who owns which of its fields then. */
export interface ApplyResult<T> {
  /** Without `managedFields`, which are beside it. The live object itself when the apply changes nothing. */
  readonly object: T;
  readonly managedFields: ManagedFieldsEntry[] | undefined;
}

/** Never owned by anybody. */
const strippedFields = fieldSetOfNames(
  "apiVersion",
  "kind",
  "metadata",
  "metadata.name",
  "metadata.namespace",
  "metadata.creationTimestamp",
  "metadata.selfLink",
  "metadata.uid",
  "metadata.clusterName",
  "metadata.generation",
  "metadata.managedFields",
  "metadata.resourceVersion",
);

/** The manager of what was there before the first apply to an object without managed fields. */
const beforeFirstApply = "before-first-apply";

/** For one kind, version and subresource. Make it once and keep it. */
export class FieldManager {
  readonly #type: MergeType;
  readonly #zero: Json | undefined;
  readonly #schema: Schema;
  readonly #set: SchemaSet;
  readonly #apiVersion: string;
  readonly #kind: string | undefined;
  readonly #subresource: string;
  readonly #conflictVersion: string | undefined;
  readonly #resetFields: FieldSet;
  readonly #writableFields: readonly FieldPattern[] | undefined;
  readonly #versionOf: FieldManagerOptions["versionOf"];

  constructor(options: FieldManagerOptions) {
    this.#type = mergeTypeOf(options.schema, options.set);
    this.#schema = options.schema;
    this.#zero = options.zero;
    this.#set = options.set;
    this.#apiVersion = options.apiVersion;
    this.#kind = options.kind;
    this.#subresource = options.subresource ?? "";
    this.#conflictVersion = options.conflictVersion;
    this.#resetFields = options.resetFields ?? emptyFieldSet;
    this.#writableFields = options.writableFields;
    this.#versionOf = options.versionOf;
  }

  /**
   * The `managedFields` an object is to be stored with after a create (`live` undefined), update or patch by `manager`.
   * `object` may carry managed fields of its own, which count instead of the live ones; an empty list stops tracking.
   * Never fails: managed fields that cannot be read count as none. The same array comes back when nothing changes.
   */
  update(
    live: KubeObject | undefined,
    object: KubeObject,
    manager: string,
    nowMs: number,
  ): ManagedFieldsEntry[] | undefined {
    if (live === undefined && object.metadata?.managedFields === undefined) return this.#create(object, manager, nowMs);
    const source = this.#source(live, object);
    const managers = decodeManagers(source);
    if (managers.size === 0 && live?.metadata?.uid) return undefined;
    try {
      const changed = this.#track(managers, (live ?? this.#zero ?? {}) as Json, object as Json, manager, nowMs);
      if (!changed && source !== undefined && source.length === managers.size) return source as ManagedFieldsEntry[];
    } catch (error) {
      // As upstream: a list that cannot be merged by its keys must not stop the write. The live entries stay.
      if (!(error instanceof MergeTypeError)) throw error;
      return live?.metadata?.managedFields;
    }
    capUpdateManagers(managers, unionFieldSets);
    return encodeManagers(managers);
  }

  /** {@link update} of a new object. */
  #create(object: KubeObject, manager: string, nowMs: number): ManagedFieldsEntry[] | undefined {
    try {
      const fields = fieldsOfNew(object as Json, this.#type, strippedFields, this.#resetFields, this.#zero);
      if (fields === undefined) return undefined;
      const { set: _, ...owner } = this.#manager(manager, "Update", emptyFieldSet, formatTime(nowMs));
      return [encodeEntry(owner, fields)];
    } catch (error) {
      if (!(error instanceof MergeTypeError)) throw error;
      return undefined;
    }
  }

  #source(live: KubeObject | undefined, object: KubeObject): readonly ManagedFieldsEntry[] | undefined {
    const current = live?.metadata?.managedFields;
    const given = object.metadata?.managedFields;
    if (this.#subresource !== "" || given === undefined) return current;
    const reset = given.length === 0 || (given.length === 1 && Object.keys(given[0]!).length === 0);
    if (reset) return undefined;
    return given === current || decodeManagers(given).size > 0 ? given : current;
  }

  /** Moves what changed to `manager`. Returns false when nobody owns anything else than before. Changes `managers`. */
  #track(managers: Managers, before: Json, after: Json, manager: string, nowMs: number): boolean {
    if (before === after) return false;
    const difference = this.#compare(before, after);
    const taken = unionFieldSets(difference.modified, difference.added);
    if (isEmptyFieldSet(taken) && isEmptyFieldSet(difference.removed)) return false;
    const everywhere = this.#changes(managers, before, after, difference);
    let changed = disown(managers, everywhere);
    const owned = subtractFieldSet(taken, strippedFields);
    if (!isEmptyFieldSet(owned)) {
      const next = this.#manager(manager, "Update", owned, formatTime(nowMs));
      const key = managerKey(next);
      const previous = managers.get(key);
      managers.set(
        key,
        previous === undefined ? next : { ...previous, time: next.time, set: unionFieldSets(previous.set, owned) },
      );
      changed = true;
    }
    dropEmpty(managers);
    return changed;
  }

  #manager(name: string, operation: "Apply" | "Update", set: FieldSet, time: string | undefined): Manager {
    return {
      manager: name === "" ? "unknown" : name,
      operation,
      apiVersion: this.#apiVersion,
      subresource: this.#subresource,
      time,
      set,
    };
  }

  /**
   * What changed, as each manager's version has it. Managers of versions that there are no more are taken out of `managers`.
   * @param difference what changed in this version
   */
  #changes(managers: Managers, before: Json, after: Json, difference: Comparison): Changes {
    const byVersion = new Map<string, Comparison>([[this.#apiVersion, difference]]);
    if (this.#versionOf === undefined) return () => difference;
    for (const [key, { apiVersion }] of managers) {
      if (byVersion.has(apiVersion)) continue;
      const other = this.#versionOf(apiVersion);
      if (other === undefined) {
        managers.delete(key);
        continue;
      }
      const type = mergeTypeOf(other.schema, other.set);
      const converted = [before, after].map((object) => withoutKind(other.from(object as KubeObject)));
      byVersion.set(apiVersion, compareFields(converted[0]!, converted[1]!, type));
    }
    return (apiVersion) => byVersion.get(apiVersion) ?? difference;
  }

  #compare(before: Json, after: Json): Comparison {
    const { added, modified, removed } = compareFields(before, after, this.#type);
    return { added: this.#changed(added), modified: this.#changed(modified), removed: this.#changed(removed) };
  }

  /** What of these fields a write can change. */
  #changed(fields: FieldSet): FieldSet {
    const changed = subtractFieldSetDeep(fields, this.#resetFields);
    return this.#writableFields === undefined ? changed : keepFields(changed, this.#writableFields);
  }

  /**
   * Server-side apply: `config` is what `manager` wants, `live` what there is (undefined creates). Fields the manager applied before and
   * leaves out now are removed unless others own them.
   * @throws StatusError 409 naming who owns what, unless `force`; 400 for a configuration of another version or with managed fields
   */
  apply<T extends KubeObject>(
    live: T | undefined,
    config: KubeObject,
    manager: string,
    options: { readonly force: boolean; readonly nowMs: number },
  ): ApplyResult<T> {
    this.#checkConfig(config);
    const managers = decodeManagers(live?.metadata?.managedFields);
    if (live !== undefined && managers.size === 0) {
      this.#track(managers, this.#zero ?? {}, live as Json, beforeFirstApply, options.nowMs);
    }
    try {
      return this.#apply(live, config, managers, manager, options);
    } catch (error) {
      if (!(error instanceof MergeTypeError)) throw error;
      const where = `${config.metadata?.namespace ?? ""}/${config.metadata?.name ?? ""}; ${this.#apiVersion}, Kind=${config.kind ?? ""}`;
      const [why = error.message] = typeFaults(config as Json, this.#schema, this.#set);
      throw new StatusError(500, "", `failed to create typed patch object (${where}): ${why}`, {
        cause: error,
      });
    }
  }

  #checkConfig({ apiVersion = "", kind = "", metadata }: KubeObject): void {
    const sameVersion = apiVersion === this.#apiVersion;
    if (this.#kind !== undefined && (!sameVersion || kind !== this.#kind)) {
      const groupVersion = apiVersion.includes("/") ? apiVersion : `/${apiVersion}`;
      throw badRequest(`invalid object type: ${groupVersion}, Kind=${kind}`);
    }
    if (!sameVersion) {
      throw badRequest(
        `Incorrect version specified in apply patch. Specified patch version: ${apiVersion}, expected: ${this.#apiVersion}`,
      );
    }
    const { managedFields = null } = metadata ?? {};
    if (managedFields !== null) throw badRequest("metadata.managedFields must be nil");
  }

  #apply<T extends KubeObject>(
    live: T | undefined,
    config: KubeObject,
    managers: Managers,
    name: string,
    { force, nowMs }: { readonly force: boolean; readonly nowMs: number },
  ): ApplyResult<T> {
    const claimed = this.#changed(claimedFields(config as Json, this.#type));
    const wanted = this.#manager(name, "Apply", claimed, formatTime(nowMs));
    const key = managerKey(wanted);
    const previous = managers.get(key);
    managers.set(key, wanted);
    const liveJson = (live === undefined ? {} : withoutManagedFields(live)) as Json;
    const merged = this.#merge(liveJson, config, managers, previous);
    const difference = this.#compare(liveJson, merged);
    managers.delete(key);
    const changes = this.#changes(managers, liveJson, merged, difference);
    const conflicts = findConflicts(managers, changes);
    if (conflicts.length > 0 && !force && !this.#mayTakeOver(name, liveJson, conflicts))
      throw conflictError(conflicts, this.#conflictVersion);
    disown(managers, changes);
    const set = subtractFieldSet(claimed, strippedFields);
    // The order of a list belongs to nobody, and still makes another object.
    const same = live !== undefined && deepEqual(liveJson, merged);
    const unchangedOwner = same && previous !== undefined && fieldSetsEqual(previous.set, set);
    // As upstream: an apply that changes nothing leaves its manager the time it had, if any.
    const time = same ? previous?.time : wanted.time;
    if (!isEmptyFieldSet(set)) managers.set(key, unchangedOwner ? previous : { ...wanted, time, set });
    dropEmpty(managers);
    const object = (same ? liveJson : merged) as T;
    return {
      object: name === kubectlManager ? withLastApplied(object, config) : object,
      managedFields: encodeManagers(managers),
    };
  }

  /** What was applied before in another version, and is not now, is taken away in that version. */
  #merge(live: Json, config: KubeObject, managers: Managers, previous: Manager | undefined): Json {
    const ownedIn = (apiVersion: string) =>
      [...managers.values()].filter((m) => m.apiVersion === apiVersion).map((m) => m.set);
    const last = previous?.set ?? emptyFieldSet;
    const other =
      previous === undefined || previous.apiVersion === this.#apiVersion
        ? undefined
        : this.#versionOf?.(previous.apiVersion);
    if (previous === undefined || other === undefined) {
      const owned =
        this.#versionOf === undefined ? [...managers.values()].map((m) => m.set) : ownedIn(this.#apiVersion);
      return applyConfig(live, config as Json, this.#type, { last, owned });
    }
    const merged = applyConfig(live, config as Json, this.#type, {
      last: emptyFieldSet,
      owned: ownedIn(this.#apiVersion),
    });
    const type = mergeTypeOf(other.schema, other.set);
    const there = other.from(merged as KubeObject) as Json;
    const wanted = other.from(config) as Json;
    const owned = [...ownedIn(previous.apiVersion), claimedFields(wanted, type)];
    const pruned = applyConfig(there, wanted, type, { last, owned });
    return other.back(pruned as KubeObject) as Json;
  }

  /** `kubectl apply --server-side` may take over what `kubectl apply` wrote and nobody has changed since. */
  #mayTakeOver(name: string, live: Json, conflicts: readonly Conflict[]): boolean {
    if (name !== kubectlManager) return false;
    const allowed = fieldsOfLastApplied(live, this.#apiVersion, this.#type);
    return conflicts.every(({ fields }) => isEmptyFieldSet(subtractFieldSet(fields, allowed)));
  }
}

/** By version, what a write changed. */
type Changes = (apiVersion: string) => Comparison;

const takenIn = ({ modified, added }: Comparison) => unionFieldSets(modified, added);

/** Takes what changed away from every manager. Returns whether any had it. Changes `managers`. */
function disown(managers: Managers, changes: Changes): boolean {
  let changed = false;
  for (const [key, m] of managers) {
    const difference = changes(m.apiVersion);
    const fields = unionFieldSets(takenIn(difference), difference.removed);
    if (isEmptyFieldSet(intersectFieldSets(m.set, fields))) continue;
    managers.set(key, { ...m, set: subtractFieldSet(m.set, fields) });
    changed = true;
  }
  return changed;
}

function findConflicts(managers: Managers, changes: Changes): Conflict[] {
  const conflicts: Conflict[] = [];
  for (const manager of managers.values()) {
    const fields = intersectFieldSets(manager.set, takenIn(changes(manager.apiVersion)));
    if (!isEmptyFieldSet(fields)) conflicts.push({ manager, fields });
  }
  return conflicts;
}

/** Versions differ in these by their nature. */
function withoutKind(object: KubeObject): Json {
  const { apiVersion: _a, kind: _k, ...rest } = object;
  return rest as Json;
}

function withoutManagedFields<T extends KubeObject>(object: T): T {
  if (object.metadata?.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
