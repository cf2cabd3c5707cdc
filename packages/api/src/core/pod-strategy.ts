/** How Pods are made, changed and deleted. Source: pkg/registry/core/pod/strategy.go. */

import { clone, formatTime } from "@kubets/apimachinery";
import type { StatusStrategy, Strategy, StrategyContext } from "../definition.ts";
import type { LabelSelector, Pod, PodAffinityTerm, PodSpec } from "../generated/types.ts";
import { keep, metadataOf } from "../strategy.ts";
import { validateAppArmorProfile } from "./container-security-validation.ts";
import { appArmorFieldOf, appArmorPrefix } from "./pod-annotation-validation.ts";
import { allContainers, isPodTerminal } from "./pod-helpers.ts";
import { qosClassOf } from "./pod-resources.ts";
import { setPodDefaults } from "./pod-spec-defaults.ts";
import { semanticEqual } from "./pod-spec-equality.ts";
import { validatePodStatusUpdate } from "./pod-status-validation.ts";
import { validatePodUpdate } from "./pod-update-validation.ts";
import { annotationsPath, validatePodCreate } from "./pod-validation.ts";
import { podWarnings } from "./pod-warnings.ts";

export const podStrategy: Strategy<Pod> = {
  setDefaults: setPodDefaults,
  prepareForCreate(pod, context) {
    metadataOf(pod).generation = 1;
    pod.status = { phase: "Pending", qosClass: qosClassOf(pod) };
    if (pod.spec === undefined) return;
    addGatedCondition(pod, context);
    mergeLabelKeys(pod.spec, pod.metadata?.labels ?? {});
    copyAppArmorAnnotations(pod);
  },
  validate: validatePodCreate,
  prepareForUpdate(pod, old) {
    keep(pod, old, "status");
    raisePodGeneration(pod, old);
  },
  validateUpdate: validatePodUpdate,
  warnings: (pod, old) => (old === undefined ? podWarnings(pod) : []),
  gracePeriodSeconds: podGracePeriod,
};

/** One more than the old generation when the spec changed. */
export function raisePodGeneration(pod: Pod, old: Pod): void {
  const generation = old.metadata?.generation ?? 0;
  metadataOf(pod).generation = semanticEqual(pod.spec, old.spec) ? generation : generation + 1;
}

/**
 * What was asked for, else the Pod's own period. At once (0) for a Pod that no node has, or that is finished.
 * A negative period means 1: the kubelet is told, and does not wait.
 */
function podGracePeriod(pod: Pod, requested: number | undefined): number {
  if (!pod.spec?.nodeName || isPodTerminal(pod)) return 0;
  const seconds = Number(requested ?? pod.spec.terminationGracePeriodSeconds ?? 0);
  return seconds < 0 ? 1 : seconds;
}

/** Source: KEP-3521. */
function addGatedCondition(pod: Pod, { now }: StrategyContext): void {
  if (!pod.spec?.schedulingGates?.length || pod.status === undefined) return;
  pod.status.conditions = [
    {
      type: "PodScheduled",
      status: "False",
      reason: "SchedulingGated",
      message: "Scheduling is blocked due to non-empty scheduling gates",
      lastTransitionTime: formatTime(now),
    },
  ];
}

/** `matchLabelKeys` become requirements on the Pod's own labels, once, when it is made. Source: KEP-3633, KEP-3243. */
function mergeLabelKeys(spec: PodSpec, labels: Readonly<Record<string, string>>): void {
  for (const affinity of [spec.affinity?.podAffinity, spec.affinity?.podAntiAffinity]) {
    const weighted = affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    for (const { podAffinityTerm } of weighted)
      if (podAffinityTerm !== undefined) mergeTermKeys(podAffinityTerm, labels);
    for (const term of affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []) mergeTermKeys(term, labels);
  }
  for (const { labelSelector, matchLabelKeys } of spec.topologySpreadConstraints ?? [])
    addRequirements(labelSelector, matchLabelKeys, "In", labels);
}

function mergeTermKeys(term: PodAffinityTerm, labels: Readonly<Record<string, string>>): void {
  addRequirements(term.labelSelector, term.matchLabelKeys, "In", labels);
  addRequirements(term.labelSelector, term.mismatchLabelKeys, "NotIn", labels);
}

function addRequirements(
  selector: LabelSelector | undefined,
  keys: readonly string[] | undefined,
  operator: "In" | "NotIn",
  labels: Readonly<Record<string, string>>,
): void {
  if (selector === undefined) return;
  for (const key of keys ?? []) {
    const value = labels[key];
    if (value === undefined) continue;
    selector.matchExpressions = [...(selector.matchExpressions ?? []), { key, operator, values: [value] }];
  }
}

/** The AppArmor annotation of old, as the field it became. */
function copyAppArmorAnnotations(pod: Pod): void {
  if (pod.spec?.os?.name === "windows") return;
  for (const { container } of allContainers(pod.spec)) {
    const annotation = pod.metadata?.annotations?.[appArmorPrefix + container.name];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) continue;
    const profile = appArmorFieldOf(annotation);
    if (profile === undefined || validateAppArmorProfile(profile, annotationsPath).length > 0) continue;
    if (semanticEqual(profile, pod.spec?.securityContext?.appArmorProfile)) continue;
    container.securityContext = { ...container.securityContext, appArmorProfile: profile };
  }
}

/** `/status`: what kubelets and schedulers write. */
export const podStatusStrategy: StatusStrategy<Pod> = {
  resetFields: ["spec", "metadata.deletionTimestamp", "metadata.ownerReferences"],
  prepareForUpdate(pod, old) {
    keep(pod, old, "spec");
    const metadata = metadataOf(pod);
    for (const field of ["deletionTimestamp", "ownerReferences", "generation"] as const) {
      const value = old.metadata?.[field];
      if (value === undefined) delete metadata[field];
      else Object.assign(metadata, { [field]: clone(value) });
    }
    if (!pod.status?.qosClass && old.status?.qosClass) pod.status = { ...pod.status, qosClass: old.status.qosClass };
    keepObservedGenerations(pod, old);
  },
  validateUpdate: validatePodStatusUpdate,
};

/** A client that does not know `observedGeneration` does not clear it. Types may repeat: they are matched in order. */
function keepObservedGenerations(pod: Pod, old: Pod): void {
  if (pod.status === undefined) return;
  if (!pod.status.observedGeneration && old.status?.observedGeneration)
    pod.status.observedGeneration = old.status.observedGeneration;
  const unmatched = Map.groupBy([...(old.status?.conditions ?? [])].reverse(), ({ type }) => type);
  for (const condition of pod.status.conditions ?? []) {
    const before = unmatched.get(condition.type)?.pop();
    if (!condition.observedGeneration && before?.observedGeneration)
      condition.observedGeneration = before.observedGeneration;
  }
}
