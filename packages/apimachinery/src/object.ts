/**
 * The shape every Kubernetes object has. Objects are plain JSON values: what `parseJson` gives, nothing more. A bigint is an integer that a number would
 * not hold exactly; where a type says `number` of an int64 field, it may be one.
 * Objects read from a client, lister or store are shared and deeply frozen; copy before changing one (`clone`).
 */

/** Anything that JSON can say. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

/** metav1.OwnerReference: when the last of its owners is gone, so is an object. At most one is its `controller`. */
export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** metav1.ManagedFieldsEntry: what one manager owns by one operation, in one version. `fieldsV1` is a tree of the fields, keys like `f:spec`. */
export interface ManagedFieldsEntry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string;
  fieldsType?: string;
  fieldsV1?: object;
  subresource?: string;
}

/** metav1.ObjectMeta. */
export interface ObjectMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339, whole seconds, UTC: `2026-01-02T03:04:05Z`. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
  finalizers?: string[];
  managedFields?: ManagedFieldsEntry[];
  selfLink?: string;
}

/** metav1.ListMeta: the revision a list is of, and how to ask for what follows. */
export interface ListMeta {
  resourceVersion?: string;
  continue?: string;
  remainingItemCount?: number;
  selfLink?: string;
}

/** What every object has; each kind adds its own fields. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** A list of a kind's objects, as its API gives them. */
export interface KubeList<T extends KubeObject = KubeObject> {
  apiVersion?: string;
  kind?: string;
  metadata?: ListMeta;
  items: T[];
}

/** A deep, unfrozen copy of a JSON value. */
export function clone<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(clone) as T;
  const source = value as Record<string, unknown>;
  // A spread takes over the shape; an object grown key by key becomes a hash table at about sixteen, and slow from then on. What is large is one anyway.
  const large = isLarge(source);
  const copy: Record<string, unknown> = large ? {} : { ...source };
  for (const key in source) {
    const child = source[key];
    if (large || (typeof child === "object" && child !== null)) put(copy, key, clone(child));
  }
  return copy as T;
}

const manyKeys = 200;

function isLarge(object: object): boolean {
  let keys = 0;
  for (const _ in object) if (++keys > manyKeys) return true;
  return false;
}

/** `target[key] = value` for keys that come from a user: `__proto__` becomes an own property and no prototype is touched. */
export function put<V>(target: Record<string, V>, key: string, value: V): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** Freezes a JSON value all the way down and returns it. Already frozen branches are not walked again. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const key in value) deepFreeze(value[key]);
  return value;
}

/** The work-queue and cache key of an object: `namespace/name`, or `name` when it has no namespace. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata ?? {};
  return namespace ? `${namespace}/${name ?? ""}` : (name ?? "");
}

/** The inverse of {@link keyOf}. */
export function splitKey(key: string): { namespace: string | undefined; name: string } {
  const slash = key.indexOf("/");
  return slash < 0
    ? { namespace: undefined, name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
