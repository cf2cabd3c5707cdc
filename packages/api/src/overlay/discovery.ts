/** The discovery group. */

import type { GroupOverlay } from "./rules.ts";

export const discoveryOverlay: GroupOverlay = {
  Endpoint: { addresses: "set", conditions: "zero" },
  EndpointPort: { $self: "atomic" },
};
