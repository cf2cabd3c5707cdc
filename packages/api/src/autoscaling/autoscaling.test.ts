import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const hpas = kindOf("autoscaling", "horizontalpodautoscalers", "v2");
const hpasV1 = kindOf("autoscaling", "horizontalpodautoscalers", "v1");
const target = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
const hpa = (spec: object) => ({ spec: { maxReplicas: 3, scaleTargetRef: target, ...spec } });
const metric = (text: object) => hpa({ metrics: [text] });

refusesCreate(hpas, [
  ["a plain one", hpa({})],
  ["of a controller of old", hpa({ scaleTargetRef: { kind: "ReplicationController", name: "r" } })],
  [
    "nothing",
    { spec: {} },
    "spec.maxReplicas: Required value: must be set and greater than 0",
    "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
    "spec.scaleTargetRef.kind: Required value",
    "spec.scaleTargetRef.name: Required value",
    'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
  ],
  [
    "a metric of no kind",
    metric({}),
    "spec.metrics[0].type: Required value: must specify a metric source type",
    'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
    'spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
  ],
  [
    "a metric of two kinds",
    metric({
      type: "Pods",
      pods: { metric: {}, target: { type: "Odd", averageValue: "-1" } },
      resource: { name: "cpu", target: { type: "Utilization" } },
    }),
    "spec.metrics[0].pods.metric.name: Required value: must specify a metric name",
    'spec.metrics[0].pods.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
    'spec.metrics[0].pods.target.averageValue: Invalid value: "-1": must be positive',
    "spec.metrics[0].resource: Forbidden: must populate the given metric source only",
  ],
  [
    "a resource with both targets",
    metric({
      type: "ContainerResource",
      containerResource: { target: { type: "Utilization", averageUtilization: 0, averageValue: "1" } },
    }),
    "spec.metrics[0].containerResource.name: Required value: must specify a resource name",
    "spec.metrics[0].containerResource.container: Required value: must specify a container",
    "spec.metrics[0].containerResource.target.averageUtilization: Invalid value: 0: must be greater than 0",
    "spec.metrics[0].containerResource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
  ],
  [
    "behavior",
    hpa({
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 3601, selectPolicy: "Odd", tolerance: "-1" },
        scaleDown: { policies: [{ type: "Odd", value: 0, periodSeconds: 1801 }] },
      },
    }),
    "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
    'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Odd": supported values: "Disabled", "Max", "Min"',
    'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
    'spec.behavior.scaleDown.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
    "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
    "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
  ],
]);

refusesUpdate(hpas, [
  [
    "a version that was wrong may stay",
    hpa({ scaleTargetRef: { kind: "Deployment", name: "d" } }),
    hpa({ scaleTargetRef: { kind: "Deployment", name: "e" } }),
  ],
  [
    "zero needs a metric that counts without pods",
    hpa({ minReplicas: 0 }),
    hpa({ minReplicas: 0 }),
    "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
  ],
]);

refusesCreate(hpasV1, [
  [
    "too few",
    { spec: { minReplicas: 0, maxReplicas: -1, scaleTargetRef: target } },
    "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
    "spec.maxReplicas: Invalid value: -1: must be greater than 0",
    "spec.maxReplicas: Invalid value: -1: must be greater than or equal to `minReplicas`",
    "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
  ],
]);
