/** CSIDriver, CSINode, CSIStorageCapacity and VolumeAttachment: how storage drivers speak with the cluster. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { CSIDriver, CSINode, CSIStorageCapacity, VolumeAttachment } from "../generated/types.ts";
import { bumpGeneration, specStrategy, statusStrategy } from "../strategy.ts";
import {
  validateAttachmentUpdate,
  validateCSINode,
  validateCSINodeUpdate,
  validateDriver,
  validateDriverUpdate,
  validateNewAttachment,
  validateStorageCapacity,
  validateStorageCapacityUpdate,
} from "./validation.ts";

const group = "storage.k8s.io";

function setDriverDefaults({ spec }: CSIDriver): void {
  if (spec === undefined) return;
  spec.attachRequired ??= true;
  spec.podInfoOnMount ??= false;
  spec.storageCapacity ??= false;
  spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
  if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ["Persistent"];
  spec.requiresRepublish ??= false;
  spec.seLinuxMount ??= false;
}

const boolean = { type: "boolean" } as const;

function audiences(driver: CSIDriver): string {
  return driver.spec?.tokenRequests?.map((request) => request.audience).join(",") ?? "<unset>";
}

export const csiDriverDefinition = define<CSIDriver>(group, "v1", "csidrivers", {
  strategy: {
    setDefaults: setDriverDefaults,
    validate: validateDriver,
    // There is no generation before the first change of what the kubelet asks a driver for.
    prepareForUpdate: (driver, old) =>
      bumpGeneration(driver, old, ["spec.tokenRequests", "spec.requiresRepublish", "spec.seLinuxMount"]),
    validateUpdate: validateDriverUpdate,
    allowUnconditionalUpdate: false,
  },
  columns: [
    nameColumn,
    column("AttachRequired", (driver: CSIDriver) => driver.spec?.attachRequired ?? true, boolean),
    column("PodInfoOnMount", (driver: CSIDriver) => driver.spec?.podInfoOnMount ?? false, boolean),
    column("StorageCapacity", (driver: CSIDriver) => driver.spec?.storageCapacity ?? false, boolean),
    column("TokenRequests", audiences),
    column("RequiresRepublish", (driver: CSIDriver) => driver.spec?.requiresRepublish ?? false, boolean),
    column("Modes", (driver: CSIDriver) => driver.spec?.volumeLifecycleModes?.join(",") || "<none>"),
    ageColumn,
  ],
});

export const csiNodeDefinition = define<CSINode>(group, "v1", "csinodes", {
  strategy: { validate: validateCSINode, validateUpdate: validateCSINodeUpdate, allowUnconditionalUpdate: false },
  columns: [
    nameColumn,
    column("Drivers", (node: CSINode) => node.spec?.drivers?.length ?? 0, { type: "integer" }),
    ageColumn,
  ],
});

export const csiStorageCapacityDefinition = define<CSIStorageCapacity>(group, "v1", "csistoragecapacities", {
  strategy: {
    validate: validateStorageCapacity,
    validateUpdate: validateStorageCapacityUpdate,
    allowUnconditionalUpdate: false,
  },
  columns: [
    nameColumn,
    column("StorageClassName", (capacity: CSIStorageCapacity) => capacity.storageClassName ?? ""),
    column("Capacity", (capacity: CSIStorageCapacity) => capacity.capacity ?? "<unset>"),
  ],
});

export const volumeAttachmentDefinition = define<VolumeAttachment>(group, "v1", "volumeattachments", {
  strategy: specStrategy<VolumeAttachment>(
    { validate: validateNewAttachment, validateUpdate: validateAttachmentUpdate, allowUnconditionalUpdate: false },
    { status: { attached: false }, generationOf: [] },
  ),
  status: statusStrategy<VolumeAttachment>({ keepsMetadata: true, validate: validateAttachmentUpdate }),
  columns: [
    nameColumn,
    column("Attacher", (attachment: VolumeAttachment) => attachment.spec?.attacher ?? "", { format: "name" }),
    column("PV", (attachment: VolumeAttachment) => attachment.spec?.source?.persistentVolumeName ?? ""),
    column("Node", (attachment: VolumeAttachment) => attachment.spec?.nodeName ?? ""),
    column("Attached", (attachment: VolumeAttachment) => attachment.status?.attached ?? false, boolean),
    ageColumn,
  ],
});
