/** ConfigMap: keys are file names; `data` and `binaryData` share them; at most 1 MiB. */

import {
  byteLength,
  deepEqual,
  type FieldError,
  forbiddenField,
  invalidValue,
  isConfigMapKey,
  path,
  tooLong,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { ConfigMap } from "../generated/types.ts";
import { base64Length, maxDataBytes } from "./data-size.ts";

function validate(configMap: ConfigMap): FieldError[] {
  const { data = {}, binaryData = {} } = configMap;
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(data)) {
    const at = path("data").key(key);
    for (const why of isConfigMapKey(key)) errors.push(invalidValue(at, key, why));
    if (Object.hasOwn(binaryData, key)) errors.push(invalidValue(at, key, "duplicate of key present in binaryData"));
    size += byteLength(value);
  }
  for (const [key, value] of Object.entries(binaryData)) {
    for (const why of isConfigMapKey(key)) errors.push(invalidValue(path("binaryData").key(key), key, why));
    size += base64Length(value);
  }
  // Upstream names the whole object by an empty path, which prints as "[]".
  if (size > maxDataBytes) errors.push(tooLong(path("[]"), maxDataBytes));
  return errors;
}

function validateUpdate(configMap: ConfigMap, old: ConfigMap): FieldError[] {
  return [...validateImmutable(configMap, old, ["data", "binaryData"]), ...validate(configMap)];
}

/** Once `immutable` is set, neither it nor the contents change. Shared with Secret. */
export function validateImmutable<T extends { immutable?: boolean }>(
  object: T,
  old: T,
  fields: readonly (keyof T & string)[],
): FieldError[] {
  if (!old.immutable) return [];
  const changed = fields.filter((field) => !deepEqual(object[field] ?? {}, old[field] ?? {}));
  return [...(object.immutable ? [] : ["immutable"]), ...changed].map((field) =>
    forbiddenField(path(field), "field is immutable when `immutable` is set"),
  );
}

export const configMapDefinition = define<ConfigMap>("", "v1", "configmaps", {
  shortNames: ["cm"],
  strategy: { validate, validateUpdate },
  columns: [
    nameColumn,
    column("Data", (c: ConfigMap) => Object.keys(c.data ?? {}).length + Object.keys(c.binaryData ?? {}).length),
    ageColumn,
  ],
});
