/** Quality of service class of a pod. */

import type { Pod } from "@kubets/api";
import { qosClassOf as computeQosClass } from "@kubets/api";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

/** What the API server has put in the status: the class never changes. Computed for pods without, such as static ones. */
export function qosClassOf(pod: Pod): QosClass {
  const recorded = pod.status?.qosClass;
  if (recorded === "Guaranteed" || recorded === "Burstable" || recorded === "BestEffort") return recorded;
  return computeQosClass(pod) as QosClass;
}
