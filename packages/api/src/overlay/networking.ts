/** The networking group. */

import type { GroupOverlay } from "./rules.ts";

export const networkingOverlay: GroupOverlay = {
  HTTPIngressPath: { pathType: "pointer" },
  IPAddressSpec: { parentRef: "pointer" },
  IngressServiceBackend: { port: "zero" },
  IngressStatus: { loadBalancer: "zero" },
  NetworkPolicySpec: { podSelector: "zero" },
  ParentReference: { name: "pointer", resource: "pointer" },
  ServiceBackendPort: { $self: "atomic" },
  ServiceCIDRStatus: { conditions: "map=type strategy=merge key=type" },
};
