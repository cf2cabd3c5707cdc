/** ReplicationController: what ReplicaSets were before they had selectors by expression. Source: pkg/registry/core/replicationcontroller. */

import { type FieldError, invalidValue, path, required, selectorFromSet } from "@kubets/apimachinery";
import { validateReplicaStatus } from "../apps/replica-set.ts";
import { countColumn, workloadScale } from "../apps/workload-columns.ts";
import { validateTemplateLifetime } from "../apps/workload-validation.ts";
import { ageColumn, column, containerColumns, formatLabels, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { ReplicationController } from "../generated/types.ts";
import { metadataOf, specStrategy, statusStrategy } from "../strategy.ts";
import { nonNegative } from "./pod-field-checks.ts";
import { setPodTemplateDefaults } from "./pod-spec-defaults.ts";
import { validatePodTemplateSpec } from "./pod-template-validation.ts";
import { podTemplateWarnings } from "./pod-warnings.ts";

const specPath = path("spec");

/** Selector and labels, where there are none, are the template's labels. */
function setDefaults(controller: ReplicationController): void {
  controller.spec ??= {};
  const { spec } = controller;
  setPodTemplateDefaults(spec.template);
  const labels = spec.template?.metadata?.labels;
  if (labels !== undefined) {
    const isEmpty = (map: object | undefined) => Object.keys(map ?? {}).length === 0;
    if (isEmpty(spec.selector)) spec.selector = { ...labels };
    if (isEmpty(controller.metadata?.labels)) metadataOf(controller).labels = { ...labels };
  }
  spec.replicas ??= 1;
}

function validate({ spec = {} }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const isEmpty = Object.keys(selector).length === 0;
  const errors = [
    ...nonNegative(specPath.child("minReadySeconds"), spec.minReadySeconds),
    ...(isEmpty ? [required(specPath.child("selector"))] : []),
    ...nonNegative(specPath.child("replicas"), spec.replicas),
  ];
  const at = specPath.child("template");
  if (template === undefined) return [...errors, required(at)];
  const labels = template.metadata?.labels;
  if (!isEmpty && !selectorFromSet(selector).matches(labels))
    errors.push(
      invalidValue(at.child("metadata", "labels"), labels ?? null, "`selector` does not match template `labels`"),
    );
  return [
    ...errors,
    ...validatePodTemplateSpec(template, at),
    ...validateTemplateLifetime(template, "ReplicationController", at),
  ];
}

export const replicationControllerDefinition: ResourceDefinition<ReplicationController> = define<ReplicationController>(
  "",
  "v1",
  "replicationcontrollers",
  {
    shortNames: ["rc"],
    categories: ["all"],
    storagePath: "controllers",
    strategy: specStrategy<ReplicationController>(
      {
        setDefaults,
        validate,
        validateUpdate: validate,
        warnings: (controller, old) =>
          old?.metadata?.generation === controller.metadata?.generation && old !== undefined
            ? []
            : podTemplateWarnings(controller.spec?.template, specPath.child("template")),
      },
      { status: { replicas: 0 } },
    ),
    status: statusStrategy<ReplicationController>({
      validate: (controller) => validateReplicaStatus(controller.status ?? { replicas: 0 }),
    }),
    scale: workloadScale,
    columns: [
      nameColumn,
      countColumn("Desired", (controller: ReplicationController) => controller.spec?.replicas),
      countColumn("Current", (controller: ReplicationController) => controller.status?.replicas),
      countColumn("Ready", (controller: ReplicationController) => controller.status?.readyReplicas),
      ageColumn,
      ...containerColumns<ReplicationController>((controller) => controller.spec?.template?.spec?.containers ?? []),
      column("Selector", (controller: ReplicationController) => formatLabels(controller.spec?.selector), {
        wide: true,
      }),
    ],
    selectableFields: { "status.replicas": (controller) => String(controller.status?.replicas ?? 0) },
  },
);
