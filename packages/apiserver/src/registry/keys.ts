/** Where objects live in the store: upstream's keys. */

import type { ResourceDefinition } from "@kubets/api";

export function prefixOf(definition: ResourceDefinition): string {
  return `/registry/${definition.storagePath}/`;
}

/** All of a namespace's objects, or all there are for "" and for cluster-scoped kinds. */
export function listPrefix(definition: ResourceDefinition, namespace: string): string {
  const prefix = prefixOf(definition);
  return definition.namespaced && namespace !== "" ? `${prefix}${namespace}/` : prefix;
}

export function keyOfObject(definition: ResourceDefinition, namespace: string, name: string): string {
  return `${listPrefix(definition, namespace)}${name}`;
}
