/** The storagemigration group. */

import type { GroupOverlay } from "./rules.ts";

export const storagemigrationOverlay: GroupOverlay = {
  StorageVersionMigrationStatus: { conditions: "map=type strategy=merge key=type" },
};
