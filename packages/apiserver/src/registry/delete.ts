/**
 * Deletes: grace periods, finalizers, propagation, preconditions. Source: apiserver's registry/generic/registry/store.go and rest/delete.go.
 */

import { setImmediate as nextTurn } from "node:timers/promises";
import {
  clone,
  conflict,
  deepEqual,
  formatTime,
  type KubeObject,
  parseTime,
  type Status,
  staleObjectMessage,
} from "@kubets/apimachinery";
import { ConflictError, type Entry } from "@kubets/storage";
import type { DeleteOptions } from "../request/write-options.ts";
import type { Registry } from "./registry.ts";
import type { ServedObject } from "./served-object.ts";
import { interpretStoreError } from "./store-errors.ts";
import type { WriteRequest } from "./write-request.ts";

export const orphanFinalizer = "orphan";
export const foregroundFinalizer = "foregroundDeletion";

/** Kinds whose dependents are orphaned unless the caller says otherwise (apps that once had no garbage collection). */
const orphanByDefault = new Set(["/replicationcontrollers", "batch/jobs"]);
/** Kinds that never carry the garbage collector's finalizers. */
const uncollected = new Set(["/events", "events.k8s.io/events"]);
/** Kinds whose delete answers with the object that is gone, and not with a Status. */
const returnsDeleted = new Set([
  "/pods",
  "/services",
  "/serviceaccounts",
  "/persistentvolumes",
  "/persistentvolumeclaims",
  "/podtemplates",
  "/resourcequotas",
  "resource.k8s.io/deviceclasses",
  "resource.k8s.io/devicetaintrules",
  "resource.k8s.io/resourceclaims",
  "resource.k8s.io/resourceclaimtemplates",
  "resource.k8s.io/resourcepoolstatusrequests",
  "resource.k8s.io/resourceslices",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/storageclasses",
  "storage.k8s.io/volumeattachments",
  "storage.k8s.io/volumeattributesclasses",
]);

const maxAttempts = 200;

export interface DeleteRequest extends WriteRequest {
  readonly deleteOptions: DeleteOptions;
  /** Admission has had its say, over what the delete follows from. */
  readonly admitted?: boolean;
}

export type Deleted =
  | { readonly type: "object"; readonly served: ServedObject; readonly gone: boolean }
  | { readonly type: "status"; readonly status: Omit<Status, "code"> };

export async function remove(registry: Registry, request: DeleteRequest): Promise<Deleted> {
  for (let attempt = 1; ; attempt++) {
    const entry = await registry.entry(request.namespace, request.name);
    try {
      return await removeEntry(registry, request, entry);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw interpretStoreError(error);
      if (attempt === maxAttempts) throw conflict(registry.resourceName, request.name, staleObjectMessage);
      await nextTurn();
    }
  }
}

async function removeEntry(registry: Registry, request: DeleteRequest, entry: Entry): Promise<Deleted> {
  const current = registry.served(entry);
  const old = current.object;
  checkPreconditions(registry, request, old);
  if (!request.admitted) await admitDelete(registry, request, old);
  const object = clone(old);
  const plan = planDelete(registry, request, object);
  if (plan === "pending") return answer(registry, current, false);
  if (plan === "remove") {
    if (request.dryRun) return answer(registry, current, true);
    return answer(registry, await registry.remove(entry.key, entry.modRevision), true);
  }
  // Deleting again what waits already changes nothing.
  if (plan === "wait" && deepEqual(object, old)) return { type: "object", served: current, gone: false };
  if (request.dryRun) return { type: "object", served: registry.unstored(object), gone: false };
  const served = await registry.put(entry.key, entry.modRevision, object);
  if (plan === "wait") return { type: "object", served, gone: false };
  return await removeMarked(registry, request, Number(served.object.metadata!.resourceVersion), served);
}

/** Takes away an object whose last update said it goes at once. Another's delete in between is as good. */
async function removeMarked(
  registry: Registry,
  request: DeleteRequest,
  revision: number,
  served: ServedObject,
): Promise<Deleted> {
  try {
    return answer(registry, await registry.remove(registry.key(request.namespace, request.name), revision), true);
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    if (error.current === undefined) return answer(registry, served, true);
    throw error;
  }
}

function checkPreconditions(registry: Registry, request: DeleteRequest, old: KubeObject): void {
  const { uid, resourceVersion } = request.deleteOptions.preconditions;
  const was = old.metadata!;
  const about = { group: registry.definition.group, resource: registry.definition.kind };
  if (uid !== undefined && uid !== was.uid) {
    throw conflict(
      about,
      request.name,
      `the UID in the precondition (${uid}) does not match the UID in record (${was.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== was.resourceVersion) {
    throw conflict(
      about,
      request.name,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${was.resourceVersion}). The object might have been modified`,
    );
  }
}

async function admitDelete(registry: Registry, request: DeleteRequest, old: KubeObject): Promise<void> {
  const attributes = {
    operation: "DELETE" as const,
    definition: registry.definition,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    object: undefined,
    oldObject: old,
    options: request.options,
    user: request.user,
    dryRun: request.dryRun,
    client: request.client,
    warn: request.warn,
    annotate: request.annotate,
  };
  await registry.admission.mutate(attributes);
  await registry.admission.validate(attributes);
}

/**
 * What becomes of the object, which is changed to what is to be stored:
 * - `remove`: it goes, unchanged;
 * - `wait`: it is stored as being deleted, and others finish the work;
 * - `mark-and-remove`: it is stored as being deleted with no time left, and goes at once;
 * - `pending`: it is going already, and this request changes nothing.
 */
type Plan = "remove" | "wait" | "mark-and-remove" | "pending";

function planDelete(registry: Registry, request: DeleteRequest, object: KubeObject): Plan {
  const now = registry.clock.now();
  const grace = graceOf(registry, request, object, now);
  if (grace === "pending") return "pending";
  const metadata = object.metadata!;
  const finalizers = finalizersFor(registry, request.deleteOptions, metadata.finalizers ?? []);
  if (finalizers.length > 0) metadata.finalizers = finalizers;
  else delete metadata.finalizers;
  const held = registry.hooks.heldBack?.(object) === true;
  if (finalizers.length > 0 || held) {
    if (held) {
      metadata.deletionTimestamp ??= formatTime(now);
      registry.hooks.markDeleting?.(object);
    } else if (grace === undefined) markAsDeleting(object, now);
    return "wait";
  }
  if (grace === undefined) return "remove";
  return grace > 0 ? "wait" : "mark-and-remove";
}

/** Seconds the object gets, with its deletion marked; undefined when it gets none because its kind, or state, knows no grace. */
function graceOf(
  registry: Registry,
  request: DeleteRequest,
  object: KubeObject,
  now: number,
): number | "pending" | undefined {
  const { strategy } = registry.definition;
  if (strategy.gracePeriodSeconds === undefined) return undefined;
  const metadata = object.metadata!;
  const requested = request.deleteOptions.gracePeriodSeconds;
  if (metadata.deletionTimestamp !== undefined) {
    const present = metadata.deletionGracePeriodSeconds ?? 0;
    if (present === 0) return undefined;
    if (requested === undefined || requested >= present) return "pending";
    metadata.deletionTimestamp = timeAfter(parseTime(metadata.deletionTimestamp), requested - Number(present));
    metadata.deletionGracePeriodSeconds = requested;
    return requested;
  }
  const grace = strategy.gracePeriodSeconds(object, requested);
  if (grace === undefined) return undefined;
  metadata.deletionTimestamp = timeAfter(now, grace);
  metadata.deletionGracePeriodSeconds = grace;
  if ((metadata.generation ?? 0) > 0) metadata.generation = metadata.generation! + 1;
  return grace;
}

/** Years have four digits: a longer period ends with them. */
const lastTimeMs = Date.UTC(9999, 11, 31, 23, 59, 59);

function timeAfter(startMs: number, seconds: number): string {
  return formatTime(Math.min(startMs + seconds * 1000, lastTimeMs));
}

function markAsDeleting(object: KubeObject, now: number): void {
  const metadata = object.metadata!;
  if (metadata.deletionTimestamp === undefined && (metadata.generation ?? 0) > 0) metadata.generation! += 1;
  if (metadata.deletionTimestamp === undefined || parseTime(metadata.deletionTimestamp) > now) {
    metadata.deletionTimestamp = formatTime(now);
  }
  metadata.deletionGracePeriodSeconds = 0;
}

/** The finalizers with the garbage collector's two as the options, what is there and the kind's default say. */
function finalizersFor(registry: Registry, options: DeleteOptions, present: readonly string[]): string[] {
  const resource = `${registry.definition.group}/${registry.definition.plural}`;
  if (uncollected.has(resource)) return [...present];
  const policy = policyOf(options, present, orphanByDefault.has(resource));
  const others = present.filter((name) => name !== orphanFinalizer && name !== foregroundFinalizer);
  if (policy === "Orphan") return [...others, orphanFinalizer];
  if (policy === "Foreground") return [...others, foregroundFinalizer];
  return others;
}

function policyOf(options: DeleteOptions, present: readonly string[], orphans: boolean) {
  if (options.orphanDependents !== undefined) return options.orphanDependents ? "Orphan" : "Background";
  if (options.propagationPolicy !== undefined) return options.propagationPolicy;
  const chosen = present.find((name) => name === orphanFinalizer || name === foregroundFinalizer);
  if (chosen !== undefined) return chosen === orphanFinalizer ? "Orphan" : "Foreground";
  return orphans ? "Orphan" : "Background";
}

function answer(registry: Registry, served: ServedObject, gone: boolean): Deleted {
  const { group, plural } = registry.definition;
  if (returnsDeleted.has(`${group}/${plural}`)) return { type: "object", served, gone };
  const { name, uid } = served.object.metadata!;
  return {
    type: "status",
    status: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Success",
      details: { name: name ?? "", ...(group === "" ? {} : { group }), kind: plural, uid: uid ?? "" },
    },
  };
}
