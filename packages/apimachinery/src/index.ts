export * from "./clock.ts";
export * from "./component.ts";
export * from "./field-error.ts";
export * from "./gvk.ts";
export * from "./object.ts";
export * from "./schema.ts";
export * from "./status.ts";
