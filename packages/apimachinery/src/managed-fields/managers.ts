/** The entries of `metadata.managedFields`, as the field manager works on them. */

import type { ManagedFieldsEntry } from "../object.ts";
import { type FieldSet, fieldSetsEqual, isEmptyFieldSet, parseFieldsV1, writeFieldsV1 } from "./field-set.ts";

export interface Manager {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  readonly time: string | undefined;
  readonly set: FieldSet;
  /** The entry this came from, given back as it is while nothing changes. */
  readonly entry?: ManagedFieldsEntry;
}

/** Who a manager is: writes of one name by different operations, versions or subresources are kept apart. An Apply has one version at a time. */
export function managerKey(m: Pick<Manager, "manager" | "operation" | "apiVersion" | "subresource">): string {
  const version = m.operation === "Apply" ? "" : m.apiVersion;
  return JSON.stringify([m.manager, m.operation, version, m.subresource]);
}

export type Managers = Map<string, Manager>;

/** Entries that cannot be read make the whole list count as none, as upstream does. */
export function decodeManagers(entries: readonly ManagedFieldsEntry[] | undefined): Managers {
  const managers: Managers = new Map();
  try {
    for (const entry of entries ?? []) {
      const known = entry.operation === "Apply" || entry.operation === "Update";
      if (!known || !entry.apiVersion || entry.fieldsType !== "FieldsV1") return new Map();
      const manager: Manager = {
        manager: entry.manager ?? "",
        operation: entry.operation === "Apply" ? "Apply" : "Update",
        apiVersion: entry.apiVersion,
        subresource: entry.subresource ?? "",
        time: entry.time,
        set: parseFieldsV1(entry.fieldsV1 ?? {}),
        entry,
      };
      managers.set(managerKey(manager), manager);
    }
  } catch {
    // A client may send any text as managed fields; what cannot be read is dropped.
    return new Map();
  }
  return managers;
}

/** Undefined when nothing is managed. Sorted as upstream: Apply first, then by time, manager, version and subresource. */
export function encodeManagers(managers: Managers): ManagedFieldsEntry[] | undefined {
  if (managers.size === 0) return undefined;
  return [...managers.values()].sort(compareManagers).map(encodeManager);
}

function compareManagers(a: Manager, b: Manager): number {
  const keys: readonly [string, string][] = [
    [a.operation, b.operation],
    [a.time ?? "", b.time ?? ""],
    [a.manager, b.manager],
    [a.apiVersion, b.apiVersion],
    [a.subresource, b.subresource],
  ];
  for (const [x, y] of keys) if (x !== y) return x < y ? -1 : 1;
  return 0;
}

function encodeManager(m: Manager): ManagedFieldsEntry {
  const { entry } = m;
  const sameFields = entry?.fieldsV1 !== undefined && fieldSetsEqual(parseFieldsV1(entry.fieldsV1), m.set);
  if (sameFields && entry.time === m.time && entry.apiVersion === m.apiVersion) return entry;
  return encodeEntry(m, sameFields && entry.fieldsV1 !== undefined ? entry.fieldsV1 : writeFieldsV1(m.set));
}

export function encodeEntry(m: Omit<Manager, "set" | "entry">, fieldsV1: object): ManagedFieldsEntry {
  return {
    manager: m.manager,
    operation: m.operation,
    apiVersion: m.apiVersion,
    ...(m.time === undefined ? {} : { time: m.time }),
    fieldsType: "FieldsV1",
    fieldsV1,
    ...(m.subresource === "" ? {} : { subresource: m.subresource }),
  };
}

/** How many Update managers an object keeps before the oldest are put together. */
const maxUpdateManagers = 10;

/** Puts the oldest Update managers of one version together as `ancient-changes` while there are too many. Changes `managers`. */
export function capUpdateManagers(managers: Managers, union: (a: FieldSet, b: FieldSet) => FieldSet): void {
  const updaters = [...managers].filter(([, m]) => m.operation === "Update");
  let count = updaters.length;
  if (count <= maxUpdateManagers) return;
  updaters.sort(([ka, a], [kb, b]) => {
    const [x, y] = [a.time ?? "", b.time ?? ""];
    return x !== y ? (x < y ? -1 : 1) : ka < kb ? -1 : 1;
  });
  const firstOfVersion = new Map<string, string>();
  for (const [key, m] of updaters) {
    if (count <= maxUpdateManagers) return;
    const first = firstOfVersion.get(m.apiVersion);
    if (first === undefined) {
      firstOfVersion.set(m.apiVersion, key);
      continue;
    }
    const { entry: _entry, ...rest } = m;
    const bucket: Manager = { ...rest, manager: "ancient-changes", subresource: "" };
    const bucketKey = managerKey(bucket);
    const before = managers.get(bucketKey) ?? managers.get(first);
    managers.delete(first);
    managers.delete(key);
    managers.set(bucketKey, { ...bucket, set: before === undefined ? m.set : union(before.set, m.set) });
    count--;
  }
}

/** Drops managers that own nothing. Changes `managers`. */
export function dropEmpty(managers: Managers): void {
  for (const [key, m] of managers) if (isEmptyFieldSet(m.set)) managers.delete(key);
}
