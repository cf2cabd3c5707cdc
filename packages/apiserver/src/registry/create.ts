/** Creates. Source of order and texts: apiserver's registry/rest/create.go and handlers/create.go. */

import {
  alreadyExists,
  formatTime,
  invalid,
  type KubeObject,
  type ObjectMeta,
  StatusError,
  validateObjectMeta,
} from "@kubets/apimachinery";
import { ConflictError, StoreUnavailableError } from "@kubets/storage";
import { setZeroValues } from "../request/decode-object.ts";
import { keepReadableManagedFields } from "./after-mutation.ts";
import { trackUpdate } from "./field-manager.ts";
import type { Registry } from "./registry.ts";
import { otherNamespace } from "./same-namespace.ts";
import { ServedObject } from "./served-object.ts";
import { interpretStoreError } from "./store-errors.ts";
import type { WriteRequest } from "./write-request.ts";

/** Without vowels and look-alikes, as upstream's utilrand. */
const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";
const suffixLength = 5;
const maxGeneratedNameLength = 63;
const generateNameAttempts = 8;

/**
 * Creates `object`, a private mutable copy.
 * @param tracked managedFields are right already (a create by apply)
 */
export async function create(
  registry: Registry,
  object: KubeObject,
  request: WriteRequest,
  tracked = false,
): Promise<ServedObject> {
  const metadata = prepareMetadata(registry, object, request);
  const attributes = {
    operation: "CREATE" as const,
    definition: registry.definition,
    subresource: request.subresource,
    namespace: request.namespace,
    name: metadata.name ?? request.name,
    object,
    oldObject: undefined,
    options: request.options,
    user: request.user,
    dryRun: request.dryRun,
    client: request.client,
    warn: request.warn,
    annotate: request.annotate,
  };
  // As upstream: what mutating admission changes in a new object is nobody's.
  if (!tracked) trackUpdate(registry, object, undefined, request);
  const { managedFields } = metadata;
  await registry.admission.mutate(attributes);
  object.metadata ??= {};
  keepReadableManagedFields(object, managedFields, request.warn);
  requireNamespace(registry, object, request);
  fillSystemMetadata(registry, object.metadata);
  const making = registry.hooks.makeReady?.();
  if (making !== undefined) await making;
  const finish = await registry.hooks.beginCreate?.(object, request);
  let stored: boolean | undefined = false;
  try {
    const served = await store(registry, object, request, async () => {
      beforeCreate(registry, object, request);
      await registry.admission.validate({ ...attributes, name: object.metadata?.name ?? "" });
    });
    stored = !request.dryRun;
    return served;
  } catch (error) {
    stored = mayBeStored(error) ? undefined : false;
    throw error;
  } finally {
    if (finish !== undefined) await finish(stored);
  }
}

/** The store did not say: a server of its own may have done the write and not have lived to tell. */
export function mayBeStored(error: unknown): boolean {
  return error instanceof StoreUnavailableError || (error instanceof StatusError && mayBeStored(error.cause));
}

function prepareMetadata(registry: Registry, object: KubeObject, request: WriteRequest): ObjectMeta {
  object.metadata ??= {};
  const { metadata } = object;
  if (registry.definition.namespaced) {
    metadata.namespace ||= request.namespace;
    requireNamespace(registry, object, request);
  } else delete metadata.namespace;
  if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== "" && metadata.resourceVersion !== "0") {
    throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
  }
  delete metadata.resourceVersion;
  delete metadata.selfLink;
  delete metadata.creationTimestamp;
  delete metadata.uid;
  delete metadata.deletionTimestamp;
  delete metadata.deletionGracePeriodSeconds;
  return metadata;
}

/** After mutating admission, whose plugins neither see nor choose these. */
function fillSystemMetadata(registry: Registry, metadata: ObjectMeta): void {
  metadata.creationTimestamp = formatTime(registry.clock.now());
  metadata.uid = registry.random.uuid();
}

function requireNamespace(registry: Registry, object: KubeObject, request: WriteRequest): void {
  if (registry.definition.namespaced && object.metadata?.namespace !== request.namespace) {
    throw otherNamespace();
  }
}

/** The kind's strategy and all validation. @throws StatusError 422 */
function beforeCreate(registry: Registry, object: KubeObject, request: WriteRequest): void {
  const { definition } = registry;
  const { strategy } = definition;
  strategy.prepareForCreate?.(object, registry.strategyContext(request));
  setZeroValues(object, definition, registry.schemas);
  const metadata = object.metadata!;
  const errors = [
    ...validateObjectMeta(metadata, { namespaced: definition.namespaced, validateName: strategy.validateName }),
    ...(strategy.validate?.(object) ?? []),
  ];
  if (errors.length > 0) throw invalid(definition.group, definition.kind, metadata.name ?? "", errors);
  for (const warning of strategy.warnings?.(object, undefined) ?? []) request.warn(warning);
}

async function store(
  registry: Registry,
  object: KubeObject,
  request: WriteRequest,
  check: () => Promise<void>,
): Promise<ServedObject> {
  const metadata = object.metadata!;
  const generated = !metadata.name && Boolean(metadata.generateName);
  const base = metadata.generateName ?? "";
  if (generated) metadata.name = generateName(base, () => registry.random.next());
  await check();
  for (let attempt = 1; ; attempt++) {
    const name = metadata.name ?? "";
    const key = registry.key(request.namespace, name);
    try {
      if (request.dryRun) {
        if ((await registry.store.get(key)) !== undefined) throw new ConflictError(key, 0, undefined);
        return registry.unstored(object);
      }
      return await registry.put(key, 0, object);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw interpretStoreError(error);
      if (!generated) throw await taken(registry, key, name);
      if (attempt === generateNameAttempts) throw nameCollision(registry, name);
      metadata.name = generateName(base, () => registry.random.next());
    }
  }
}

/** @returns the 409, which says so when the object is on its way out */
async function taken(registry: Registry, key: string, name: string): Promise<StatusError> {
  const exists = alreadyExists(registry.resourceName, name);
  // That it exists is known; what else is not found out, is not said.
  const entry = await registry.store.get(key).catch(() => undefined);
  if (entry === undefined || entry.unreadable !== undefined) return exists;
  // Whatever its version: this one may be a webhook's to make.
  if (ServedObject.ofEntry(entry).object.metadata?.deletionTimestamp === undefined) return exists;
  const { details = {} } = exists.status;
  return new StatusError(409, "AlreadyExists", `object is being deleted: ${exists.message}`, { details });
}

function nameCollision(registry: Registry, name: string): StatusError {
  const taken = alreadyExists(registry.resourceName, name);
  return new StatusError(
    409,
    "AlreadyExists",
    `${taken.message}, the server was not able to generate a unique name for the object`,
    { details: taken.status.details ?? {} },
  );
}

/** `base` cut to fit, and five random characters. */
export function generateName(base: string, random: () => number): string {
  let suffix = "";
  for (let i = 0; i < suffixLength; i++) suffix += suffixAlphabet[Math.floor(random() * suffixAlphabet.length)];
  return base.slice(0, maxGeneratedNameLength - suffixLength) + suffix;
}
