/** The ConfigMaps and Secrets a pod's spec names. */

import type { Pod } from "@kubets/api";
import { allContainers } from "../pods/pod-ref.ts";

export interface PodReferences {
  readonly configMaps: ReadonlySet<string>;
  readonly secrets: ReadonlySet<string>;
}

export function podReferences(pod: Pod): PodReferences {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  const note = (set: Set<string>, name: string | undefined) => {
    if (name) set.add(name);
  };
  for (const { container } of allContainers(pod)) {
    for (const from of container.envFrom ?? []) {
      note(configMaps, from.configMapRef?.name);
      note(secrets, from.secretRef?.name);
    }
    for (const { valueFrom } of container.env ?? []) {
      note(configMaps, valueFrom?.configMapKeyRef?.name);
      note(secrets, valueFrom?.secretKeyRef?.name);
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    note(configMaps, volume.configMap?.name);
    note(secrets, volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      note(configMaps, source.configMap?.name);
      note(secrets, source.secret?.name);
    }
  }
  for (const { name } of pod.spec?.imagePullSecrets ?? []) note(secrets, name);
  return { configMaps, secrets };
}
