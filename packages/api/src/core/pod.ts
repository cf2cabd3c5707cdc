/** Pod: containers that run together on one node. */

import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { Pod } from "../generated/types.ts";
import { podColumns, podRowConditions } from "./pod-columns.ts";
import { podStatusStrategy, podStrategy } from "./pod-strategy.ts";

export const podDefinition: ResourceDefinition<Pod> = define<Pod>("", "v1", "pods", {
  shortNames: ["po"],
  categories: ["all"],
  strategy: podStrategy,
  status: podStatusStrategy,
  columns: podColumns,
  rowConditions: podRowConditions,
  selectableFields: {
    "spec.nodeName": (pod) => pod.spec?.nodeName ?? "",
    "spec.restartPolicy": (pod) => pod.spec?.restartPolicy ?? "",
    "spec.schedulerName": (pod) => pod.spec?.schedulerName ?? "",
    "spec.serviceAccountName": (pod) => pod.spec?.serviceAccountName ?? "",
    "spec.hostNetwork": (pod) => String(pod.spec?.hostNetwork === true),
    "status.phase": (pod) => pod.status?.phase ?? "",
    "status.podIP": (pod) => pod.status?.podIPs?.[0]?.ip ?? pod.status?.podIP ?? "",
    "status.podIPs": (pod) => pod.status?.podIPs?.[0]?.ip ?? "",
    "status.nominatedNodeName": (pod) => pod.status?.nominatedNodeName ?? "",
  },
});
