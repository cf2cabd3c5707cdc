import type { Descriptions } from "./description.ts";

export const crossVersionObjectReference = {
  about: "An object of whatever kind, in the same namespace.",
  fields: { apiVersion: "Its group and version.", kind: "Its kind.", name: "Its name." },
};

export const autoscalingV1: Descriptions = {
  CrossVersionObjectReference: crossVersionObjectReference,
  HorizontalPodAutoscaler: {
    about: "Scales a Deployment or the like so that its pods use a certain share of the CPU they ask for.",
  },
  HorizontalPodAutoscalerSpec: {
    about: "What is scaled, by which aim and within which bounds.",
    fields: {
      maxReplicas: "How many pods at most. Not below minReplicas.",
      minReplicas: "How many pods at least. Default 1.",
      scaleTargetRef: "What is scaled: any object with a scale subresource.",
      targetCPUUtilizationPercentage:
        "How much CPU the pods should use on average, in percent of what they request. Default 80.",
    },
  },
  HorizontalPodAutoscalerStatus: {
    about: "How an autoscaler is, as its controller last saw it.",
    fields: {
      currentCPUUtilizationPercentage: "How much CPU the pods use on average, in percent of what they request.",
      currentReplicas: "How many pods there are.",
      desiredReplicas: "How many pods there should be.",
      lastScaleTime: "When the number of pods was last changed.",
      observedGeneration: "The generation of the spec that the controller saw last.",
    },
  },
  Scale: { about: "How many replicas an object of whatever kind should have, and has: its scale subresource." },
  ScaleSpec: { about: "How many replicas are wanted.", fields: { replicas: "How many." } },
  ScaleStatus: {
    about: "How many replicas there are.",
    fields: { replicas: "How many.", selector: "The selector of its pods, as in a query: for autoscalers." },
  },
};
