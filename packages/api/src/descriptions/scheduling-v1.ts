import type { Descriptions } from "./description.ts";

export const schedulingV1: Descriptions = {
  PriorityClass: {
    about:
      "A name for how important pods are. More important ones are scheduled first and may push others off their nodes.",
    fields: {
      description: "When to use this class, for people.",
      globalDefault:
        "Whether pods that name no class are of this one. Where several say so, the one of the lowest value counts.",
      preemptionPolicy:
        "PreemptLowerPriority (default) lets pods of this class push less important ones off; Never does not.",
      value:
        "How important: more is more. At most 1000000000 for classes that are not the system's. Cannot be changed.",
    },
  },
};
