/** Owner references that mean "I manage this": at most one per object. */

import type { Resource } from "@kubets/api";
import { apiVersionOf, type KubeObject, type OwnerReference } from "@kubets/apimachinery";

export function controllerOf(object: KubeObject): OwnerReference | undefined {
  return object.metadata?.ownerReferences?.find((reference) => reference.controller === true);
}

export function isControlledBy(object: KubeObject, owner: KubeObject): boolean {
  const reference = controllerOf(object);
  return reference !== undefined && reference.uid === owner.metadata?.uid;
}

export function newControllerRef(owner: KubeObject, resource: Resource): OwnerReference {
  return {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    name: owner.metadata?.name ?? "",
    uid: owner.metadata?.uid ?? "",
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The group of a reference is what counts; its version may be an older one. */
export function refersTo(reference: OwnerReference, resource: Resource): boolean {
  const slash = reference.apiVersion.indexOf("/");
  const group = slash < 0 ? "" : reference.apiVersion.slice(0, slash);
  return reference.kind === resource.kind && group === resource.group;
}
