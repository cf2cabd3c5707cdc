export * from "./definition.ts";
export { type ResourceTableRow, resourceTable } from "./generated/resource-table.ts";
export * from "./generated/resources.ts";
export type * from "./generated/types.ts";
export { schemaRef, schemaSet } from "./schema-set.ts";
