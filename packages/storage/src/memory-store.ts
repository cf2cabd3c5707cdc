/** The store without a disk below it: for tests and throw-away clusters. Everything but durability is the same code. */

import type { Logger } from "@kubets/apimachinery";
import type { EventRingLimits } from "./event-ring.ts";
import { noLog } from "./log.ts";
import { LoggedStore } from "./logged-store.ts";
import type { Store } from "./store.ts";

export interface MemoryStoreOptions {
  readonly logger?: Logger;
  /** How much history is kept; the store compacts itself beyond that. Default 8192 events or 32 MiB. */
  readonly ringLimits?: EventRingLimits;
}

/** What is in it ends with the process. */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new LoggedStore({ ...options, log: noLog });
}
