/** Quality of service class. Source: KEP "Resource QoS", `ComputePodQOS`. */

import type { Pod } from "@kubets/api";
import { allContainers } from "./pod-ref.ts";

export type QosClass = "Guaranteed" | "Burstable" | "BestEffort";

const qosResources = ["cpu", "memory"];

function isZero(quantity: string | undefined): boolean {
  return quantity === undefined || /^[+-]?0*\.?0*[A-Za-z]*$/.test(quantity);
}

/** What the API server has put in the status, else computed from requests and limits of cpu and memory. */
export function qosClassOf(pod: Pod): QosClass {
  const recorded = pod.status?.qosClass;
  if (recorded === "Guaranteed" || recorded === "Burstable" || recorded === "BestEffort") return recorded;
  let any = false;
  let guaranteed = true;
  for (const { type, container } of allContainers(pod)) {
    if (type === "ephemeral") continue;
    for (const resource of qosResources) {
      const request = container.resources?.requests?.[resource];
      const limit = container.resources?.limits?.[resource];
      if (!isZero(request) || !isZero(limit)) any = true;
      if (isZero(limit) || (!isZero(request) && request !== limit)) guaranteed = false;
    }
  }
  if (!any) return "BestEffort";
  return guaranteed ? "Guaranteed" : "Burstable";
}
