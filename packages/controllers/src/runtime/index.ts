export * from "./context.ts";
export * from "./controller.ts";
