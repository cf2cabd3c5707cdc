/** What a schema says of its lists and maps for merging: `x-kubernetes-list-type` and the like. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  pushAll,
  required,
  seenBefore,
} from "@kubets/apimachinery";
import { itemsOf, type JSONSchemaProps, propertyOf } from "./structural-schema.ts";

export function listFaults(schema: JSONSchemaProps, at: FieldPath, requireAtomicSets: boolean): FieldError[] {
  return [...typeFaults(schema, at, requireAtomicSets), ...keyFaults(schema, at)];
}

function typeFaults(schema: JSONSchemaProps, at: FieldPath, requireAtomicSets: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const { type = "", "x-kubernetes-map-type": mapType, "x-kubernetes-list-type": listType } = schema;
  const must = (what: string, why: string) => {
    if (type === what) return;
    errors.push(type === "" ? required(at.child("type"), why) : invalidValue(at.child("type"), type, why));
  };
  if (mapType !== undefined) {
    must("object", "must be object if x-kubernetes-map-type is specified");
    if (mapType !== "atomic" && mapType !== "granular") {
      errors.push(notSupported(at.child("x-kubernetes-map-type"), mapType, ["atomic", "granular"]));
    }
  }
  if (listType === undefined) return errors;
  must("array", "must be array if x-kubernetes-list-type is specified");
  if (type === "array" && requireAtomicSets) pushAll(errors, setFaults(schema, at));
  if (!["atomic", "set", "map"].includes(listType)) {
    errors.push(notSupported(at.child("x-kubernetes-list-type"), listType, ["atomic", "set", "map"]));
  }
  return errors;
}

/** The items of a set are values as a whole. */
export function setFaults(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  const items = itemsOf(schema);
  if (schema["x-kubernetes-list-type"] !== "set" || items === undefined) return [];
  const why = "must be atomic as item of a list with x-kubernetes-list-type=set";
  const { "x-kubernetes-list-type": listType, "x-kubernetes-map-type": mapType } = items;
  if (items.type === "array" && listType !== undefined && listType !== "atomic") {
    return [invalidValue(at.child("items", "x-kubernetes-list-type"), listType, why)];
  }
  if (items.type === "object" && mapType !== "atomic") {
    return [invalidValue(at.child("items", "x-kubernetes-map-type"), listType, why)];
  }
  return [];
}

function keyFaults(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const { "x-kubernetes-list-type": listType, "x-kubernetes-list-map-keys": keys = [] } = schema;
  const typeAt = at.child("x-kubernetes-list-type");
  if (keys.length > 0 && listType !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    errors.push(listType === undefined ? required(typeAt, why) : invalidValue(typeAt, listType, why));
  }
  if (listType !== "map") return errors;
  const keysAt = at.child("x-kubernetes-list-map-keys");
  if (keys.length === 0) errors.push(required(keysAt, "must not be empty if x-kubernetes-list-type is map"));
  const items = itemsOf(schema);
  if (schema.items === undefined) {
    errors.push(required(at.child("items"), "must have a schema if x-kubernetes-list-type is map"));
  } else if (items === undefined) {
    const why = "must only have a single schema if x-kubernetes-list-type is map";
    errors.push(invalidValue(at.child("items"), schema.items, why));
  } else if (items.type !== "object") {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    errors.push(invalidValue(at.child("items", "type"), items.type ?? "", why));
  } else pushAll(errors, namedKeys(items, keys, at));
  return errors;
}

const mostKeysTold = 100;

function namedKeys(items: JSONSchemaProps, keys: readonly string[], at: FieldPath): FieldError[] {
  const keysAt = at.child("x-kubernetes-list-map-keys");
  const seen = seenBefore<string>();
  const unknown = invalidValue(keysAt, keys, "entries must all be names of item properties");
  const repeated = invalidValue(keysAt, keys, "must not contain duplicate entries");
  const errors = keys.flatMap((key) => {
    const property = propertyOf(items, key);
    const errors: FieldError[] = [];
    if (property === undefined) {
      errors.push(unknown);
    } else if (property.type === "array" || property.type === "object") {
      const why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
      errors.push(invalidValue(at.child("items", "properties").key(key).child("type"), items.type, why));
    }
    if (seen(key)) errors.push(repeated);
    return errors;
  });
  // Each shows all keys: of many, once is enough.
  return keys.length > mostKeysTold ? [...new Set(errors)] : errors;
}

/** Items of sets and maps are there, and so are their keys. */
export function mapListFaults(schema: JSONSchemaProps, at: FieldPath): FieldError[] {
  const items = itemsOf(schema);
  const { "x-kubernetes-list-type": listType, "x-kubernetes-list-map-keys": keys = [] } = schema;
  if (items === undefined || (listType !== "set" && listType !== "map")) return [];
  const errors: FieldError[] = [];
  if (items.nullable) {
    const why = `cannot be nullable when x-kubernetes-list-type is ${listType}`;
    errors.push(forbiddenField(at.child("items", "nullable"), why));
  }
  for (const key of listType === "map" ? keys : []) {
    const property = propertyOf(items, key);
    if (property === undefined) continue;
    const where = at.child("items", "properties").key(key);
    const needed = "this property is in x-kubernetes-list-map-keys, so it";
    const there = items.required?.includes(key) || (property.default !== undefined && property.default !== null);
    if (!there) {
      errors.push(required(where.child("default"), `${needed} must have a default or be a required property`));
    }
    if (property.nullable) errors.push(forbiddenField(where.child("nullable"), `${needed} cannot be nullable`));
  }
  return errors;
}
