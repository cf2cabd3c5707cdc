/** The label that tells a Deployment's ReplicaSets and their pods apart. */

import type { PodTemplateSpec } from "@kubets/api";
import { clone, deepEqual } from "@kubets/apimachinery";

export const podTemplateHashLabel = "pod-template-hash";

/** The same template but for the hash label a controller put there. */
export function sameTemplate(a: PodTemplateSpec | undefined, b: PodTemplateSpec | undefined): boolean {
  return deepEqual(withoutHash(a), withoutHash(b));
}

function withoutHash(template: PodTemplateSpec | undefined): PodTemplateSpec {
  const copy = clone(template ?? {}) as PodTemplateSpec;
  if (copy.metadata?.labels) {
    delete copy.metadata.labels[podTemplateHashLabel];
    if (Object.keys(copy.metadata.labels).length === 0) delete copy.metadata.labels;
  }
  // Upstream's `creationTimestamp: null`, which older clients send in templates.
  if (copy.metadata && Object.values(copy.metadata).every((value) => value === undefined || value === null))
    delete copy.metadata;
  return copy;
}
