/** autoscaling/v1 has one CPU target; what else v2 knows travels in annotations. Source: pkg/apis/autoscaling/v1/conversion.go. */

import type { KubeObject } from "@kubets/apimachinery";
import { parseJson, writeJson } from "@kubets/apimachinery";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  MetricSpec,
  MetricStatus,
} from "../generated/types.ts";

const metricsKey = "autoscaling.alpha.kubernetes.io/metrics";
const statusesKey = "autoscaling.alpha.kubernetes.io/current-metrics";
const conditionsKey = "autoscaling.alpha.kubernetes.io/conditions";
const behaviorKey = "autoscaling.alpha.kubernetes.io/behavior";
const keys = [metricsKey, statusesKey, conditionsKey, behaviorKey];

export function autoscalerToV1(object: KubeObject): HorizontalPodAutoscalerV1 {
  const { spec, status, ...rest } = object as HorizontalPodAutoscaler;
  const { metrics = [], behavior, ...plain } = spec ?? { maxReplicas: 0, scaleTargetRef: { kind: "", name: "" } };
  const { currentMetrics = [], conditions = [], ...counts } = status ?? { desiredReplicas: 0 };
  const cpu = metrics.find(isCpuUtilization);
  const currentCpu = currentMetrics.find((m) => m.type === "Resource" && m.resource?.name === "cpu");
  const others = metrics.filter((metric) => metric !== cpu);
  const annotations = { ...object.metadata?.annotations };
  const write = (key: string, value: unknown, present: boolean) => {
    if (present) annotations[key] = writeJson(value);
  };
  write(metricsKey, others, others.length > 0);
  write(statusesKey, currentMetrics, currentMetrics.length > 0);
  write(conditionsKey, conditions, conditions.length > 0);
  write(behaviorKey, behavior, behavior !== undefined);
  const target = cpu?.resource?.target.averageUtilization;
  const current = currentCpu?.resource?.current.averageUtilization;
  return {
    ...rest,
    metadata: withAnnotations(object, annotations),
    spec: { ...plain, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: {
      currentReplicas: 0,
      ...counts,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    },
  };
}

function isCpuUtilization(metric: MetricSpec): boolean {
  const { resource } = metric;
  return metric.type === "Resource" && resource?.name === "cpu" && resource.target.averageUtilization !== undefined;
}

export function autoscalerToV2(object: KubeObject): HorizontalPodAutoscaler {
  const { spec, status, ...rest } = object as HorizontalPodAutoscalerV1;
  const { targetCPUUtilizationPercentage: target, ...plain } = spec ?? {
    maxReplicas: 0,
    scaleTargetRef: { kind: "", name: "" },
  };
  const { currentCPUUtilizationPercentage: current, ...counts } = status ?? { desiredReplicas: 0 };
  const annotations = { ...object.metadata?.annotations };
  const metrics = list<MetricSpec>(annotations[metricsKey]);
  if (target !== undefined) {
    const cpu = { name: "cpu", target: { type: "Utilization", averageUtilization: target } };
    metrics.push({ type: "Resource", resource: cpu });
  }
  const currentMetrics = list<MetricStatus>(annotations[statusesKey]);
  if (current !== undefined && currentMetrics.length === 0) {
    currentMetrics.push({ type: "Resource", resource: { name: "cpu", current: { averageUtilization: current } } });
  }
  const conditions = list<NonNullable<NonNullable<HorizontalPodAutoscaler["status"]>["conditions"]>[number]>(
    annotations[conditionsKey],
  );
  const behavior = parse(annotations[behaviorKey]);
  for (const key of keys) delete annotations[key];
  return {
    ...rest,
    metadata: withAnnotations(object, annotations),
    spec: {
      ...plain,
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(typeof behavior === "object" && behavior !== null ? { behavior } : {}),
    },
    status: {
      ...counts,
      ...(currentMetrics.length > 0 ? { currentMetrics } : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
    },
  };
}

function withAnnotations(object: KubeObject, annotations: Record<string, string>): NonNullable<KubeObject["metadata"]> {
  const { annotations: _, ...metadata } = object.metadata ?? {};
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

function list<T>(text: string | undefined): T[] {
  const value = parse(text);
  return Array.isArray(value) ? value : [];
}

/** An annotation is the user's to write: one that is no JSON counts as absent, as upstream ignores it. */
function parse(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return parseJson(text);
  } catch {
    // Not JSON: absent.
    return undefined;
  }
}
