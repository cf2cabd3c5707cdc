/** PersistentVolume and PersistentVolumeClaim. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { PersistentVolume, PersistentVolumeClaim } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import {
  normalizeDataSources,
  validateClaim,
  validateClaimStatusUpdate,
  validateClaimUpdate,
} from "./claim-validation.ts";
import { validateVolume, validateVolumeUpdate } from "./persistent-volume-validation.ts";
import { setSourceDefaults } from "./volume-defaults.ts";

const modeNames: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};

/** `RWO,ROX,RWX,RWOP`, in this order. */
function accessModesText(modes: readonly string[] | undefined): string {
  return Object.entries(modeNames)
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(",");
}

const classAnnotation = "volume.beta.kubernetes.io/storage-class";
const unset = "<unset>";

function storageClassText(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata?.annotations?.[classAnnotation] ?? object.spec?.storageClassName ?? "";
}

function phaseText(object: PersistentVolume | PersistentVolumeClaim): string {
  return object.metadata?.deletionTimestamp === undefined ? (object.status?.phase ?? "") : "Terminating";
}

function claimText(volume: PersistentVolume): string {
  const claim = volume.spec?.claimRef;
  return claim === undefined ? "" : `${claim.namespace ?? ""}/${claim.name ?? ""}`;
}

export const persistentVolumeDefinition = define<PersistentVolume>("", "v1", "persistentvolumes", {
  shortNames: ["pv"],
  strategy: specStrategy<PersistentVolume>(
    {
      setDefaults({ spec }) {
        if (spec === undefined) return;
        spec.persistentVolumeReclaimPolicy ||= "Retain";
        spec.volumeMode ??= "Filesystem";
        setSourceDefaults(spec);
      },
      validate: validateVolume,
      validateUpdate: validateVolumeUpdate,
    },
    { status: { phase: "Pending" }, generationOf: [] },
  ),
  status: statusStrategy<PersistentVolume>(),
  columns: [
    nameColumn,
    column("Capacity", (v: PersistentVolume) => v.spec?.capacity?.["storage"] ?? "0"),
    column("Access Modes", (v: PersistentVolume) => accessModesText(v.spec?.accessModes)),
    column("Reclaim Policy", (v: PersistentVolume) => v.spec?.persistentVolumeReclaimPolicy ?? ""),
    column("Status", phaseText),
    column("Claim", claimText),
    column("StorageClass", storageClassText),
    column("VolumeAttributesClass", (v: PersistentVolume) => v.spec?.volumeAttributesClassName ?? unset),
    column("Reason", (v: PersistentVolume) => v.status?.reason ?? ""),
    ageColumn,
    column("VolumeMode", (v: PersistentVolume) => v.spec?.volumeMode ?? unset, { wide: true }),
  ],
});

type Claim = PersistentVolumeClaim;

export const persistentVolumeClaimDefinition = define<Claim>("", "v1", "persistentvolumeclaims", {
  shortNames: ["pvc"],
  strategy: specStrategy<Claim>(
    {
      setDefaults({ spec }) {
        if (spec !== undefined) spec.volumeMode ??= "Filesystem";
      },
      prepareForCreate: normalizeDataSources,
      prepareForUpdate: normalizeDataSources,
      validate: validateClaim,
      validateUpdate: validateClaimUpdate,
    },
    { status: { phase: "Pending" }, generationOf: [] },
  ),
  status: statusStrategy<Claim>({ validate: validateClaimStatusUpdate }),
  columns: [
    nameColumn,
    column("Status", phaseText),
    column("Volume", (c: Claim) => c.spec?.volumeName ?? ""),
    column("Capacity", (c: Claim) => (c.spec?.volumeName ? (c.status?.capacity?.["storage"] ?? "0") : "")),
    column("Access Modes", (c: Claim) => (c.spec?.volumeName ? accessModesText(c.status?.accessModes) : "")),
    column("StorageClass", storageClassText),
    column("VolumeAttributesClass", (c: Claim) => c.spec?.volumeAttributesClassName ?? unset),
    ageColumn,
    column("VolumeMode", (c: Claim) => c.spec?.volumeMode ?? unset, { wide: true }),
  ],
});
