export * from "./columns.ts";
export * from "./definition.ts";
export * from "./generated/resources.ts";
export { type ResourceTableRow, resourceTable } from "./generated/resource-table.ts";
export type * from "./generated/types.ts";
export { schemaRef, schemaSet } from "./schema-set.ts";
export { bumpGeneration, keep, specStrategy, statusStrategy } from "./strategy.ts";
