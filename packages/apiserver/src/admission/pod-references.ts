/** What a pod refers to by name. Source: kubernetes' pkg/api/pod (VisitPodSecretNames, VisitPodConfigmapNames). */

import { allContainers, type Pod, type Volume } from "@kubets/api";

/** Names of secrets, in the pod's namespace; a name may come twice. */
export function* secretNamesOf({ spec }: Pod): Generator<string> {
  for (const { name } of spec?.imagePullSecrets ?? []) yield* named(name);
  for (const { container } of allContainers(spec)) {
    for (const { secretRef } of container.envFrom ?? []) yield* named(secretRef?.name);
    for (const { valueFrom } of container.env ?? []) yield* named(valueFrom?.secretKeyRef?.name);
  }
  for (const volume of spec?.volumes ?? []) yield* volumeSecrets(volume);
}

function* volumeSecrets(volume: Volume): Generator<string> {
  const { azureFile, cephfs, cinder, csi, flexVolume, iscsi, projected, rbd, scaleIO, secret, storageos } = volume;
  yield* named(azureFile?.secretName);
  yield* named(secret?.secretName);
  for (const { secret: source } of projected?.sources ?? []) yield* named(source?.name);
  for (const source of [cephfs, cinder, flexVolume, iscsi, rbd, scaleIO, storageos])
    yield* named(source?.secretRef?.name);
  yield* named(csi?.nodePublishSecretRef?.name);
}

export function* configMapNamesOf({ spec }: Pod): Generator<string> {
  for (const { container } of allContainers(spec)) {
    for (const { configMapRef } of container.envFrom ?? []) yield* named(configMapRef?.name);
    for (const { valueFrom } of container.env ?? []) yield* named(valueFrom?.configMapKeyRef?.name);
  }
  for (const { configMap, projected } of spec?.volumes ?? []) {
    yield* named(configMap?.name);
    for (const { configMap: source } of projected?.sources ?? []) yield* named(source?.name);
  }
}

/** Claims it names, and those that are made for its ephemeral volumes. */
export function* claimNamesOf({ metadata, spec }: Pod): Generator<string> {
  for (const { name, persistentVolumeClaim, ephemeral } of spec?.volumes ?? []) {
    yield* named(persistentVolumeClaim?.claimName);
    if (ephemeral) yield `${metadata?.name}-${name}`;
  }
}

function* named(name: string | undefined): Generator<string> {
  if (name) yield name;
}
