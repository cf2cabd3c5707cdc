/** The internal.apiserver group. */

import type { GroupOverlay } from "./rules.ts";

export const apiserverinternalOverlay: GroupOverlay = {
  ServerStorageVersion: {
    apiServerID: "pointer",
    decodableVersions: "set",
    encodingVersion: "pointer",
    servedVersions: "set",
  },
  StorageVersion: { spec: "type=StorageVersionSpec zero" },
  StorageVersionCondition: { message: "pointer" },
  StorageVersionStatus: { conditions: "map=type", storageVersions: "map=apiServerID" },
};
