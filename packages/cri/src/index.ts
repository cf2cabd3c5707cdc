export * from "./connect.ts";
export * from "./errors.ts";
export * from "./services.ts";
export * from "./types.ts";
