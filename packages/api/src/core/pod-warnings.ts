/** What a client is warned of when it makes a Pod or a template. Source: pkg/api/pod/warnings.go. */

import { type FieldPath, isDNS1123Label, type ObjectMeta, path, tryParseQuantity } from "@kubets/apimachinery";
import type { Container, Pod, PodAffinity, PodSpec, PodTemplateSpec, Volume } from "../generated/types.ts";
import { portWarnings } from "./container-port-warnings.ts";
import { allContainers } from "./pod-helpers.ts";
import { nodeLabelMessage, nodeLabelWarnings } from "./pod-node-label-warnings.ts";

export function podWarnings(pod: Pod): string[] {
  const problems = isDNS1123Label(pod.metadata?.name ?? "");
  const name =
    problems.length === 0
      ? []
      : [
          `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${problems.join(" ")}]`,
        ];
  return pod.spec === undefined ? name : [...name, ...specWarnings(pod.spec, pod.metadata, path())];
}

/** `at` is where the template stands: `spec.template`. */
export function podTemplateWarnings(template: PodTemplateSpec | undefined, at: FieldPath): string[] {
  return template?.spec === undefined ? [] : specWarnings(template.spec, template.metadata, at);
}

function specWarnings(spec: PodSpec, meta: ObjectMeta | undefined, root: FieldPath): string[] {
  const at = root.child("spec");
  return [
    ...nodeLabelWarnings(spec, at),
    ...spreadWarnings(spec, at),
    ...annotationWarnings(meta, root.child("metadata", "annotations")),
    ...(spec.volumes ?? []).flatMap((volume, i) => volumeWarnings(volume, at.child("volumes").index(i))),
    ...duplicates(spec.hostAliases ?? [], "ip", at.child("hostAliases")),
    ...pullSecretWarnings(spec, at.child("imagePullSecrets")),
    ...fractionWarnings(spec.overhead, at.child("overhead")),
    ...[...allContainers(spec)].flatMap(({ kind, index, container }) =>
      containerWarnings(container, at.child(kind).index(index)),
    ),
    ...portWarnings(spec, at),
    ...graceWarnings(spec, at.child("terminationGracePeriodSeconds")),
    ...affinityWarnings(spec.affinity?.podAffinity, at.child("affinity", "podAffinity")),
    ...affinityWarnings(spec.affinity?.podAntiAffinity, at.child("affinity", "podAntiAffinity")),
  ];
}

function graceWarnings({ terminationGracePeriodSeconds: seconds = 0 }: PodSpec, at: FieldPath): string[] {
  return seconds < 0 ? [`${at}: must be >= 0; negative values are invalid and will be treated as 1`] : [];
}

const matchesNothing = "a null labelSelector results in matching no pod";

function spreadWarnings(spec: PodSpec, at: FieldPath): string[] {
  return (spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, i) => {
    const here = at.child("topologySpreadConstraints").index(i);
    const message = nodeLabelMessage(topologyKey);
    return [
      ...(message === undefined ? [] : [`${here.child("topologyKey")}: ${topologyKey} is ${message}`]),
      ...(labelSelector === undefined ? [`${here.child("labelSelector")}: ${matchesNothing}`] : []),
    ];
  });
}

const deprecatedAnnotations: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

function annotationWarnings(meta: ObjectMeta | undefined, at: FieldPath): string[] {
  return Object.entries(deprecatedAnnotations)
    .filter(([key]) => meta?.annotations?.[key] !== undefined)
    .map(([key, message]) => `${at.key(key)}: ${message}`);
}

const deprecatedVolumes: readonly (readonly [keyof Volume, string, string])[] = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

function volumeWarnings(volume: Volume, at: FieldPath): string[] {
  return deprecatedVolumes
    .filter(([field]) => volume[field] !== undefined)
    .map(([, name, message]) => `${at.child(name)}: ${message}`);
}

function duplicates<K extends string>(
  list: readonly { readonly [P in K]?: string }[],
  field: K,
  at: FieldPath,
): string[] {
  const seen = new Set<string>();
  return list.flatMap((each, i) => {
    const value = each[field] ?? "";
    if (seen.has(value)) return [`${at.index(i).child(field)}: duplicate ${field} ${JSON.stringify(value)}`];
    seen.add(value);
    return [];
  });
}

function pullSecretWarnings({ imagePullSecrets = [] }: PodSpec, at: FieldPath): string[] {
  return [
    ...duplicates(imagePullSecrets, "name", at),
    ...imagePullSecrets.flatMap(({ name }, i) => (name ? [] : [`${at.index(i).child("name")}: invalid empty name ""`])),
  ];
}

function fractionWarnings(list: Readonly<Record<string, string>> | undefined, at: FieldPath): string[] {
  return ["memory", "ephemeral-storage"].flatMap((name) => {
    const quantity = tryParseQuantity(list?.[name]);
    if (quantity === undefined || quantity.milliValue() % 1000 === 0) return [];
    return [`${at.key(name)}: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`];
  });
}

function containerWarnings(container: Container, at: FieldPath): string[] {
  return [
    ...fractionWarnings(container.resources?.limits, at.child("resources", "limits")),
    ...fractionWarnings(container.resources?.requests, at.child("resources", "requests")),
    ...envWarnings(container, at.child("env")),
  ];
}

/** A second value that builds on the first (`X=$(X):more`) is meant; any other hides it. */
function envWarnings(container: Container, at: FieldPath): string[] {
  const seen = new Set<string>();
  return (container.env ?? []).flatMap(({ name, value = "", valueFrom }, i) => {
    if (!seen.has(name)) {
      seen.add(name);
      return [];
    }
    const reference = `$(${name})`;
    if (valueFrom === undefined && value !== reference && value.includes(reference)) return [];
    const which = JSON.stringify(name);
    return [`${at.index(i)}: hides previous definition of ${which}, which may be dropped when using apply`];
  });
}

function affinityWarnings(affinity: PodAffinity | undefined, at: FieldPath): string[] {
  const requiredAt = at.child("requiredDuringSchedulingIgnoredDuringExecution");
  const preferredAt = at.child("preferredDuringSchedulingIgnoredDuringExecution");
  return [
    ...(affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ labelSelector }, i) =>
      labelSelector === undefined ? [`${requiredAt.index(i).child("labelSelector")}: ${matchesNothing}`] : [],
    ),
    ...(affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(({ podAffinityTerm }, i) =>
      podAffinityTerm?.labelSelector === undefined
        ? [`${preferredAt.index(i).child("podAffinityTerm", "labelSelector")}: ${matchesNothing}`]
        : [],
    ),
  ];
}
