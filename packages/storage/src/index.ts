export * from "./compaction.ts";
export type { EventRingLimits } from "./event-ring.ts";
export * from "./memory-store.ts";
export * from "./sqlite/open.ts";
export * from "./store.ts";
export * from "./value-transformer.ts";
