export * from "./build.ts";
export * from "./catalog.ts";
export * from "./load.ts";
