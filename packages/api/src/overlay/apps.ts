/** The apps group. */

import type { GroupOverlay } from "./rules.ts";

export const appsOverlay: GroupOverlay = {
  ControllerRevision: { data: "type=RawExtension" },
  DaemonSetSpec: { selector: "pointer", updateStrategy: "zero" },
  DaemonSetStatus: { conditions: "map=type strategy=merge key=type" },
  DeploymentSpec: { selector: "pointer", strategy: "strategy=retainKeys zero" },
  DeploymentStatus: { conditions: "map=type strategy=merge key=type" },
  ReplicaSetSpec: { selector: "pointer", template: "zero" },
  ReplicaSetStatus: { conditions: "map=type strategy=merge key=type" },
  StatefulSetOrdinals: { start: "zero" },
  StatefulSetSpec: { selector: "pointer", serviceName: "zero", updateStrategy: "zero" },
  StatefulSetStatus: { availableReplicas: "zero", conditions: "map=type strategy=merge key=type" },
};
