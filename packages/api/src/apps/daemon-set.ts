/** DaemonSet: one Pod on each node that suits. Source: pkg/apis/apps, pkg/registry/apps/daemonset. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  notSupported,
  path,
  required,
  validateLabelSelector,
} from "@kubets/apimachinery";
import { ageColumn, column, formatLabels, nameColumn } from "../columns.ts";
import { nonNegative } from "../core/pod-field-checks.ts";
import { setPodTemplateDefaults } from "../core/pod-spec-defaults.ts";
import { semanticEqual } from "../core/pod-spec-equality.ts";
import { validatePodTemplateSpec } from "../core/pod-template-validation.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from "../generated/types.ts";
import { metadataOf, specStrategy, statusStrategy } from "../strategy.ts";
import { countColumn, selectorColumn, templateColumns } from "./workload-columns.ts";
import {
  atMost100Percent,
  collisionCountNotDecremented,
  emptySelector,
  intOrPercentNumber,
  selectorMatchesTemplate,
  selectorUnchanged,
  validateCounts,
  validateIntOrPercent,
  validateTemplateLifetime,
  workloadWarnings,
} from "./workload-validation.ts";

const specPath = path("spec");

/** Where v1 keeps what was once `spec.templateGeneration`: how often the template has changed. */
export const templateGenerationAnnotation = "deprecated.daemonset.template.generation";

const counts = [
  "currentNumberScheduled",
  "numberMisscheduled",
  "desiredNumberScheduled",
  "numberReady",
  "observedGeneration",
  "updatedNumberScheduled",
  "numberAvailable",
  "numberUnavailable",
  "collisionCount",
] as const;

function setDaemonSetDefaults(set: DaemonSet): void {
  set.spec ??= {} as DaemonSetSpec;
  const { spec } = set;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  strategy.type ||= "RollingUpdate";
  if (strategy.type === "RollingUpdate") {
    strategy.rollingUpdate ??= {};
    strategy.rollingUpdate.maxUnavailable ??= 1;
    strategy.rollingUpdate.maxSurge ??= 0;
  }
  spec.revisionHistoryLimit ??= 10;
}

function validateDaemonSet({ spec }: DaemonSet): FieldError[] {
  const { selector, template } = spec ?? {};
  const here = specPath.child("template");
  return [
    ...(selector === undefined ? [] : validateLabelSelector(selector, specPath.child("selector"))),
    ...selectorMatchesTemplate(selector, template, here),
    ...emptySelector(selector, "daemonset", specPath.child("selector")),
    ...validatePodTemplateSpec(template ?? {}, here),
    ...validateTemplateLifetime(template, "DaemonSet", here),
    ...nonNegative(specPath.child("minReadySeconds"), spec?.minReadySeconds),
    ...validateUpdateStrategy(spec?.updateStrategy ?? {}, specPath.child("updateStrategy")),
    ...nonNegative(specPath.child("revisionHistoryLimit"), spec?.revisionHistoryLimit),
  ];
}

function validateUpdateStrategy(strategy: DaemonSetUpdateStrategy, at: FieldPath): FieldError[] {
  if (strategy.type === "OnDelete") return [];
  if (strategy.type !== "RollingUpdate") return [notSupported(at, strategy, ["RollingUpdate", "OnDelete"])];
  const here = at.child("rollingUpdate");
  return strategy.rollingUpdate === undefined ? [required(here)] : validateRollingUpdate(strategy.rollingUpdate, here);
}

/** A node either has the old Pod until the new one is ready (surge), or neither for a moment. */
function validateRollingUpdate({ maxUnavailable, maxSurge }: RollingUpdateDaemonSet, at: FieldPath): FieldError[] {
  const unavailableAt = at.child("maxUnavailable");
  const surgeAt = at.child("maxSurge");
  const errors = [
    ...validateIntOrPercent(maxUnavailable, unavailableAt),
    ...validateIntOrPercent(maxSurge, surgeAt),
    ...atMost100Percent(maxUnavailable, unavailableAt),
    ...atMost100Percent(maxSurge, surgeAt),
  ];
  const hasUnavailable = intOrPercentNumber(maxUnavailable) !== 0;
  const hasSurge = intOrPercentNumber(maxSurge) !== 0;
  if (hasUnavailable && hasSurge)
    errors.push(invalidValue(surgeAt, maxSurge, "may not be set when maxUnavailable is non-zero"));
  if (!hasUnavailable && !hasSurge) errors.push(required(unavailableAt, "cannot be 0 when maxSurge is 0"));
  return errors;
}

function setTemplateGeneration(set: DaemonSet, generation: number): void {
  const metadata = metadataOf(set);
  metadata.annotations = { ...metadata.annotations, [templateGenerationAnnotation]: String(generation) };
}

function templateGeneration(set: DaemonSet): number {
  return Number(set.metadata?.annotations?.[templateGenerationAnnotation]) || 0;
}

function validateStatus(set: DaemonSet, old: DaemonSet): FieldError[] {
  return [
    ...(set.status === undefined ? [] : validateCounts(set.status, counts, path("status"))),
    ...collisionCountNotDecremented(set.status, old.status),
  ];
}

export const daemonSetDefinition: ResourceDefinition<DaemonSet> = define<DaemonSet>("apps", "v1", "daemonsets", {
  shortNames: ["ds"],
  categories: ["all"],
  strategy: specStrategy<DaemonSet>(
    {
      setDefaults: setDaemonSetDefaults,
      prepareForCreate: (set) => setTemplateGeneration(set, Math.max(templateGeneration(set), 1)),
      prepareForUpdate(set, old) {
        const isSame = semanticEqual(set.spec?.template, old.spec?.template);
        setTemplateGeneration(set, templateGeneration(old) + (isSame ? 0 : 1));
      },
      validate: validateDaemonSet,
      validateUpdate: (set, old) => [...validateDaemonSet(set), ...selectorUnchanged(set.spec, old.spec)],
      warnings: workloadWarnings,
    },
    { status: { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 } },
  ),
  status: statusStrategy<DaemonSet>({ validate: validateStatus }),
  columns: [
    nameColumn,
    countColumn("Desired", (set: DaemonSet) => set.status?.desiredNumberScheduled),
    countColumn("Current", (set: DaemonSet) => set.status?.currentNumberScheduled),
    countColumn("Ready", (set: DaemonSet) => set.status?.numberReady),
    countColumn("Up-to-date", (set: DaemonSet) => set.status?.updatedNumberScheduled),
    countColumn("Available", (set: DaemonSet) => set.status?.numberAvailable),
    column("Node Selector", (set: DaemonSet) => formatLabels(set.spec?.template?.spec?.nodeSelector)),
    ageColumn,
    ...templateColumns<DaemonSet>(),
    selectorColumn<DaemonSet>(),
  ],
});
