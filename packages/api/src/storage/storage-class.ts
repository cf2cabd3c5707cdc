/** StorageClass and VolumeAttributesClass: what they say never changes. */

import type { KubeObject } from "@kubets/apimachinery";
import { ageColumn, column } from "../columns.ts";
import { define } from "../define.ts";
import type { StorageClass, VolumeAttributesClass } from "../generated/types.ts";
import {
  validateStorageClass,
  validateStorageClassUpdate,
  validateVolumeAttributesClass,
  validateVolumeAttributesClassUpdate,
} from "./validation.ts";

const group = "storage.k8s.io";

function nameText(object: KubeObject): string {
  const name = object.metadata?.name ?? "";
  const isDefault = object.metadata?.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true";
  return isDefault ? `${name} (default)` : name;
}

export const storageClassDefinition = define<StorageClass>(group, "v1", "storageclasses", {
  shortNames: ["sc"],
  strategy: {
    setDefaults(storageClass) {
      storageClass.reclaimPolicy ??= "Delete";
      storageClass.volumeBindingMode ??= "Immediate";
    },
    validate: validateStorageClass,
    validateUpdate: validateStorageClassUpdate,
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
    validate: validateVolumeAttributesClass,
    validateUpdate: validateVolumeAttributesClassUpdate,
  },
  columns: [
    column("Name", nameText, { format: "name" }),
    column("DriverName", (c: VolumeAttributesClass) => c.driverName ?? ""),
    ageColumn,
  ],
});
