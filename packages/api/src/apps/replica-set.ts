/** ReplicaSet: so many Pods of one template, at any time. Source: pkg/apis/apps, pkg/registry/apps/replicaset. */

import { type FieldError, type FieldPath, invalidValue, path, required } from "@kubets/apimachinery";
import { ageColumn, nameColumn } from "../columns.ts";
import { nonNegative } from "../core/pod-field-checks.ts";
import { setPodTemplateDefaults } from "../core/pod-spec-defaults.ts";
import { validatePodTemplateSpec } from "../core/pod-template-validation.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { ReplicaSet, ReplicaSetSpec, ReplicaSetStatus } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { countColumn, selectorColumn, templateColumns, workloadScale } from "./workload-columns.ts";
import {
  notGreater,
  selectorMatchesTemplate,
  selectorUnchanged,
  validateCounts,
  validateSelector,
  validateTemplateLifetime,
  type WorkloadSpec,
  workloadWarnings,
} from "./workload-validation.ts";

const specPath = path("spec");

function setReplicaSetDefaults(set: ReplicaSet): void {
  set.spec ??= {} as ReplicaSetSpec;
  const { spec } = set;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.replicas ??= 1;
}

/** The template of a ReplicaSet, or of the Deployment that will make one. */
export function validateReplicaTemplate({ selector, template }: WorkloadSpec, at: FieldPath): FieldError[] {
  const here = at.child("template");
  const unusable = invalidValue(at.child("selector"), selector ?? null, "invalid label selector");
  return [
    ...selectorMatchesTemplate(selector, template, here, unusable),
    ...validatePodTemplateSpec(template ?? {}, here),
    ...validateTemplateLifetime(template, "ReplicaSet", here),
  ];
}

function validateReplicaSet({ spec }: ReplicaSet): FieldError[] {
  if (spec === undefined) return [required(specPath.child("selector"))];
  return [
    ...nonNegative(specPath.child("replicas"), spec.replicas),
    ...nonNegative(specPath.child("minReadySeconds"), spec.minReadySeconds),
    ...validateSelector(spec.selector, "deployment", specPath.child("selector")),
    ...validateReplicaTemplate(spec, specPath),
  ];
}

/** The numbers in the status of a ReplicaSet, and of a ReplicationController. */
export const replicaStatusCounts = [
  "replicas",
  "fullyLabeledReplicas",
  "readyReplicas",
  "availableReplicas",
  "terminatingReplicas",
  "observedGeneration",
] as const;

/** Also the rule of a ReplicationController's status. */
export function validateReplicaStatus(status: ReplicaSetStatus): FieldError[] {
  const at = path("status");
  const tooMany = "cannot be greater than status.replicas";
  return [
    ...validateCounts(status, replicaStatusCounts, at),
    ...notGreater(status, "fullyLabeledReplicas", "replicas", tooMany, at),
    ...notGreater(status, "readyReplicas", "replicas", tooMany, at),
    ...notGreater(status, "availableReplicas", "replicas", tooMany, at),
    ...notGreater(status, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas", at),
  ];
}

export const replicaSetDefinition: ResourceDefinition<ReplicaSet> = define<ReplicaSet>("apps", "v1", "replicasets", {
  shortNames: ["rs"],
  categories: ["all"],
  strategy: specStrategy<ReplicaSet>(
    {
      setDefaults: setReplicaSetDefaults,
      validate: validateReplicaSet,
      validateUpdate: (set, old) => [...validateReplicaSet(set), ...selectorUnchanged(set.spec, old.spec)],
      warnings: workloadWarnings,
    },
    { status: { replicas: 0 } },
  ),
  status: statusStrategy<ReplicaSet>({ validate: (set) => validateReplicaStatus(set.status ?? { replicas: 0 }) }),
  scale: workloadScale,
  columns: [
    nameColumn,
    countColumn("Desired", (set: ReplicaSet) => set.spec?.replicas),
    countColumn("Current", (set: ReplicaSet) => set.status?.replicas),
    countColumn("Ready", (set: ReplicaSet) => set.status?.readyReplicas),
    ageColumn,
    ...templateColumns<ReplicaSet>(),
    selectorColumn<ReplicaSet>(),
  ],
  selectableFields: { "status.replicas": (set) => String(set.status?.replicas ?? 0) },
});
