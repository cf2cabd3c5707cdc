export { SchedulerCache } from "./cache.ts";
export * from "./framework/framework.ts";
export * from "./framework/node-info.ts";
export * from "./framework/plugin.ts";
export * from "./framework/resources.ts";
export * from "./framework/status.ts";
export { defaultPlugins } from "./plugins/index.ts";
export { backoffMs, type QueuedPod, SchedulingQueue } from "./queue.ts";
export { Scheduler, type SchedulerOptions } from "./scheduler.ts";
