/** The pods and claims of a StatefulSet, by ordinal: each has a name of its own that it keeps. Pure. */

import {
  type PersistentVolumeClaim,
  type Pod,
  type PodTemplateSpec,
  type StatefulSet,
  statefulSets,
} from "@kubets/api";
import { clone } from "@kubets/apimachinery";
import { revisionHashLabel } from "../runtime/controller-history.ts";
import { newControllerRef } from "../runtime/controller-ref.ts";

const podNameLabel = "statefulset.kubernetes.io/pod-name";
const podIndexLabel = "apps.kubernetes.io/pod-index";

export function firstOrdinal(set: StatefulSet): number {
  return set.spec?.ordinals?.start ?? 0;
}

/** The ordinal in a pod's name; undefined for a pod that is not of this set. */
export function ordinalOf(set: StatefulSet, pod: Pod): number | undefined {
  const [, parent, digits] = /^(.*)-([0-9]+)$/.exec(pod.metadata?.name ?? "") ?? [];
  return parent === set.metadata?.name ? Number(digits) : undefined;
}

export function podName(set: StatefulSet, ordinal: number): string {
  return `${set.metadata?.name}-${ordinal}`;
}

function claimName(set: StatefulSet, claim: PersistentVolumeClaim, ordinal: number): string {
  return `${claim.metadata?.name}-${set.metadata?.name}-${ordinal}`;
}

export function claimsFor(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  return (set.spec?.volumeClaimTemplates ?? []).map((template) => ({
    ...clone(template),
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: {
      ...clone(template.metadata ?? {}),
      name: claimName(set, template, ordinal),
      namespace: set.metadata?.namespace ?? "",
      // Found by the set's selector, whatever the template says.
      labels: { ...template.metadata?.labels, ...set.spec?.selector.matchLabels },
    },
  }));
}

/** `revision` is the name of the ControllerRevision whose `template` it is. */
export function podFor(set: StatefulSet, template: PodTemplateSpec, revision: string, ordinal: number): Pod {
  const name = podName(set, ordinal);
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const spec = clone(template.spec ?? { containers: [] });
  const claims = (set.spec?.volumeClaimTemplates ?? []).map((claim) => ({
    name: claim.metadata?.name ?? "",
    persistentVolumeClaim: { claimName: claimName(set, claim, ordinal), readOnly: false },
  }));
  const claimed = new Set(claims.map((claim) => claim.name));
  const volumes = [...claims, ...(spec.volumes ?? []).filter((volume) => !claimed.has(volume.name))];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: set.metadata?.namespace ?? "",
      labels: { ...labels, [podNameLabel]: name, [podIndexLabel]: String(ordinal), [revisionHashLabel]: revision },
      ...(annotations === undefined ? {} : { annotations: { ...annotations } }),
      ...(finalizers === undefined ? {} : { finalizers: [...finalizers] }),
      ownerReferences: [newControllerRef(set, statefulSets)],
    },
    spec: {
      ...spec,
      hostname: name,
      ...(set.spec?.serviceName ? { subdomain: set.spec.serviceName } : {}),
      ...(volumes.length > 0 ? { volumes } : {}),
    },
  };
}

export function revisionOf(pod: Pod): string {
  return pod.metadata?.labels?.[revisionHashLabel] ?? "";
}
