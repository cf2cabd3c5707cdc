/** The flowcontrol group. */

import type { GroupOverlay } from "./rules.ts";

export const flowcontrolOverlay: GroupOverlay = {
  FlowSchemaSpec: { matchingPrecedence: "zero" },
  FlowSchemaStatus: { conditions: "map=type strategy=merge key=type" },
  LimitResponse: { $union: "type: queuing=Queuing" },
  LimitedPriorityLevelConfiguration: { limitResponse: "zero" },
  NonResourcePolicyRule: { nonResourceURLs: "set", verbs: "set" },
  PriorityLevelConfigurationSpec: { $union: "type: exempt=Exempt limited=Limited" },
  PriorityLevelConfigurationStatus: { conditions: "map=type strategy=merge key=type" },
  QueuingConfiguration: { handSize: "zero", queueLengthLimit: "zero", queues: "zero" },
  ResourcePolicyRule: { apiGroups: "set", namespaces: "set", resources: "set", verbs: "set" },
  Subject: { $union: "kind: group=Group serviceAccount=ServiceAccount user=User" },
};
