/** Volumes stay while they are bound, and classes of their attributes while one has them. Behaviour of upstream's pvprotection and vacprotection. */

import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  persistentVolumeClaims,
  persistentVolumes,
  volumeAttributesClasses,
} from "@kubets/api";
import type { ControllerContext, ControllerDefinition } from "../runtime/context.ts";
import type { Runnable } from "../runtime/controller.ts";
import { ProtectionController } from "./protection-controller.ts";

export const volumeProtectionController: ControllerDefinition = {
  name: "persistentvolume-protection-controller",
  serviceAccount: "pv-protection-controller",
  create: (context) =>
    new ProtectionController(context, {
      name: "persistentvolume-protection-controller",
      queueName: "pvprotection",
      resource: persistentVolumes,
      finalizer: "kubernetes.io/pv-protection",
      isUsed: ({ status }) => status?.phase === "Bound",
    }),
};

const classIndex = "volumeAttributesClass";

export const attributesClassProtectionController: ControllerDefinition = {
  name: "volumeattributesclass-protection-controller",
  serviceAccount: "volumeattributesclass-protection-controller",
  create: protectClasses,
};

function protectClasses(context: ControllerContext): Runnable {
  const claims = context.informers.informer(persistentVolumeClaims);
  const volumes = context.informers.informer(persistentVolumes);
  claims.addIndex(classIndex, classesOfClaim);
  volumes.addIndex(classIndex, classesOfVolume);
  const controller = new ProtectionController(context, {
    name: "volumeattributesclass-protection-controller",
    queueName: "vacprotection",
    resource: volumeAttributesClasses,
    finalizer: "kubernetes.io/vac-protection",
    isUsed: ({ metadata }) => {
      const name = metadata?.name ?? "";
      return claims.lister.byIndex(classIndex, name).length > 0 || volumes.lister.byIndex(classIndex, name).length > 0;
    },
  });
  const release = (names: readonly string[]) => {
    for (const name of names) controller.released(name);
  };
  claims.addHandler({
    update: (old, claim) => release(classesOfClaim(old).filter((name) => !classesOfClaim(claim).includes(name))),
    delete: (claim) => release(classesOfClaim(claim)),
  });
  volumes.addHandler({
    update: (old, volume) => release(classesOfVolume(old).filter((name) => !classesOfVolume(volume).includes(name))),
    delete: (volume) => release(classesOfVolume(volume)),
  });
  return controller;
}

function classesOfClaim({ spec, status }: PersistentVolumeClaim): string[] {
  const names = [
    spec?.volumeAttributesClassName,
    status?.currentVolumeAttributesClassName,
    status?.modifyVolumeStatus?.targetVolumeAttributesClassName,
  ];
  return names.filter((name) => name !== undefined && name !== "") as string[];
}

function classesOfVolume({ spec }: PersistentVolume): string[] {
  return spec?.volumeAttributesClassName ? [spec.volumeAttributesClassName] : [];
}
