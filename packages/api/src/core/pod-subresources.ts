/** Two subresources that change part of a Pod's spec: `/ephemeralcontainers` and `/resize`. Source: pkg/registry/core/pod/strategy.go. */

import {
  clone,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  path,
  pushAll,
} from "@kubets/apimachinery";
import type { StatusStrategy } from "../definition.ts";
import type { Container, Pod, PodSpec, ResourceRequirements } from "../generated/types.ts";
import { keep, metadataOf } from "../strategy.ts";
import { mirrorAnnotation, validatePodAnnotationUpdates } from "./pod-annotation-validation.ts";
import { isRestartableInitContainer } from "./pod-helpers.ts";
import { qosClassOf } from "./pod-resources.ts";
import { formatDifferences, semanticEqual } from "./pod-spec-equality.ts";
import { raisePodGeneration } from "./pod-strategy.ts";
import { annotationsPath, validatePodAndSpec } from "./pod-validation.ts";

const keptMetadata = ["labels", "annotations", "finalizers", "ownerReferences", "deletionTimestamp"] as const;

/** Takes back every change but those `change` makes to the stored spec. */
function onlySpecChange(pod: Pod, old: Pod, change: (spec: PodSpec) => void): void {
  const spec = clone(old.spec ?? { containers: [] });
  change(spec);
  pod.spec = spec;
  keep(pod, old, "status");
  const metadata = metadataOf(pod);
  for (const field of keptMetadata) {
    const value = old.metadata?.[field];
    if (value === undefined) delete metadata[field];
    else Object.assign(metadata, { [field]: clone(value) });
  }
}

/** Ephemeral containers are added to a running Pod, and never changed or taken away. Source: KEP-277. */
export const podEphemeralContainersStrategy: StatusStrategy<Pod> = {
  writableFields: [["spec", "ephemeralContainers"]],
  prepareForUpdate(pod, old) {
    const wanted = pod.spec?.ephemeralContainers;
    onlySpecChange(pod, old, (spec) => {
      if (wanted === undefined) delete spec.ephemeralContainers;
      else spec.ephemeralContainers = wanted;
    });
    raisePodGeneration(pod, old);
  },
  validateUpdate: validateEphemeralContainersUpdate,
};

function validateEphemeralContainersUpdate(pod: Pod, old: Pod): FieldError[] {
  if (old.metadata?.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField(path(""), "static pods do not support ephemeral containers")];
  const annotations = pod.metadata?.annotations;
  const spec = pod.spec ?? { containers: [] };
  const errors = [
    ...validatePodAndSpec(pod),
    ...validatePodAnnotationUpdates(annotations, old.metadata?.annotations, spec, annotationsPath),
  ];
  const at = path("spec.ephemeralContainers");
  for (const before of old.spec?.ephemeralContainers ?? []) {
    const after = spec.ephemeralContainers?.find((each) => each.name === before.name);
    const which = `existing ephemeral containers ${JSON.stringify(before.name)} may not be`;
    if (after === undefined) errors.push(forbiddenField(at, `${which} removed\n`));
    else if (!semanticEqual(before, after))
      errors.push(forbiddenField(at, `${which} changed\n${formatDifferences(before, after)}`));
  }
  return errors;
}

/** Resources of running containers. Source: KEP-1287. */
export const podResizeStrategy: StatusStrategy<Pod> = {
  writableFields: [
    ["spec", "resources"],
    ...["containers", "initContainers"].flatMap((list) => [
      ["spec", list, "*", "resources"],
      ["spec", list, "*", "resizePolicy"],
    ]),
  ],
  prepareForUpdate(pod, old) {
    const wanted = pod.spec;
    const isSame =
      sameContainers(wanted?.containers, old.spec?.containers) &&
      sameContainers(wanted?.initContainers, old.spec?.initContainers);
    if (isSame)
      onlySpecChange(pod, old, (spec) => {
        takeResources(spec.containers, wanted?.containers);
        takeResources(spec.initContainers, wanted?.initContainers);
        if (wanted?.resources !== undefined) spec.resources = wanted.resources;
      });
    raisePodGeneration(pod, old);
  },
  validateUpdate: validatePodResize,
};

/** Other containers than the Pod has are left in place for validation to refuse. */
function sameContainers(containers: readonly Container[] = [], old: readonly Container[] = []): boolean {
  return containers.length === old.length && containers.every((each, i) => each.name === old[i]?.name);
}

function takeResources(containers: readonly Container[] = [], wanted: readonly Container[] = []): void {
  for (const [i, container] of containers.entries())
    for (const field of ["resources", "resizePolicy"] as const) {
      const value = wanted[i]?.[field];
      if (value === undefined) delete container[field];
      else Object.assign(container, { [field]: value });
    }
}

function validatePodResize(pod: Pod, old: Pod): FieldError[] {
  const whole = path("");
  const specPath = path("spec");
  if (old.metadata?.annotations?.[mirrorAnnotation] !== undefined)
    return [forbiddenField(whole, "static pods cannot be resized")];
  if (old.spec?.os?.name === "windows") return [forbiddenField(whole, "windows pods cannot be resized")];
  const errors = validatePodAndSpec(pod);
  if ((old.status?.qosClass ?? qosClassOf(old)) !== qosClassOf(pod))
    errors.push(
      invalidValue(specPath, pod.status?.qosClass ?? "", "Pod QOS Class may not change as a result of resizing"),
    );
  if (!isResizeSupported(old)) errors.push(forbiddenField(specPath, "Pod running on node without support for resize"));
  pushAll(errors, validateResizes(pod, old, specPath));
  if (errors.length > 0) return errors;
  const munged = clone(pod.spec ?? { containers: [] });
  restoreAmounts(munged, old.spec);
  return semanticEqual(munged, old.spec) ? [] : [forbiddenField(specPath, "only cpu and memory resources are mutable")];
}

/** A node that can resize reports the resources of its running containers. */
function isResizeSupported(pod: Pod): boolean {
  const running = (pod.status?.containerStatuses ?? []).find((status) => status.state?.running !== undefined);
  return running === undefined || running.resources !== undefined;
}

function validateResizes(pod: Pod, old: Pod, specPath: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const kind of ["initContainers", "containers"] as const)
    for (const [i, before] of (old.spec?.[kind] ?? []).entries()) {
      const after = pod.spec?.[kind]?.[i];
      if (after === undefined) continue;
      if (kind === "initContainers" && !isRestartableInitContainer(before)) {
        if (!semanticEqual(before, after))
          errors.push(forbiddenField(specPath, "resources for non-sidecar init containers are immutable"));
        continue;
      }
      const at = specPath.child(kind).index(i).child("resources");
      for (const list of ["requests", "limits"] as const)
        if (Object.keys(before.resources?.[list] ?? {}).some((name) => after.resources?.[list]?.[name] === undefined))
          errors.push(forbiddenField(at.child(list), `resource ${list} cannot be removed`));
    }
  return errors;
}

interface Resized {
  resources?: ResourceRequirements;
}

/** Puts back the old amounts and resize policies, so that what differs then is something else. */
function restoreAmounts(spec: PodSpec, old: PodSpec | undefined): void {
  restoreCPUAndMemory(spec, old);
  for (const kind of ["containers", "initContainers"] as const)
    for (const [i, container] of (spec[kind] ?? []).entries()) {
      const before = old?.[kind]?.[i];
      restoreCPUAndMemory(container, before);
      if (before?.resizePolicy === undefined) delete container.resizePolicy;
      else container.resizePolicy = before.resizePolicy;
    }
}

function restoreCPUAndMemory(target: Resized, old: Resized | undefined): void {
  for (const list of ["requests", "limits"] as const) {
    const amounts = target.resources?.[list];
    if (amounts === undefined) continue;
    for (const name of ["cpu", "memory"]) {
      const value = old?.resources?.[list]?.[name];
      if (value === undefined) delete amounts[name];
      else amounts[name] = value;
    }
  }
}
