export * from "./types/common.ts";
export * from "./types/container.ts";
export * from "./types/image.ts";
export * from "./types/runtime.ts";
export * from "./types/sandbox.ts";
export * from "./types/stats.ts";
