/** What an update may change of a Pod. Source: ValidatePodUpdate. */

import {
  clone,
  type FieldError,
  type FieldPath,
  forbiddenField,
  inclusiveRangeError,
  invalidValue,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import type { Container, NodeAffinity, NodeSelectorTerm, Pod, PodSpec, Toleration } from "../generated/types.ts";
import { validateImageSpaces } from "./container-validation.ts";
import { validatePodAnnotationUpdates } from "./pod-annotation-validation.ts";
import { validateTolerations } from "./pod-scheduling-validation.ts";
import { formatDifferences, semanticEqual } from "./pod-spec-equality.ts";
import { annotationsPath, validatePodAndSpec } from "./pod-validation.ts";

const specPath = path("spec");
const maxInt32 = 0x7fff_ffff;

const updatableFields = [
  "`spec.containers[*].image`",
  "`spec.initContainers[*].image`",
  "`spec.activeDeadlineSeconds`",
  "`spec.tolerations` (only additions to existing tolerations)",
  "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
];

export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const spec = pod.spec;
  const oldSpec = old.spec;
  const errors = validatePodAndSpec(pod);
  if (spec === undefined || oldSpec === undefined) return errors;
  pushAll(
    errors,
    validatePodAnnotationUpdates(pod.metadata?.annotations, old.metadata?.annotations, spec, annotationsPath),
  );
  for (const kind of ["containers", "initContainers"] as const) {
    const { errors: found, stop } = validateContainerUpdates(
      spec[kind] ?? [],
      oldSpec[kind] ?? [],
      specPath.child(kind),
    );
    pushAll(errors, found);
    if (stop) return errors;
  }
  const deadline = validateDeadlineUpdate(spec.activeDeadlineSeconds, oldSpec.activeDeadlineSeconds);
  pushAll(errors, deadline);
  if (deadline.length > 0 && spec.activeDeadlineSeconds !== undefined) return errors;
  pushAll(errors, validateTolerationUpdate(spec.tolerations ?? [], oldSpec.tolerations ?? []));
  pushAll(errors, validateGateUpdate(spec, oldSpec));
  return semanticEqual(spec, oldSpec) ? errors : [...errors, ...validateRest(spec, oldSpec)];
}

function validateContainerUpdates(
  containers: readonly Container[],
  old: readonly Container[],
  at: FieldPath,
): { errors: FieldError[]; stop: boolean } {
  if (containers.length !== old.length)
    return { errors: [forbiddenField(at, "pod updates may not add or remove containers")], stop: true };
  const errors = containers.flatMap((container, i) => [
    ...(container.image ? [] : [required(at.index(i).child("image"))]),
    ...validateImageSpaces(container, at.index(i)),
  ]);
  return { errors, stop: false };
}

/** A deadline may be set, and brought forward; never put off or taken away. */
function validateDeadlineUpdate(seconds: number | undefined, old: number | undefined): FieldError[] {
  const at = specPath.child("activeDeadlineSeconds");
  if (seconds === undefined)
    return old === undefined ? [] : [invalidValue(at, null, "must not update from a positive integer to nil value")];
  if (seconds < 0 || seconds > maxInt32) return [invalidValue(at, seconds, inclusiveRangeError(0, maxInt32))];
  if (old !== undefined && old < seconds)
    return [invalidValue(at, seconds, "must be less than or equal to previous value")];
  return [];
}

function validateTolerationUpdate(tolerations: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const at = specPath.child("tolerations");
  // An empty field is as none.
  const withoutSeconds = ({ key, operator, value, effect }: Toleration) =>
    JSON.stringify([key || "", operator || "", value || "", effect || ""]);
  const present = new Set(tolerations.map(withoutSeconds));
  if (!old.every((each) => present.has(withoutSeconds(each))))
    return [forbiddenField(at, "existing toleration can not be modified except its tolerationSeconds")];
  return validateTolerations(tolerations, at);
}

function validateGateUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const oldNames = new Set((old.schedulingGates ?? []).map((gate) => gate.name));
  return (spec.schedulingGates ?? []).flatMap(({ name }, i) =>
    oldNames.has(name)
      ? []
      : [
          forbiddenField(
            specPath.child("schedulingGates").index(i).child("name"),
            `only deletion is allowed, but found new scheduling gate '${name}'`,
          ),
        ],
  );
}

/** Puts back what may change, and refuses any difference that is left. */
function validateRest(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const munged = clone(spec);
  for (const kind of ["containers", "initContainers"] as const)
    for (const [i, container] of (munged[kind] ?? []).entries()) restore(container, old[kind]?.[i] ?? {}, "image");
  restore(munged, old, "activeDeadlineSeconds");
  restore(munged, old, "schedulingGates");
  restore(munged, old, "tolerations");
  if ((old.terminationGracePeriodSeconds ?? 0) < 0 && munged.terminationGracePeriodSeconds === 1)
    restore(munged, old, "terminationGracePeriodSeconds");
  if (old.schedulingGates?.length) pushAll(errors, validateGatedChanges(munged, old));
  if (!semanticEqual(munged, old))
    errors.push(
      forbiddenField(
        specPath,
        `pod updates may not change fields other than ${updatableFields.join(",")}\n${formatDifferences(old, munged)}`,
      ),
    );
  return errors;
}

function restore<T extends object, K extends keyof T>(target: T, old: Partial<T>, field: K): void {
  const value = old[field];
  if (value === undefined) delete target[field];
  else target[field] = value;
}

/** A gated Pod is not yet scheduled: where it may go can still be narrowed. Source: KEP-3838. */
function validateGatedChanges(munged: PodSpec, old: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  const selector = munged.nodeSelector ?? {};
  if (Object.entries(old.nodeSelector ?? {}).some(([key, value]) => selector[key] !== value))
    errors.push(
      invalidValue(
        specPath.child("nodeSelector"),
        selector,
        "only additions to spec.nodeSelector are allowed (no mutations or deletions)",
      ),
    );
  restore(munged, old, "nodeSelector");

  const affinityPath = specPath.child("affinity", "nodeAffinity");
  pushAll(errors, validateNodeAffinityChange(munged.affinity?.nodeAffinity, old.affinity?.nodeAffinity, affinityPath));
  const affinity = { ...munged.affinity };
  restore(affinity, old.affinity ?? {}, "nodeAffinity");
  munged.affinity = affinity;
  return errors;
}

function validateNodeAffinityChange(
  affinity: NodeAffinity | undefined,
  old: NodeAffinity | undefined,
  at: FieldPath,
): FieldError[] {
  const oldTerms = old?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const terms = affinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const here = at.child("requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms");
  if (oldTerms.length === 0) return [];
  if (oldTerms.length !== terms.length)
    return [invalidValue(here, terms, "no additions/deletions to non-empty NodeSelectorTerms list are allowed")];
  return terms.flatMap((term, i) =>
    hasOnlyAdditions(term, oldTerms[i] ?? {})
      ? []
      : [invalidValue(here.index(i), term, "only additions are allowed (no mutations or deletions)")],
  );
}

function hasOnlyAdditions(term: NodeSelectorTerm, old: NodeSelectorTerm): boolean {
  const lists = ["matchExpressions", "matchFields"] as const;
  // An empty term matches nothing: giving it requirements would make it match something.
  if (lists.every((list) => !old[list]?.length)) return lists.every((list) => !term[list]?.length);
  return lists.every((list) => {
    const before = old[list] ?? [];
    return semanticEqual((term[list] ?? []).slice(0, before.length), before);
  });
}
