/** Workload and PodGroup: Pods that are scheduled together or not at all. Source: pkg/apis/scheduling/validation. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1123Label,
  nameIsDNSSubdomain,
  path,
  required,
  seenBefore,
  tooMany,
  validateImmutableField,
} from "@kubets/apimachinery";
import { pathSegment } from "../core/name-checks.ts";
import { complaints, dnsSubdomain } from "../core/pod-field-checks.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type {
  PodGroupSchedulingPolicyV1alpha2,
  PodGroupTemplateReferenceV1alpha2,
  PodGroupV1alpha2,
  TypedLocalObjectReferenceV1alpha2,
  WorkloadSpecV1alpha2,
  WorkloadV1alpha2,
} from "../generated/unstable-types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

type Workload = WorkloadV1alpha2;
type PodGroup = PodGroupV1alpha2;

const specPath = path("spec");
const group = "scheduling.k8s.io";
const maxTemplates = 8;

/** A Pod group's name is one without dots, a template's too. */
function shortName(name: string | undefined, at: FieldPath): FieldError[] {
  return name ? complaints(at, name, isDNS1123Label(name)) : [required(at)];
}

function validatePolicy(policy: PodGroupSchedulingPolicyV1alpha2 | undefined, at: FieldPath): FieldError[] {
  const { basic, gang } = policy ?? {};
  if (basic !== undefined && gang !== undefined) {
    const why = "exactly one of `basic`, `gang` is required, but multiple fields are set";
    return [invalidValue(at, "{`basic`, `gang`}", why)];
  }
  if (gang === undefined) {
    return basic === undefined ? [invalidValue(at, "", "must specify one of: `basic`, `gang`")] : [];
  }
  const where = at.child("gang", "minCount");
  if (!gang.minCount) return [required(where)];
  return gang.minCount < 0 ? [invalidValue(where, gang.minCount, "must be greater than or equal to 1")] : [];
}

function validateController(ref: TypedLocalObjectReferenceV1alpha2, at: FieldPath): FieldError[] {
  return [
    ...(ref.apiGroup ? dnsSubdomain(at.child("apiGroup"), ref.apiGroup) : []),
    ...pathSegment(at.child("kind"), ref.kind ?? ""),
    ...pathSegment(at.child("name"), ref.name ?? ""),
  ];
}

function validateWorkload({ spec }: Workload): FieldError[] {
  const { controllerRef, podGroupTemplates = [] } = (spec ?? {}) as Partial<WorkloadSpecV1alpha2>;
  const at = specPath.child("podGroupTemplates");
  const errors = controllerRef === undefined ? [] : validateController(controllerRef, specPath.child("controllerRef"));
  if (podGroupTemplates.length === 0) return [...errors, required(at, "must have at least one item")];
  if (podGroupTemplates.length > maxTemplates) return [...errors, tooMany(at, podGroupTemplates.length, maxTemplates)];
  const seen = seenBefore<string>();
  const templates = podGroupTemplates.flatMap(({ name, schedulingPolicy }, i) => {
    return [
      ...shortName(name, at.index(i).child("name")),
      ...(seen(name) ? [duplicate(at.index(i), name)] : []),
      ...validatePolicy(schedulingPolicy, at.index(i).child("schedulingPolicy")),
    ];
  });
  return [...errors, ...templates];
}

function validateWorkloadUpdate({ spec }: Workload, old: Workload): FieldError[] {
  const at = specPath.child("controllerRef");
  const before = old.spec?.controllerRef;
  const ref = spec?.controllerRef;
  const controller = ref === undefined ? [] : validateController(ref, at);
  return [
    ...(before === undefined ? controller : validateImmutableField(ref, before, at)),
    ...validateImmutableField(
      spec?.podGroupTemplates,
      old.spec?.podGroupTemplates,
      specPath.child("podGroupTemplates"),
    ),
  ];
}

export function workloadDefinition(version: string): ResourceDefinition<Workload> {
  return define<Workload>(group, version, "workloads", {
    strategy: specStrategy<Workload>(
      { validateName: nameIsDNSSubdomain, validate: validateWorkload, validateUpdate: validateWorkloadUpdate },
      { status: false },
    ),
  });
}

function validateTemplateReference({ workload }: PodGroupTemplateReferenceV1alpha2, at: FieldPath): FieldError[] {
  const where = at.child("workload");
  if (workload === undefined) return [invalidValue(at, "", "must specify one of: `workload`")];
  return [
    ...(workload.workloadName
      ? dnsSubdomain(where.child("workloadName"), workload.workloadName)
      : [required(where.child("workloadName"))]),
    ...shortName(workload.podGroupTemplateName, where.child("podGroupTemplateName")),
  ];
}

function validatePodGroup({ spec }: PodGroup): FieldError[] {
  const ref = spec?.podGroupTemplateRef;
  return [
    ...(ref === undefined ? [] : validateTemplateReference(ref, specPath.child("podGroupTemplateRef"))),
    ...validatePolicy(spec?.schedulingPolicy, specPath.child("schedulingPolicy")),
  ];
}

export function podGroupDefinition(version: string): ResourceDefinition<PodGroup> {
  return define<PodGroup>(group, version, "podgroups", {
    strategy: specStrategy<PodGroup>({
      validateName: nameIsDNSSubdomain,
      validate: validatePodGroup,
      validateUpdate: (podGroup, old) =>
        (["podGroupTemplateRef", "schedulingPolicy"] as const).flatMap((field) =>
          validateImmutableField(podGroup.spec?.[field], old.spec?.[field], specPath.child(field)),
        ),
    }),
    status: statusStrategy<PodGroup>({ keepsMetadata: true }),
  });
}
