/** managedFields as the registry keeps them; the algorithms are apimachinery's. */

import { convertObject, findKind, type ResourceDefinition, type StatusStrategy } from "@kubets/api";
import {
  clone,
  FieldManager,
  fieldSetOfNames,
  type Json,
  type KubeObject,
  type OtherVersion,
} from "@kubets/apimachinery";
import type { Registry } from "./registry.ts";
import type { WriteRequest } from "./write-request.ts";
import { zeroOf } from "./zero-value.ts";

/** A write, and the rules of its subresource where that has its own. */
type TrackedRequest = WriteRequest & { readonly strategy?: StatusStrategy };

/** A registry's field managers by subresource, made when first needed. */
const managers = new WeakMap<Registry, Map<string, FieldManager>>();

function managerFor(registry: Registry, { subresource, strategy }: TrackedRequest): FieldManager {
  let bySubresource = managers.get(registry);
  if (bySubresource === undefined) {
    bySubresource = new Map();
    managers.set(registry, bySubresource);
  }
  let manager = bySubresource.get(subresource);
  if (manager === undefined) {
    const { definition, schemas, apiVersion } = registry;
    const reset = strategy?.resetFields ?? resetFields(subresource, definition);
    manager = new FieldManager({
      schema: definition.schema,
      set: schemas,
      apiVersion,
      subresource,
      ...(reset.length === 0 ? {} : { resetFields: fieldSetOfNames(...reset) }),
      ...(subresource === "scale" ? { conflictVersion: "autoscaling/v1" } : {}),
      writableFields: strategy?.writableFields,
      zero: registry.isCustom ? undefined : (zeroOf(definition.schema, schemas) as Json),
      versionOf: registry.isCustom ? (other) => registry.otherVersion(other) : versionsOf(registry),
    });
    bySubresource.set(subresource, manager);
  }
  return manager;
}

/** A built-in kind's other versions. */
function versionsOf(registry: Registry): (apiVersion: string) => OtherVersion | undefined {
  return (apiVersion) => {
    const other = findKind(apiVersion, registry.definition.kind);
    if (other === undefined) return undefined;
    return {
      schema: other.schema,
      set: registry.schemas,
      from: (object) => convertObject({ ...object, apiVersion: registry.apiVersion, kind: other.kind }, other),
      back: (object) => convertObject({ ...object, apiVersion, kind: other.kind }, registry.definition),
    };
  };
}

/** A write of the object cannot change its status, nor one of the status the spec: nobody comes to own them so. */
function resetFields(subresource: string, { strategy, status, decode }: ResourceDefinition): readonly string[] {
  if (subresource === "status") return decode === undefined ? (status?.resetFields ?? ["spec"]) : ["metadata", "spec"];
  if (subresource !== "") return [];
  return strategy.resetFields ?? (status === undefined ? [] : ["status"]);
}

/** Records what `request` changed from `old` (undefined: a create) to `object`, in `object`. */
export function trackUpdate(
  registry: Registry,
  object: KubeObject,
  old: KubeObject | undefined,
  request: TrackedRequest,
): void {
  const manager = managerFor(registry, request);
  const metadata = object.metadata!;
  const entries = manager.update(old, object, request.manager, registry.clock.now());
  if (entries === undefined || entries.length === 0) delete metadata.managedFields;
  // The entries themselves may be the stored object's, frozen: they are replaced, never changed.
  else metadata.managedFields = [...entries];
}

/**
 * Server-side apply: the merged object, private and mutable, with its managedFields.
 * @throws StatusError 409 for conflicts unless forced, 400 for a configuration that cannot be applied
 */
export function applyFields(
  registry: Registry,
  old: KubeObject | undefined,
  configuration: KubeObject,
  request: TrackedRequest,
  force: boolean,
): KubeObject {
  const manager = managerFor(registry, request);
  const nowMs = registry.clock.now();
  const applied = manager.apply(old, configuration, request.manager, { force, nowMs });
  const object = clone(applied.object);
  object.metadata ??= {};
  if (applied.managedFields === undefined || applied.managedFields.length === 0) delete object.metadata.managedFields;
  else object.metadata.managedFields = clone(applied.managedFields);
  return object;
}
