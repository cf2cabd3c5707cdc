/** StatefulSet: Pods with a name and storage of their own. Source: pkg/apis/apps, pkg/registry/apps/statefulset. */

import {
  clone,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  nameIsDNSLabel,
  path,
  pushAll,
  required,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateClaimSpec } from "../core/claim-validation.ts";
import { complaints, nonNegative, supportedOrAbsent } from "../core/pod-field-checks.ts";
import { setPodTemplateDefaults } from "../core/pod-spec-defaults.ts";
import { semanticEqual } from "../core/pod-spec-equality.ts";
import { validatePodTemplateSpec } from "../core/pod-template-validation.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type {
  PersistentVolumeClaim,
  PodTemplateSpec,
  RollingUpdateStatefulSetStrategy,
  StatefulSet,
  StatefulSetSpec,
  StatefulSetStatus,
} from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { templateColumns, workloadScale } from "./workload-columns.ts";
import {
  atMost100Percent,
  collisionCountNotDecremented,
  intOrPercentNumber,
  notGreater,
  selectorMatchesTemplate,
  validateCounts,
  validateIntOrPercent,
  validateSelector,
  validateTemplateLifetime,
  workloadWarnings,
} from "./workload-validation.ts";

const specPath = path("spec");

function setStatefulSetDefaults(set: StatefulSet): void {
  set.spec ??= {} as StatefulSetSpec;
  const { spec } = set;
  spec.template ??= {};
  setPodTemplateDefaults(spec.template);
  spec.podManagementPolicy ||= "OrderedReady";
  spec.updateStrategy ??= {};
  const strategy = spec.updateStrategy;
  if (!strategy.type) {
    strategy.type = "RollingUpdate";
    strategy.rollingUpdate ??= {};
  }
  if (strategy.type === "RollingUpdate" && strategy.rollingUpdate !== undefined) strategy.rollingUpdate.partition ??= 0;
  spec.persistentVolumeClaimRetentionPolicy ??= {};
  spec.persistentVolumeClaimRetentionPolicy.whenDeleted ||= "Retain";
  spec.persistentVolumeClaimRetentionPolicy.whenScaled ||= "Retain";
  spec.replicas ??= 1;
  spec.revisionHistoryLimit ??= 10;
  for (const claim of spec.volumeClaimTemplates ?? []) setClaimTemplateDefaults(claim);
}

function setClaimTemplateDefaults(claim: PersistentVolumeClaim): void {
  claim.apiVersion ||= "v1";
  claim.kind ||= "PersistentVolumeClaim";
  claim.metadata ??= {};
  if (claim.spec !== undefined) claim.spec.volumeMode ??= "Filesystem";
  claim.status ??= {};
  claim.status.phase ||= "Pending";
}

/** What an update is not asked again, since it could not put it right. */
interface Tolerated {
  /** Immutable: the service's name and the claim templates. */
  readonly immutable?: boolean;
  readonly template?: boolean;
}

function validateStatefulSet({ spec }: StatefulSet, tolerated: Tolerated = {}): FieldError[] {
  if (spec === undefined) return [required(specPath.child("selector"))];
  const retention = specPath.child("persistentVolumeClaimRetentionPolicy");
  const { serviceName, volumeClaimTemplates = [] } = spec;
  const claims = tolerated.immutable ? [] : volumeClaimTemplates;
  const service = tolerated.immutable || !serviceName ? [] : isDNS1123Label(serviceName);
  return [
    ...validatePodManagement(spec, specPath.child("podManagementPolicy")),
    ...validateUpdateStrategy(spec, specPath.child("updateStrategy")),
    ...(["whenDeleted", "whenScaled"] as const).flatMap((field) =>
      supportedOrAbsent(retention.child(field), spec.persistentVolumeClaimRetentionPolicy?.[field], [
        "Retain",
        "Delete",
      ]),
    ),
    ...claims.flatMap((claim, i) =>
      validateClaimSpec(claim.spec ?? {}, specPath.child("volumeClaimTemplates").index(i).child("spec")),
    ),
    ...nonNegative(specPath.child("replicas"), spec.replicas),
    ...nonNegative(specPath.child("minReadySeconds"), spec.minReadySeconds),
    ...nonNegative(specPath.child("revisionHistoryLimit"), spec.revisionHistoryLimit),
    ...nonNegative(specPath.child("ordinals.start"), spec.ordinals?.start),
    ...complaints(specPath.child("serviceName"), serviceName, service),
    ...validateSelector(spec.selector, "statefulset", specPath.child("selector")),
    ...validateTemplate(spec, specPath.child("template"), tolerated),
  ];
}

function validatePodManagement({ podManagementPolicy: policy }: StatefulSetSpec, at: FieldPath): FieldError[] {
  if (!policy) return [required(at)];
  if (policy === "OrderedReady" || policy === "Parallel") return [];
  return [invalidValue(at, policy, "must be 'OrderedReady' or 'Parallel'")];
}

function validateUpdateStrategy({ updateStrategy }: StatefulSetSpec, at: FieldPath): FieldError[] {
  const here = at.child("rollingUpdate");
  const { type, rollingUpdate } = updateStrategy ?? {};
  if (!type) return [required(at)];
  if (type === "RollingUpdate") return rollingUpdate === undefined ? [] : validateRollingUpdate(rollingUpdate, here);
  if (type !== "OnDelete") return [invalidValue(at, updateStrategy, "must be 'RollingUpdate' or 'OnDelete'")];
  return rollingUpdate === undefined
    ? []
    : [invalidValue(here, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'")];
}

function validateRollingUpdate(
  { partition, maxUnavailable }: RollingUpdateStatefulSetStrategy,
  at: FieldPath,
): FieldError[] {
  const errors = nonNegative(at.child("partition"), partition);
  if (maxUnavailable === undefined) return errors;
  const here = at.child("maxUnavailable");
  pushAll(errors, validateIntOrPercent(maxUnavailable, here));
  if (intOrPercentNumber(maxUnavailable) === 0) errors.push(invalidValue(here, maxUnavailable, "cannot be 0"));
  return [...errors, ...atMost100Percent(maxUnavailable, here)];
}

function validateTemplate(spec: StatefulSetSpec, at: FieldPath, tolerated: Tolerated): FieldError[] {
  const { selector, template } = spec;
  const unusable = invalidValue(specPath.child("selector"), selector ?? null, "");
  return [
    ...selectorMatchesTemplate(selector, template, at, unusable),
    ...(tolerated.template ? [] : validatePodTemplateSpec(withClaimVolumes(spec), at)),
    ...validateTemplateLifetime(template, "StatefulSet", at),
  ];
}

/** The template as its Pods will have it: each claim template is a volume, and takes the place of one of its name. */
function withClaimVolumes({ template = {}, volumeClaimTemplates = [] }: StatefulSetSpec): PodTemplateSpec {
  if (template.spec === undefined || volumeClaimTemplates.length === 0) return template;
  const names = new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ""));
  const claimed = [...names].map((name) => ({ name, persistentVolumeClaim: { claimName: name, readOnly: false } }));
  const others = (template.spec.volumes ?? []).filter(({ name }) => !names.has(name));
  return { ...template, spec: { ...template.spec, volumes: [...claimed, ...others] } };
}

const updatable = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "revisionHistoryLimit",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
] as const;

function validateUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const wasInvalid = validateStatefulSet(old, { immutable: true }).length > 0;
  const errors = validateStatefulSet(set, { immutable: true, template: wasInvalid });
  const rest = clone<Partial<StatefulSetSpec>>(set.spec ?? {});
  const oldRest = clone<Partial<StatefulSetSpec>>(old.spec ?? {});
  for (const field of updatable) {
    delete rest[field];
    delete oldRest[field];
  }
  if (!semanticEqual(rest, oldRest)) {
    const names = updatable.map((field) => `'${field}'`);
    const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
    const why = `updates to statefulset spec for fields other than ${list} are forbidden`;
    errors.push(forbiddenField(specPath, why));
  }
  return errors;
}

function validateStatus(set: StatefulSet, old: StatefulSet): FieldError[] {
  const at = path("status");
  const status: StatefulSetStatus = set.status ?? { replicas: 0 };
  const tooMany = "cannot be greater than status.replicas";
  const parts = ["readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"] as const;
  return [
    ...validateCounts(status, ["replicas", ...parts, "observedGeneration", "collisionCount"], at),
    ...parts.flatMap((part) => notGreater(status, part, "replicas", tooMany, at)),
    ...notGreater(status, "availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas", at),
    ...collisionCountNotDecremented(set.status, old.status),
  ];
}

export const statefulSetDefinition: ResourceDefinition<StatefulSet> = define<StatefulSet>(
  "apps",
  "v1",
  "statefulsets",
  {
    shortNames: ["sts"],
    categories: ["all"],
    strategy: specStrategy<StatefulSet>(
      {
        setDefaults: setStatefulSetDefaults,
        validateName: nameIsDNSLabel,
        validate: (set) => validateStatefulSet(set),
        validateUpdate,
        warnings: workloadWarnings,
      },
      { status: { replicas: 0, availableReplicas: 0 } },
    ),
    status: statusStrategy<StatefulSet>({ validate: validateStatus }),
    scale: workloadScale,
    columns: [
      nameColumn,
      column("Ready", ({ spec, status }: StatefulSet) => `${status?.readyReplicas ?? 0}/${spec?.replicas ?? 0}`),
      ageColumn,
      ...templateColumns<StatefulSet>(),
    ],
  },
);
