import type { Descriptions } from "./description.ts";

export const nodeV1: Descriptions = {
  Overhead: {
    about: "What a pod of a runtime class needs beyond its containers.",
    fields: { podFixed: "How much of which resource each pod needs." },
  },
  RuntimeClass: {
    about: "A way of running containers, which pods choose by its name.",
    fields: {
      handler: "What the container runtime of the nodes calls it: a lower-case DNS label. Cannot be changed.",
      overhead: "What a pod needs beyond its containers.",
      scheduling: "Which nodes have it. Without it, all have.",
    },
  },
  Scheduling: {
    about: "Which nodes can run pods of a runtime class.",
    fields: {
      nodeSelector: "Labels of these nodes. They are added to the pods' own node selector; a conflict is an error.",
      tolerations: "Tolerations that the pods get in addition.",
    },
  },
};
