/** Validation of HorizontalPodAutoscalers, as v2. Source: pkg/apis/autoscaling/validation, pkg/registry/autoscaling. */

import {
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  notSupported,
  path,
  pushAll,
  required,
  tryParseQuantity,
  validateNonnegative,
} from "@kubets/apimachinery";
import { pathSegment } from "../core/name-checks.ts";
import { complaints } from "../core/pod-field-checks.ts";
import type {
  CrossVersionObjectReference,
  HorizontalPodAutoscaler,
  HPAScalingPolicy,
  HPAScalingRules,
  MetricIdentifier,
  MetricSpec,
  MetricTarget,
} from "../generated/types.ts";

type Autoscaler = HorizontalPodAutoscaler;

const specPath = path("spec");
const limits = { periodSeconds: 1800, stabilizationWindowSeconds: 3600 };

/** What an apiVersion in a reference must be. */
interface ReferenceRules {
  readonly anyVersion?: boolean;
  readonly coreGroup?: boolean;
}

export const validateAutoscaler = (autoscaler: Autoscaler): FieldError[] => validate(autoscaler, undefined);
export const validateAutoscalerUpdate = (autoscaler: Autoscaler, old: Autoscaler): FieldError[] =>
  validate(autoscaler, old);

function validate({ spec }: Autoscaler, old: Autoscaler | undefined): FieldError[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef, metrics = [], behavior } = spec ?? {};
  const errors: FieldError[] = [];
  const lowest = old?.spec?.minReplicas === 0 ? 0 : 1;
  const maxPath = specPath.child("maxReplicas");
  if (minReplicas !== undefined && minReplicas < lowest) {
    const why = `must be greater than or equal to ${lowest}`;
    errors.push(invalidValue(specPath.child("minReplicas"), minReplicas, why));
  }
  if (maxReplicas === 0) errors.push(required(maxPath, "must be set and greater than 0"));
  else if (maxReplicas < 1) errors.push(invalidValue(maxPath, maxReplicas, "must be greater than 0"));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(invalidValue(maxPath, maxReplicas, "must be greater than or equal to `minReplicas`"));
  }
  const target = scaleTargetRef ?? { kind: "", name: "" };
  pushAll(errors, validateReference(target, specPath.child("scaleTargetRef"), targetRules(target, old)));
  pushAll(errors, validateMetrics(metrics, minReplicas, old));
  for (const field of ["scaleUp", "scaleDown"] as const) {
    const rules = behavior?.[field];
    if (rules !== undefined) pushAll(errors, validateScalingRules(rules, specPath.child("behavior", field)));
  }
  return errors;
}

/** The one kind of the core group that scales needs no group; what an update does not touch is not looked at. */
function targetRules(target: CrossVersionObjectReference, old: Autoscaler | undefined): ReferenceRules {
  const before = old?.spec?.scaleTargetRef;
  const same = before !== undefined && before.apiVersion === target.apiVersion && before.kind === target.kind;
  return same ? { anyVersion: true } : { coreGroup: target.kind === "ReplicationController" };
}

function apiVersionProblem(apiVersion: string, { anyVersion, coreGroup }: ReferenceRules): string | undefined {
  if (anyVersion) return undefined;
  const parts = apiVersion.split("/");
  if (parts.length > 2) return `unexpected GroupVersion string: ${apiVersion}`;
  const group = parts.length === 2 ? parts[0] : "";
  return group === "" && !coreGroup ? "apiVersion must specify API group" : undefined;
}

function validateReference(ref: CrossVersionObjectReference, at: FieldPath, rules: ReferenceRules): FieldError[] {
  const errors = [...pathSegment(at.child("kind"), ref.kind ?? ""), ...pathSegment(at.child("name"), ref.name ?? "")];
  const problem = apiVersionProblem(ref.apiVersion ?? "", rules);
  if (problem !== undefined) errors.push(invalidValue(at.child("apiVersion"), ref.apiVersion ?? "", problem));
  return errors;
}

function validateMetrics(
  metrics: readonly MetricSpec[],
  minReplicas: number | undefined,
  old: Autoscaler | undefined,
): FieldError[] {
  const at = specPath.child("metrics");
  const wrongBefore = (old?.spec?.metrics ?? []).some(
    ({ object }) => apiVersionProblem(object?.describedObject?.apiVersion ?? "", { coreGroup: true }) !== undefined,
  );
  const rules = wrongBefore ? { anyVersion: true } : { coreGroup: true };
  const errors = metrics.flatMap((metric, i) => validateMetric(metric, at.index(i), rules));
  const countsWithoutPods = metrics.some(({ type }) => type === "Object" || type === "External");
  if (minReplicas !== 0 || countsWithoutPods) return errors;
  const why = "must specify at least one Object or External metric to support scaling to zero replicas";
  return [...errors, forbiddenField(at, why)];
}

const sources: Readonly<Record<string, MetricField>> = {
  ContainerResource: "containerResource",
  External: "external",
  Object: "object",
  Pods: "pods",
  Resource: "resource",
};
const types = Object.keys(sources);

type MetricField = "containerResource" | "external" | "object" | "pods" | "resource";

/** In upstream's order: the first that is given is checked. */
const checks: Readonly<
  Record<MetricField, (metric: MetricSpec, at: FieldPath, rules: ReferenceRules) => FieldError[]>
> = {
  object: validateObjectSource,
  external: validateExternalSource,
  pods: validatePodsSource,
  resource: validateResourceSource,
  containerResource: validateContainerResourceSource,
};

function validateMetric(metric: MetricSpec, at: FieldPath, rules: ReferenceRules): FieldError[] {
  const { type = "" } = metric;
  const typePath = at.child("type");
  const errors = type === "" ? [required(typePath, "must specify a metric source type")] : [];
  const expected = sources[type];
  if (expected === undefined) errors.push(notSupported(typePath, type, types));
  const given = (Object.keys(checks) as MetricField[]).filter((field) => metric[field] !== undefined);
  const [first] = given;
  if (first !== undefined) pushAll(errors, checks[first](metric, at.child(first), rules));
  if (expected === undefined) errors.push(notSupported(typePath, type, types));
  else if (metric[expected] === undefined) {
    errors.push(required(at.child(expected), "must populate information for the given metric source"));
  }
  if (given.length === 1) return errors;
  const others = given.filter((field) => field !== expected);
  const why = "must populate the given metric source only";
  return [...errors, ...others.map((field) => forbiddenField(at.child(field), why))];
}

function validateObjectSource({ object }: MetricSpec, at: FieldPath, rules: ReferenceRules): FieldError[] {
  const target = object?.target;
  const errors = [
    ...validateReference(object?.describedObject ?? { kind: "", name: "" }, at.child("describedObject"), rules),
    ...validateIdentifier(object?.metric, at.child("metric")),
    ...validateTarget(target, at.child("target")),
  ];
  if (target?.value !== undefined || target?.averageValue !== undefined) return errors;
  return [...errors, required(at.child("target", "averageValue"), "must set either a target value or averageValue")];
}

function validateExternalSource({ external }: MetricSpec, at: FieldPath): FieldError[] {
  const { value, averageValue } = external?.target ?? {};
  const errors = [
    ...validateIdentifier(external?.metric, at.child("metric")),
    ...validateTarget(external?.target, at.child("target")),
  ];
  if (value === undefined && averageValue === undefined) {
    const why = "must set either a target value for metric or a per-pod target";
    errors.push(required(at.child("target", "averageValue"), why));
  }
  if (value === undefined || averageValue === undefined) return errors;
  const why = "may not set both a target value for metric and a per-pod target";
  return [...errors, forbiddenField(at.child("target", "value"), why)];
}

function validatePodsSource({ pods }: MetricSpec, at: FieldPath): FieldError[] {
  const errors = [
    ...validateIdentifier(pods?.metric, at.child("metric")),
    ...validateTarget(pods?.target, at.child("target")),
  ];
  if (pods?.target?.averageValue !== undefined) return errors;
  return [...errors, required(at.child("target", "averageValue"), "must specify a positive target averageValue")];
}

function validateResourceSource({ resource }: MetricSpec, at: FieldPath): FieldError[] {
  return [...validateResourceName(resource?.name, at), ...validateResourceTarget(resource?.target, at.child("target"))];
}

function validateContainerResourceSource({ containerResource: source }: MetricSpec, at: FieldPath): FieldError[] {
  const { container = "" } = source ?? {};
  const where = at.child("container");
  return [
    ...validateResourceName(source?.name, at),
    ...(container === ""
      ? [required(where, "must specify a container")]
      : complaints(where, container, isDNS1123Label(container))),
    ...validateResourceTarget(source?.target, at.child("target")),
  ];
}

function validateResourceName(name: string | undefined, at: FieldPath): FieldError[] {
  return name ? [] : [required(at.child("name"), "must specify a resource name")];
}

function validateResourceTarget(target: MetricTarget | undefined, at: FieldPath): FieldError[] {
  const { averageUtilization, averageValue } = target ?? {};
  const errors = validateTarget(target, at);
  if (averageUtilization === undefined && averageValue === undefined) {
    const why = "must set either a target raw value or a target utilization";
    errors.push(required(at.child("averageUtilization"), why));
  }
  if (averageUtilization === undefined || averageValue === undefined) return errors;
  const why = "may not set both a target raw value and a target utilization";
  return [...errors, forbiddenField(at.child("averageValue"), why)];
}

function validateTarget(target: MetricTarget | undefined, at: FieldPath): FieldError[] {
  const { type = "", averageUtilization } = target ?? {};
  const errors = type === "" ? [required(at.child("type"), "must specify a metric target type")] : [];
  if (!["Utilization", "Value", "AverageValue"].includes(type)) {
    errors.push(invalidValue(at.child("type"), type, "must be either Utilization, Value, or AverageValue"));
  }
  for (const field of ["value", "averageValue"] as const) {
    const quantity = tryParseQuantity(target?.[field]);
    if (quantity === undefined || quantity.sign() > 0) continue;
    errors.push(invalidValue(at.child(field), target?.[field], "must be positive"));
  }
  if (averageUtilization === undefined || averageUtilization >= 1) return errors;
  return [...errors, invalidValue(at.child("averageUtilization"), averageUtilization, "must be greater than 0")];
}

function validateIdentifier(identifier: MetricIdentifier | undefined, at: FieldPath): FieldError[] {
  return pathSegment(at.child("name"), identifier?.name ?? "", "must specify a metric name");
}

const selectPolicies = ["Disabled", "Max", "Min"];

function validateScalingRules(rules: HPAScalingRules, at: FieldPath): FieldError[] {
  const { stabilizationWindowSeconds: window, selectPolicy, policies = [], tolerance } = rules;
  const errors: FieldError[] = [];
  const windowPath = at.child("stabilizationWindowSeconds");
  if (window !== undefined && window < 0) {
    errors.push(invalidValue(windowPath, window, "must be greater than or equal to zero"));
  }
  if (window !== undefined && window > limits.stabilizationWindowSeconds) {
    const why = `must be less than or equal to ${limits.stabilizationWindowSeconds}`;
    errors.push(invalidValue(windowPath, window, why));
  }
  if (selectPolicy !== undefined && !selectPolicies.includes(selectPolicy)) {
    errors.push(notSupported(at.child("selectPolicy"), selectPolicy, selectPolicies));
  }
  const where = at.child("policies");
  if (policies.length === 0) errors.push(required(where, "must specify at least one Policy"));
  pushAll(
    errors,
    policies.flatMap((policy, i) => validatePolicy(policy, where.index(i))),
  );
  if ((tryParseQuantity(tolerance)?.sign() ?? 0) >= 0) return errors;
  return [...errors, invalidValue(at.child("tolerance"), tolerance, "must be greater than or equal to 0")];
}

function validatePolicy({ type, value = 0, periodSeconds = 0 }: HPAScalingPolicy, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (type !== "Pods" && type !== "Percent") {
    errors.push(notSupported(at.child("type"), type ?? "", ["Percent", "Pods"]));
  }
  const positive = "must be greater than zero";
  if (value <= 0) errors.push(invalidValue(at.child("value"), value, positive));
  const where = at.child("periodSeconds");
  if (periodSeconds <= 0) errors.push(invalidValue(where, periodSeconds, positive));
  if (periodSeconds <= limits.periodSeconds) return errors;
  return [...errors, invalidValue(where, periodSeconds, `must be less than or equal to ${limits.periodSeconds}`)];
}

export function validateAutoscalerStatus({ status }: Autoscaler): FieldError[] {
  return (["currentReplicas", "desiredReplicas"] as const).flatMap((field) =>
    validateNonnegative(status?.[field] ?? 0, path("status").child(field)),
  );
}
