/** Kinds served in more than one group or version: how to get from one to another, by way of the one that is stored. */

import { apiVersionOf, type KubeObject } from "@kubets/apimachinery";
import { findKind } from "./catalogue.ts";
import type { ResourceDefinition } from "./definition.ts";

/** A new object of `to`'s version. Where versions differ in nothing but their name, it only gets that; `object` is shared and not changed. */
export function convertObject(
  object: KubeObject,
  to: Pick<ResourceDefinition, "group" | "version" | "kind">,
): KubeObject {
  const apiVersion = apiVersionOf(to);
  if (object.apiVersion === apiVersion) return object;
  const from = conversionOf(object.apiVersion ?? "", to.kind);
  const stored = from === undefined ? object : from.toStored(object);
  const conversion = conversionOf(apiVersion, to.kind);
  return { ...(conversion === undefined ? stored : conversion.fromStored(stored)), apiVersion, kind: to.kind };
}

/** The group and version that objects of a definition are stored in. */
export function storedVersion({ stored, group, version }: Pick<ResourceDefinition, "group" | "version" | "stored">): {
  readonly group: string;
  readonly version: string;
} {
  return stored ?? { group, version };
}

function conversionOf(apiVersion: string, kind: string) {
  return findKind(apiVersion, kind)?.stored?.convert;
}
