import type { Descriptions } from "./description.ts";

export const policyV1: Descriptions = {
  Eviction: {
    about:
      "A request to delete a pod that is refused while a PodDisruptionBudget does not allow it. It is posted to the pod's eviction subresource.",
    fields: { deleteOptions: "Options for the deletion.", metadata: "The name and namespace of the pod." },
  },
  PodDisruptionBudget: {
    about: "How many of a group of pods may be missing by someone's decision, such as when a node is drained.",
  },
  PodDisruptionBudgetSpec: {
    about: "Which pods a budget is for, and how many of them must stay.",
    fields: {
      maxUnavailable:
        "How many of the pods may be missing: a number, or a share such as 10%, rounded up. Not together with minAvailable.",
      minAvailable:
        "How many of the pods must be there: a number, or a share such as 90%, rounded up. Not together with maxUnavailable.",
      selector: "Which pods, by their labels. An empty selector is all of the namespace.",
      unhealthyPodEvictionPolicy:
        "Whether pods that run but are not ready may be evicted: IfHealthyBudget (default) only while enough others are healthy, AlwaysAllow always.",
    },
  },
  PodDisruptionBudgetStatus: {
    about: "What a budget allows now. The API server takes from it for each eviction.",
    fields: {
      conditions:
        "What is so of the budget. DisruptionAllowed says whether an eviction is allowed now, or why its controller cannot tell.",
      currentHealthy: "How many of the pods are healthy.",
      desiredHealthy: "How many of the pods must be healthy at least.",
      disruptedPods:
        "Pods whose eviction was allowed and whose deletion the controller has not seen yet, and since when.",
      disruptionsAllowed: "How many pods may be evicted now.",
      expectedPods: "How many pods the budget is for.",
      observedGeneration:
        "The generation of the spec that the controller saw last. Evictions are refused while it is behind.",
    },
  },
};
