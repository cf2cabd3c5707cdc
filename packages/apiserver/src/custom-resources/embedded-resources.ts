/** Objects within objects, `x-kubernetes-embedded-resource`: their type and metadata are checked as everyone's. Source: schema/objectmeta. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1035Label,
  nameIsPathSegment,
  type ObjectMeta,
  pushAll,
  required,
  validateObjectMeta,
} from "@kubets/apimachinery";
import { isObject, type JsonObject, type SchemaNode } from "./schema-node.ts";

export function embeddedFaults(value: unknown, node: SchemaNode, at: FieldPath, root = false): FieldError[] {
  if (!node.hasEmbedded && !root) return [];
  if (Array.isArray(value)) {
    const { items } = node;
    return items === undefined ? [] : value.flatMap((item, i) => embeddedFaults(item, items, at.index(i)));
  }
  if (!isObject(value)) return [];
  const errors = node.embedded || root ? resourceFaults(value, at) : [];
  for (const [key, child] of Object.entries(value)) {
    const named = node.properties.get(key);
    if (named !== undefined) pushAll(errors, embeddedFaults(child, named, at.child(key)));
    else if (node.values !== undefined) pushAll(errors, embeddedFaults(child, node.values, at.key(key)));
  }
  return errors;
}

export function resourceFaults(object: JsonObject, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of ["apiVersion", "kind"]) if (!Object.hasOwn(object, name)) errors.push(required(at.child(name)));
  const { apiVersion, kind, metadata } = object;
  const typeFault = (name: string, value: unknown, why: string) =>
    errors.push(invalidValue(at.child(name), value, why));
  if (apiVersion !== undefined) {
    if (typeof apiVersion !== "string") typeFault("apiVersion", apiVersion, "must be a string");
    else if (apiVersion === "") typeFault("apiVersion", apiVersion, "must not be empty");
    else if (apiVersion.split("/").length > 2) {
      typeFault("apiVersion", apiVersion, `unexpected GroupVersion string: ${apiVersion}`);
    }
  }
  if (kind !== undefined) {
    const complaints = typeof kind === "string" && kind !== "" ? isDNS1035Label(kind.toLowerCase()) : [];
    if (typeof kind !== "string") typeFault("kind", kind, "must be a string");
    else if (kind === "") typeFault("kind", kind, "must not be empty");
    else if (complaints.length > 0) {
      typeFault("kind", kind, `may have mixed case, but should otherwise match: ${complaints.join(",")}`);
    }
  }
  return isObject(metadata) ? [...errors, ...metadataFaults(metadata as ObjectMeta, at)] : errors;
}

function metadataFaults(metadata: ObjectMeta, at: FieldPath): FieldError[] {
  const named = metadata.name ? metadata : { ...metadata, name: "fakename" };
  const rules = { namespaced: Boolean(metadata.namespace), validateName: nameIsPathSegment };
  return validateObjectMeta(named, rules, at.child("metadata"));
}
