/** The storage group. */

import type { GroupOverlay } from "./rules.ts";

export const storageOverlay: GroupOverlay = {
  CSIDriverSpec: { volumeLifecycleModes: "set" },
  CSINodeSpec: { drivers: "map=name strategy=merge key=name" },
  CSIStorageCapacity: { capacity: "type=Quantity", maximumVolumeSize: "type=Quantity" },
};
