import { crossVersionObjectReference } from "./autoscaling-v1.ts";
import type { Descriptions } from "./description.ts";

const target = "The value to keep it at.";
const current = "Its present value.";
const metric = "Which metric, by name and selector.";
const container = "The name of the container.";
const resourceName = "The resource: cpu or memory.";
const describedObject = "The object that the metric is of.";

const sources = {
  containerResource: "A resource of one container in each pod. Only for the type ContainerResource.",
  external: "A metric from outside the cluster. Only for the type External.",
  object: "A metric of one object. Only for the type Object.",
  pods: "A metric of each pod, averaged. Only for the type Pods.",
  resource: "A resource of each pod, all containers together. Only for the type Resource.",
  type: "Which of the sources this is: ContainerResource, External, Object, Pods or Resource.",
};

export const autoscalingV2: Descriptions = {
  ContainerResourceMetricSource: {
    about: "A resource that one container of each pod uses, against what it requests.",
    fields: { container, name: resourceName, target },
  },
  ContainerResourceMetricStatus: {
    about: "How much of a resource one container of each pod uses.",
    fields: { container, current, name: resourceName },
  },
  CrossVersionObjectReference: crossVersionObjectReference,
  ExternalMetricSource: { about: "A metric from outside the cluster.", fields: { metric, target } },
  ExternalMetricStatus: { about: "The value of a metric from outside the cluster.", fields: { current, metric } },
  HPAScalingPolicy: {
    about: "How fast the number of pods may change.",
    fields: {
      periodSeconds: "Over how many seconds: 1 to 1800.",
      type: "Pods: value is a number of pods. Percent: it is a share of those there are.",
      value: "By how much at most in that time. Above 0.",
    },
  },
  HPAScalingRules: {
    about: "How the number of pods may change in one direction.",
    fields: {
      policies: "How fast. By default up by 4 pods or 100 % every 15 s, down by 100 % every 15 s.",
      selectPolicy:
        "Which of the policies counts: Max (default) the one that changes most, Min the one that changes least, Disabled none: no change in this direction.",
      stabilizationWindowSeconds:
        "Over how many past seconds the most careful recommendation counts, so that the number does not swing: 0 to 3600. Default 0 up, 300 down.",
      tolerance:
        "How far a metric may be off its target before anything changes, as a share. By default that of the cluster, 10 %.",
    },
  },
  HorizontalPodAutoscaler: { about: "Scales a Deployment or the like by what its pods use, or by other metrics." },
  HorizontalPodAutoscalerBehavior: {
    about: "How the number of pods may change.",
    fields: { scaleDown: "When there are to be fewer.", scaleUp: "When there are to be more." },
  },
  HorizontalPodAutoscalerCondition: {
    about: "One thing that is, or is not, so of an autoscaler: AbleToScale, ScalingActive or ScalingLimited.",
  },
  HorizontalPodAutoscalerSpec: {
    about: "What is scaled, by which aims and within which bounds.",
    fields: {
      behavior: "How fast the number of pods may change, up and down.",
      maxReplicas: "How many pods at most. Not below minReplicas.",
      metrics:
        "What to go by. Of several, the one that asks for most pods counts. By default 80 % of the CPU that is requested.",
      minReplicas: "How many pods at least. Default 1.",
      scaleTargetRef: "What is scaled: any object with a scale subresource.",
    },
  },
  HorizontalPodAutoscalerStatus: {
    about: "How an autoscaler is, as its controller last saw it.",
    fields: {
      currentMetrics: "The metrics as last read.",
      currentReplicas: "How many pods there are.",
      desiredReplicas: "How many pods there should be.",
      lastScaleTime: "When the number of pods was last changed.",
      observedGeneration: "The generation of the spec that the controller saw last.",
    },
  },
  MetricIdentifier: {
    about: "Which metric.",
    fields: { name: "Its name.", selector: "Labels by which the metrics server narrows it down." },
  },
  MetricSpec: { about: "One thing to go by: type says which of the other fields is set.", fields: sources },
  MetricStatus: { about: "One metric as last read: type says which of the other fields is set.", fields: sources },
  MetricTarget: {
    about: "The value to keep a metric at.",
    fields: {
      averageUtilization: "The average over all pods, in percent of what they request. Only for resources.",
      averageValue: "The average over all pods, as a quantity.",
      type: "Utilization, Value or AverageValue.",
      value: "The value, as a quantity.",
    },
  },
  MetricValueStatus: {
    about: "The present value of a metric.",
    fields: {
      averageUtilization: "The average over all pods, in percent of what they request.",
      averageValue: "The average over all pods, as a quantity.",
      value: "The value, as a quantity.",
    },
  },
  ObjectMetricSource: { about: "A metric of one object of the cluster.", fields: { describedObject, metric, target } },
  ObjectMetricStatus: { about: "The value of a metric of one object.", fields: { current, describedObject, metric } },
  PodsMetricSource: { about: "A metric of each pod, averaged over them.", fields: { metric, target } },
  PodsMetricStatus: { about: "The average of a metric over the pods.", fields: { current, metric } },
  ResourceMetricSource: {
    about: "A resource that the pods use, against what they request.",
    fields: { name: resourceName, target },
  },
  ResourceMetricStatus: { about: "How much of a resource the pods use.", fields: { current, name: resourceName } },
};
