export * from "./compaction.ts";
export type { EtcdTls } from "./etcd/channel.ts";
export * from "./etcd/open.ts";
export { type ObjectFormOptions, objectForm, type StoredForm } from "./etcd/stored-form.ts";
export type { EventRingLimits } from "./event-ring.ts";
export * from "./memory-store.ts";
export * from "./sqlite/open.ts";
export * from "./store.ts";
export * from "./value-transformer.ts";
