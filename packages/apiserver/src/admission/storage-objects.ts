/** What keeps volumes and claims from being lost, and claims from growing where they cannot. */

import type { PersistentVolumeClaim, StorageClass } from "@kubets/api";
import { Quantity, tryParseQuantity } from "@kubets/apimachinery";
import { storageClassAnnotation } from "./default-class.ts";
import { onlyAbout, refuse } from "./errors.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const protectionFinalizers: Readonly<Record<string, string>> = {
  "/persistentvolumes": "kubernetes.io/pv-protection",
  "/persistentvolumeclaims": "kubernetes.io/pvc-protection",
  "storage.k8s.io/volumeattributesclasses": "kubernetes.io/vac-protection",
};

/** Source: kubernetes' plugin/pkg/admission/storage/storageobjectinuseprotection. */
export const storageObjectInUseProtection: AdmissionPlugin = {
  name: "StorageObjectInUseProtection",
  handles: (operation) => operation === "CREATE",
  concerns: ({ group, plural }, _operation, subresource) =>
    subresource === "" && Object.hasOwn(protectionFinalizers, `${group}/${plural}`),
  mutate({ definition, object }) {
    const finalizer = protectionFinalizers[`${definition.group}/${definition.plural}`]!;
    const metadata = object!.metadata!;
    if (metadata.finalizers?.includes(finalizer)) return;
    metadata.finalizers = [...(metadata.finalizers ?? []), finalizer];
  },
};

/** Source: kubernetes' plugin/pkg/admission/storage/persistentvolume/resize. */
export function persistentVolumeClaimResize(classes: Lister<StorageClass>): AdmissionPlugin {
  return {
    name: "PersistentVolumeClaimResize",
    handles: (operation) => operation === "UPDATE",
    concerns: onlyAbout("", "persistentvolumeclaims"),
    validate(attributes) {
      const [claim, old] = [attributes.object as PersistentVolumeClaim, attributes.oldObject as PersistentVolumeClaim];
      if (sizeOf(claim).cmp(sizeOf(old)) <= 0) return;
      if (old.status?.phase !== "Bound")
        throw refuse(attributes, "Only bound persistent volume claims can be expanded");
      const name = storageClassOf(claim);
      const mayGrow = name !== "" && name === storageClassOf(old) && classes.get("", name)?.allowVolumeExpansion;
      if (mayGrow) return;
      throw refuse(
        attributes,
        "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize",
      );
    },
  };
}

function sizeOf({ spec }: PersistentVolumeClaim): Quantity {
  return tryParseQuantity(spec?.resources?.requests?.storage) ?? Quantity.zero;
}

function storageClassOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata?.annotations?.[storageClassAnnotation] ?? spec?.storageClassName ?? "";
}
