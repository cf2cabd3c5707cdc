/** Updates: PUT, every patch, and subresources that change the stored object. Source: apiserver's registry/generic/registry/store.go, rest/update.go. */

import { setImmediate as nextTurn } from "node:timers/promises";
import type { StatusStrategy } from "@kubets/api";
import {
  clone,
  conflict,
  deepEqual,
  type FieldError,
  type GroupVersionKind,
  invalid,
  invalidValue,
  isAlreadyExists,
  type KubeObject,
  path,
  pushAll,
  type StatusError,
  staleObjectMessage,
  validateObjectMetaUpdate,
} from "@kubets/apimachinery";
import { ConflictError, type Entry } from "@kubets/storage";
import { setZeroValues } from "../request/decode-object.ts";
import { keepReadableManagedFields } from "./after-mutation.ts";
import { create, mayBeStored } from "./create.ts";
import { trackUpdate } from "./field-manager.ts";
import { keyOfObject } from "./keys.ts";
import type { Registry } from "./registry.ts";
import { requireSameName, requireSameNamespace } from "./same-namespace.ts";
import type { ServedObject } from "./served-object.ts";
import { interpretStoreError } from "./store-errors.ts";
import type { WriteRequest } from "./write-request.ts";

export interface UpdateRequest extends WriteRequest {
  /**
   * The object as it should be, private and mutable, given what is there (shared, frozen; undefined when nothing is). Called again when another
   * write came first. @throws StatusError
   */
  transform(old: KubeObject | undefined): KubeObject | Promise<KubeObject>;
  /** A missing object is created: PUT on kinds that allow it, and apply. */
  readonly createIfAbsent: boolean;
  /** What admission is shown, where a subresource has a kind of its own: a Scale. */
  readonly view?: ObjectView;
  /** Admission has had its say, over what the update follows from. */
  readonly admitted?: boolean;
  /** `transform` has set managedFields right (apply). */
  readonly tracked?: boolean;
  /** The rules of a named subresource; those of the kind or its status when undefined. */
  readonly strategy?: StatusStrategy;
  /** It is a patch: a uid in what it makes is a field like any other, which cannot change, and no condition. */
  readonly patch?: boolean;
  /** Must hold of the present object whatever the body says. */
  readonly preconditions?: { readonly uid?: string };
}

/** An object as one of its subresources has it. */
export interface ObjectView {
  readonly kind: GroupVersionKind;
  /** A new object. */
  of(object: KubeObject): KubeObject;
  /** Changes `object` to what the view says now. */
  apply(view: KubeObject, object: KubeObject): void;
}

export interface Updated {
  readonly served: ServedObject;
  readonly created: boolean;
}

/** How often a write that was not conditional is tried again when others keep coming first. */
const maxAttempts = 200;

export async function update(registry: Registry, request: UpdateRequest): Promise<Updated> {
  const key = registry.key(request.namespace, request.name);
  for (let attempt = 1; ; attempt++) {
    const entry = await registry.store.get(key);
    try {
      if (entry === undefined) return await createAbsent(registry, request);
      const waiting = registry.readable([entry]);
      if (waiting !== undefined) await waiting;
      return { served: await updateEntry(registry, request, entry), created: false };
    } catch (error) {
      // Another created what was absent a moment ago: then this is an update of it.
      const lostRace = entry === undefined && request.createIfAbsent && isAlreadyExists(error);
      if (!(error instanceof ConflictError) && !lostRace) throw interpretStoreError(error);
      if (attempt === maxAttempts) throw conflict(registry.resourceName, request.name, staleObjectMessage);
      // What came first may not be durable, and so not visible, yet.
      await nextTurn();
    }
  }
}

async function createAbsent(registry: Registry, request: UpdateRequest): Promise<Updated> {
  // 404 from the registry, worded there; a uid means that the caller meant an object that is gone.
  if (!request.createIfAbsent) await registry.entry(request.namespace, request.name);
  const object = await request.transform(undefined);
  if (object.metadata?.uid) {
    throw anotherUid(registry, request, object.metadata.uid, "");
  }
  if (object.metadata !== undefined) delete object.metadata.resourceVersion;
  const options = { ...(request.options as object), kind: "CreateOptions" };
  return { served: await create(registry, object, { ...request, options }, request.tracked), created: true };
}

async function updateEntry(registry: Registry, request: UpdateRequest, entry: Entry): Promise<ServedObject> {
  const current = registry.served(entry);
  const old = current.object;
  const object = await request.transform(old);
  object.metadata ??= {};
  checkPreconditions(registry, request, object, old);
  const { view } = request;
  const attributes = {
    operation: "UPDATE" as const,
    definition: registry.definition,
    subresource: request.subresource,
    namespace: request.namespace,
    name: request.name,
    ...(view === undefined ? {} : { kind: view.kind }),
    object: view === undefined ? object : view.of(object),
    oldObject: view === undefined ? old : view.of(old),
    options: request.options,
    user: request.user,
    dryRun: request.dryRun,
    client: request.client,
    warn: request.warn,
    annotate: request.annotate,
  };
  keepSystemMetadata(registry, object, old);
  if (!request.tracked) trackUpdate(registry, object, old, request);
  const { metadata } = object;
  const { managedFields } = metadata;
  if (!request.admitted) await registry.admission.mutate(attributes);
  view?.apply(attributes.object, object);
  if (object.metadata !== metadata) {
    object.metadata ??= {};
    keepSystemMetadata(registry, object, old);
    keepReadableManagedFields(object, managedFields, request.warn);
  }
  const making = registry.hooks.makeReady?.();
  if (making !== undefined) await making;
  const finish = request.subresource === "" ? await registry.hooks.beginUpdate?.(object, old, request) : undefined;
  let stored: boolean | undefined = false;
  try {
    beforeUpdate(registry, request, object, old);
    if (!request.admitted) await registry.admission.validate(attributes);
    const served = await storeUpdate(registry, request, entry, current, object);
    stored = !request.dryRun;
    return served;
  } catch (error) {
    stored = mayBeStored(error) ? undefined : false;
    throw error;
  } finally {
    if (finish !== undefined) await finish(stored);
  }
}

/** In the words of upstream's store, which is what finds out there. */
function anotherUid(
  registry: Registry,
  { namespace, name }: UpdateRequest,
  wanted: string,
  found: string,
): StatusError {
  const key = keyOfObject(registry.definition, namespace, name);
  const failed = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${found}`;
  const why = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${failed}`;
  return conflict(registry.resourceName, name, why);
}

function checkPreconditions(registry: Registry, request: UpdateRequest, object: KubeObject, old: KubeObject): void {
  const { definition, resourceName } = registry;
  const uid = request.preconditions?.uid ?? (request.patch ? undefined : object.metadata?.uid);
  if (uid && uid !== old.metadata?.uid) {
    throw anotherUid(registry, request, uid, old.metadata?.uid ?? "");
  }
  const version = object.metadata?.resourceVersion;
  if (!version || version === "0") {
    if (definition.strategy.allowUnconditionalUpdate !== false) return;
    throw invalid(definition.group, definition.plural, request.name, [
      invalidValue(path("metadata.resourceVersion"), 0, "must be specified for an update"),
    ]);
  }
  if (version !== old.metadata?.resourceVersion) throw conflict(resourceName, request.name, staleObjectMessage);
}

/** What no update can change, whatever it says. */
function keepSystemMetadata(registry: Registry, object: KubeObject, old: KubeObject): void {
  const metadata = object.metadata!;
  const was = old.metadata!;
  if (was.generation === undefined) delete metadata.generation;
  else metadata.generation = was.generation;
  if (!metadata.uid && was.uid !== undefined) metadata.uid = was.uid;
  if (was.creationTimestamp !== undefined) metadata.creationTimestamp = was.creationTimestamp;
  if (was.deletionTimestamp !== undefined) metadata.deletionTimestamp = was.deletionTimestamp;
  if (was.deletionGracePeriodSeconds !== undefined)
    metadata.deletionGracePeriodSeconds ??= was.deletionGracePeriodSeconds;
  metadata.resourceVersion = was.resourceVersion!;
  delete metadata.selfLink;
  if (!registry.definition.namespaced) delete metadata.namespace;
}

function beforeUpdate(registry: Registry, request: UpdateRequest, object: KubeObject, old: KubeObject): void {
  const { definition } = registry;
  const context = registry.strategyContext(request);
  const strategy = strategyOf(registry, request);
  strategy?.prepareForUpdate?.(object, old, context);
  setZeroValues(object, definition, registry.schemas);
  const metadata = object.metadata!;
  const errors: FieldError[] = validateObjectMetaUpdate(metadata, old.metadata!);
  pushAll(errors, strategy?.validateUpdate?.(object, old) ?? []);
  if (errors.length > 0) throw invalid(definition.group, definition.kind, metadata.name ?? "", errors);
  if (request.subresource !== "") return;
  for (const warning of definition.strategy.warnings?.(object, old) ?? []) request.warn(warning);
}

function strategyOf({ definition }: Registry, { strategy, subresource }: UpdateRequest): StatusStrategy | undefined {
  if (strategy !== undefined) return strategy;
  if (subresource === "status") return definition.status;
  // The handler of any other subresource has made exactly the change it stands for: the kind's rules for PUT would undo it.
  return subresource === "" || subresource === "scale" ? definition.strategy : undefined;
}

async function storeUpdate(
  registry: Registry,
  request: UpdateRequest,
  entry: Entry,
  current: ServedObject,
  object: KubeObject,
): Promise<ServedObject> {
  const old = current.object;
  if (leavesStore(registry, object, old)) {
    if (request.dryRun) return registry.unstored(object);
    await registry.remove(entry.key, entry.modRevision);
    // The answer is what the write made of it, and not what was there before.
    return registry.unstored(object);
  }
  if (sameButForTimes(object, old) && registry.isCurrent(entry)) return current;
  if (request.dryRun) return registry.unstored(object);
  return await registry.put(entry.key, entry.modRevision, object);
}

/** An object that is being deleted goes when the last thing that held it is gone. */
function leavesStore(registry: Registry, object: KubeObject, old: KubeObject): boolean {
  const { finalizers } = object.metadata!;
  const was = old.metadata!;
  if (was.deletionTimestamp === undefined || (finalizers !== undefined && finalizers.length > 0)) return false;
  if ((was.deletionGracePeriodSeconds ?? 0) !== 0) return false;
  return !registry.hooks.heldBack?.(object);
}

/** Nothing would change but the times in managedFields: such a write is not one. */
function sameButForTimes(object: KubeObject, old: KubeObject): boolean {
  return deepEqual(withoutTimes(object), withoutTimes(old));
}

function withoutTimes(object: KubeObject): KubeObject {
  const { managedFields, ...metadata } = object.metadata ?? {};
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(managedFields === undefined || managedFields.length === 0
        ? {}
        : { managedFields: managedFields.map(({ time: _, ...entry }) => entry) }),
    },
  };
}

/** The transform of a PUT: the body, with its name and namespace checked against the URL. */
export function replaceWith(body: KubeObject, request: Pick<WriteRequest, "name" | "namespace">): () => KubeObject {
  const metadata = body.metadata ?? {};
  requireSameNamespace(metadata.namespace, request.namespace);
  requireSameName(metadata.name, request.name);
  return () => {
    const object = clone(body);
    object.metadata = { ...object.metadata, ...(request.namespace === "" ? {} : { namespace: request.namespace }) };
    return object;
  };
}
