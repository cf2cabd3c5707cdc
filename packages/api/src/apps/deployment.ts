/** Deployment: replicas of a Pod, replaced step by step when the template changes. Source: pkg/apis/apps, pkg/registry/apps/deployment. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  path,
  required,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { nonNegative } from "../core/pod-field-checks.ts";
import { setPodTemplateDefaults } from "../core/pod-spec-defaults.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { Deployment, DeploymentSpec, DeploymentStatus, DeploymentStrategy } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateReplicaTemplate } from "./replica-set.ts";
import { selectorColumn, templateColumns, textCountColumn, workloadScale } from "./workload-columns.ts";
import {
  atMost100Percent,
  collisionCountNotDecremented,
  intOrPercentNumber,
  notGreater,
  selectorUnchanged,
  validateCounts,
  validateIntOrPercent,
  validateSelector,
  workloadWarnings,
} from "./workload-validation.ts";

const specPath = path("spec");

function setDeploymentDefaults(deployment: Deployment): void {
  deployment.spec ??= {} as DeploymentSpec;
  const { spec } = deployment;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.replicas ??= 1;
  spec.strategy ??= {};
  spec.strategy.type ||= "RollingUpdate";
  if (spec.strategy.type === "RollingUpdate") {
    spec.strategy.rollingUpdate ??= {};
    spec.strategy.rollingUpdate.maxUnavailable ??= "25%";
    spec.strategy.rollingUpdate.maxSurge ??= "25%";
  }
  spec.revisionHistoryLimit ??= 10;
  spec.progressDeadlineSeconds ??= 600;
}

function validateDeployment({ spec }: Deployment): FieldError[] {
  if (spec === undefined) return [required(specPath.child("selector"))];
  return [
    ...nonNegative(specPath.child("replicas"), spec.replicas),
    ...validateSelector(spec.selector, "deployment", specPath.child("selector")),
    ...validateReplicaTemplate(spec, specPath),
    ...validateStrategy(spec.strategy ?? {}, specPath.child("strategy")),
    ...nonNegative(specPath.child("minReadySeconds"), spec.minReadySeconds),
    ...nonNegative(specPath.child("revisionHistoryLimit"), spec.revisionHistoryLimit),
    ...validateProgressDeadline(spec, specPath.child("progressDeadlineSeconds")),
  ];
}

function validateStrategy(strategy: DeploymentStrategy, at: FieldPath): FieldError[] {
  const here = at.child("rollingUpdate");
  const { type, rollingUpdate } = strategy;
  if (type === "Recreate")
    return rollingUpdate === undefined
      ? []
      : [forbiddenField(here, "may not be specified when strategy `type` is 'Recreate'")];
  if (type !== "RollingUpdate") return [notSupported(at, strategy, ["Recreate", "RollingUpdate"])];
  if (rollingUpdate === undefined) return [required(here, "this should be defaulted and never be nil")];

  const { maxUnavailable, maxSurge } = rollingUpdate;
  const errors = [
    ...validateIntOrPercent(maxUnavailable, here.child("maxUnavailable")),
    ...validateIntOrPercent(maxSurge, here.child("maxSurge")),
  ];
  if (intOrPercentNumber(maxUnavailable) === 0 && intOrPercentNumber(maxSurge) === 0)
    errors.push(invalidValue(here.child("maxUnavailable"), maxUnavailable, "may not be 0 when `maxSurge` is 0"));
  return [...errors, ...atMost100Percent(maxUnavailable, here.child("maxUnavailable"))];
}

function validateProgressDeadline(
  { progressDeadlineSeconds, minReadySeconds = 0 }: DeploymentSpec,
  at: FieldPath,
): FieldError[] {
  if (progressDeadlineSeconds === undefined) return [];
  const errors = nonNegative(at, progressDeadlineSeconds);
  if (progressDeadlineSeconds <= minReadySeconds)
    errors.push(invalidValue(at, progressDeadlineSeconds, "must be greater than minReadySeconds"));
  return errors;
}

function validateStatus(deployment: Deployment, old: Deployment): FieldError[] {
  const at = path("status");
  const status: DeploymentStatus = deployment.status ?? {};
  const tooMany = "cannot be greater than status.replicas";
  return [
    ...validateCounts(
      status,
      [
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount",
      ],
      at,
    ),
    ...notGreater(status, "updatedReplicas", "replicas", tooMany, at),
    ...notGreater(status, "readyReplicas", "replicas", tooMany, at),
    ...notGreater(status, "availableReplicas", "replicas", tooMany, at),
    ...notGreater(status, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas", at),
    ...collisionCountNotDecremented(deployment.status, old.status),
  ];
}

export const deploymentDefinition: ResourceDefinition<Deployment> = define<Deployment>("apps", "v1", "deployments", {
  shortNames: ["deploy"],
  categories: ["all"],
  strategy: specStrategy<Deployment>(
    {
      setDefaults: setDeploymentDefaults,
      validate: validateDeployment,
      validateUpdate: (deployment, old) => [
        ...validateDeployment(deployment),
        ...selectorUnchanged(deployment.spec, old.spec),
      ],
      warnings: workloadWarnings,
    },
    // The controller copies annotations to ReplicaSets, so it must see that they changed.
    { generationOf: ["spec", "metadata.annotations"] },
  ),
  status: statusStrategy<Deployment>({ keepsLabels: true, validate: validateStatus }),
  scale: workloadScale,
  columns: [
    nameColumn,
    column("Ready", ({ spec, status }: Deployment) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
    textCountColumn("Up-to-date", (deployment: Deployment) => deployment.status?.updatedReplicas),
    textCountColumn("Available", (deployment: Deployment) => deployment.status?.availableReplicas),
    ageColumn,
    ...templateColumns<Deployment>(),
    selectorColumn<Deployment>(),
  ],
});
