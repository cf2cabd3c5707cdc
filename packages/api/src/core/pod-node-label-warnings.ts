/** Old names of node labels in a Pod's placement. Source: pkg/api/node. */

import type { FieldPath } from "@kubets/apimachinery";
import type { PodSpec } from "../generated/types.ts";

const deprecatedLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
};

/** What to say of a label's name; undefined for one that is not deprecated. */
export function nodeLabelMessage(label: string): string | undefined {
  return Object.hasOwn(deprecatedLabels, label) ? deprecatedLabels[label] : undefined;
}

export function nodeLabelWarnings(spec: PodSpec, at: FieldPath): string[] {
  const warnings: string[] = [];
  for (const key of Object.keys(spec.nodeSelector ?? {})) {
    const message = nodeLabelMessage(key);
    if (message !== undefined) warnings.push(`${at.child("nodeSelector").key(key)}: ${message}`);
  }
  for (const { term, here } of affinityTerms(spec, at))
    for (const [i, { key }] of (term?.matchExpressions ?? []).entries()) {
      const message = nodeLabelMessage(key);
      if (message !== undefined)
        warnings.push(`${here.child("matchExpressions").index(i).child("key")}: ${key} is ${message}`);
    }
  return warnings;
}

function affinityTerms({ affinity }: PodSpec, at: FieldPath) {
  const node = affinity?.nodeAffinity;
  const here = at.child("affinity", "nodeAffinity");
  const requiredAt = here.child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  const preferredAt = here.child("preferredDuringSchedulingIgnoredDuringExecution");
  return [
    ...(node?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? []).map((term, i) => ({
      term,
      here: requiredAt.index(i),
    })),
    ...(node?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ preference }, i) => ({
      term: preference,
      here: preferredAt.index(i).child("preference"),
    })),
  ];
}
