/** StorageClass and VolumeAttributesClass: what they say never changes. */

import {
  deepEqual,
  type FieldError,
  forbiddenField,
  type KubeObject,
  path,
  required,
  validateImmutableField,
} from "@kubets/apimachinery";
import { ageColumn, column } from "../columns.ts";
import { define } from "../define.ts";
import type { StorageClass, VolumeAttributesClass } from "../generated/types.ts";

const group = "storage.k8s.io";

function nameText(object: KubeObject): string {
  const name = object.metadata?.name ?? "";
  const isDefault = object.metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  return isDefault ? `${name} (default)` : name;
}

function fixed<T extends object>(object: T, old: T, ...fields: (keyof T & string)[]): FieldError[] {
  return fields
    .filter((field) => !deepEqual(object[field] ?? {}, old[field] ?? {}))
    .map((field) => forbiddenField(path(field), `updates to ${field} are forbidden.`));
}

export const storageClassDefinition = define<StorageClass>(group, "v1", "storageclasses", {
  shortNames: ["sc"],
  strategy: {
    setDefaults(storageClass) {
      storageClass.reclaimPolicy ??= "Delete";
      storageClass.volumeBindingMode ??= "Immediate";
    },
    validate: (storageClass) => (storageClass.provisioner ? [] : [required(path("provisioner"))]),
    validateUpdate: (storageClass, old) => [
      ...fixed(storageClass, old, "parameters", "provisioner", "reclaimPolicy"),
      ...validateImmutableField(storageClass.volumeBindingMode, old.volumeBindingMode, path("volumeBindingMode")),
    ],
  },
  columns: [
    column("Name", nameText, { format: "name" }),
    column("Provisioner", (c: StorageClass) => c.provisioner ?? ""),
    column("ReclaimPolicy", (c: StorageClass) => c.reclaimPolicy ?? "Delete"),
    column("VolumeBindingMode", (c: StorageClass) => c.volumeBindingMode ?? "Immediate"),
    column("AllowVolumeExpansion", (c: StorageClass) => c.allowVolumeExpansion ?? false),
    ageColumn,
  ],
});

export const volumeAttributesClassDefinition = define<VolumeAttributesClass>(group, "v1", "volumeattributesclasses", {
  shortNames: ["vac"],
  strategy: {
    validate: (c) => (c.driverName ? [] : [required(path("driverName"))]),
    validateUpdate: (c, old) => fixed(c, old, "driverName", "parameters"),
  },
  columns: [
    column("Name", nameText, { format: "name" }),
    column("DriverName", (c: VolumeAttributesClass) => c.driverName ?? ""),
    ageColumn,
  ],
});
