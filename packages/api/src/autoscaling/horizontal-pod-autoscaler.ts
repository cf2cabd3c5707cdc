/** HorizontalPodAutoscaler in v1 and v2: one object, stored as v2. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Column } from "../definition.ts";
import type {
  HorizontalPodAutoscaler,
  HorizontalPodAutoscalerV1,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
} from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { autoscalerToV1, autoscalerToV2 } from "./conversion.ts";
import { validateAutoscaler, validateAutoscalerStatus, validateAutoscalerUpdate } from "./validation.ts";

function setDefaults({ spec }: HorizontalPodAutoscaler): void {
  if (spec === undefined) return;
  spec.minReplicas ??= 1;
  if ((spec.metrics ?? []).length === 0) {
    const target = { type: "Utilization", averageUtilization: 80 };
    spec.metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
  }
  if (spec.behavior !== undefined) {
    spec.behavior.scaleUp = withRules(spec.behavior.scaleUp, {
      stabilizationWindowSeconds: 0,
      selectPolicy: "Max",
      policies: [
        { type: "Pods", value: 4, periodSeconds: 15 },
        { type: "Percent", value: 100, periodSeconds: 15 },
      ],
    });
    spec.behavior.scaleDown = withRules(spec.behavior.scaleDown, {
      selectPolicy: "Max",
      policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
    });
  }
}

function withRules(given: HPAScalingRules | undefined, defaults: HPAScalingRules): HPAScalingRules {
  const policies = (given?.policies ?? []).length > 0 ? given?.policies : defaults.policies;
  return { ...defaults, ...given, ...(policies === undefined ? {} : { policies }) };
}

const unknown = "<unknown>";

interface Target {
  averageValue?: string;
  averageUtilization?: number;
  value?: string;
}

function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  switch (spec.type) {
    case "External":
    case "Object": {
      const field = spec.type === "External" ? "external" : "object";
      const target: Target = spec[field]?.target ?? {};
      const current: Target = status?.[field]?.current ?? {};
      if (target.averageValue !== undefined) return `${current.averageValue ?? unknown}/${target.averageValue} (avg)`;
      return `${current.value ?? unknown}/${target.value ?? ""}`;
    }
    case "Pods":
      return `${status?.pods?.current.averageValue ?? unknown}/${spec.pods?.target.averageValue ?? ""}`;
    case "Resource":
      return resourceText(spec.resource?.name, spec.resource?.target, status?.resource?.current);
    case "ContainerResource": {
      const { containerResource: wanted } = spec;
      return resourceText(wanted?.name, wanted?.target, status?.containerResource?.current);
    }
    default:
      return "<unknown type>";
  }
}

function resourceText(name = "", target: Target = {}, current: Target = {}): string {
  if (target.averageValue !== undefined) return `${name}: ${current.averageValue ?? unknown}/${target.averageValue}`;
  const percent = (value: number | undefined, none: string) => (value === undefined ? none : `${value}%`);
  return `${name}: ${percent(current.averageUtilization, unknown)}/${percent(target.averageUtilization, "<auto>")}`;
}

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec?.metrics ?? [];
  if (metrics.length === 0) return "<none>";
  const texts = metrics.map((metric, index) => metricText(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, 2).join(", ");
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown;
}

const columns: readonly Column<HorizontalPodAutoscaler>[] = [
  nameColumn,
  column("Reference", (hpa: HorizontalPodAutoscaler) => {
    const { kind = "", name = "" } = hpa.spec?.scaleTargetRef ?? {};
    return `${kind}/${name}`;
  }),
  column("Targets", targetsText),
  column("MinPods", (hpa: HorizontalPodAutoscaler) => String(hpa.spec?.minReplicas ?? "<unset>")),
  column("MaxPods", (hpa: HorizontalPodAutoscaler) => hpa.spec?.maxReplicas ?? 0),
  column("Replicas", (hpa: HorizontalPodAutoscaler) => hpa.status?.currentReplicas ?? 0),
  ageColumn,
];

const plural = "horizontalpodautoscalers";
const names = { shortNames: ["hpa"], categories: ["all"] };

export const horizontalPodAutoscalerDefinition = define<HorizontalPodAutoscaler>("autoscaling", "v2", plural, {
  ...names,
  strategy: specStrategy<HorizontalPodAutoscaler>(
    { setDefaults, validate: validateAutoscaler, validateUpdate: validateAutoscalerUpdate },
    { generationOf: [] },
  ),
  status: statusStrategy<HorizontalPodAutoscaler>({ validate: validateAutoscalerStatus }),
  columns,
});

export const horizontalPodAutoscalerV1Definition = define<HorizontalPodAutoscalerV1>("autoscaling", "v1", plural, {
  ...names,
  stored: { group: "autoscaling", version: "v2", convert: { toStored: autoscalerToV2, fromStored: autoscalerToV1 } },
  strategy: specStrategy<HorizontalPodAutoscalerV1>(
    {
      setDefaults({ spec }) {
        if (spec !== undefined) spec.minReplicas ??= 1;
      },
      validate: (object) => validateAutoscaler(autoscalerToV2(object)),
      validateUpdate: (object, old) => validateAutoscalerUpdate(autoscalerToV2(object), autoscalerToV2(old)),
    },
    { generationOf: [] },
  ),
  status: statusStrategy<HorizontalPodAutoscalerV1>({
    validate: (object) => validateAutoscalerStatus(autoscalerToV2(object)),
  }),
  columns: columns.map((c) => ({
    ...c,
    value: (hpa: HorizontalPodAutoscalerV1, context: { readonly now: number }) => c.value(autoscalerToV2(hpa), context),
  })),
});
