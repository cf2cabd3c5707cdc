/** What the API server needs of CustomResourceDefinitions besides their definition. */

export * from "./api-approval.ts";
export * from "./conditions.ts";
export { isValidCABundle } from "./conversion-validation.ts";
export { isKnownFormat } from "./crd-warnings.ts";
export { crdDefinitionWith } from "./custom-resource-definition.ts";
export { type ValidFieldPath, validFieldPath } from "./field-path.ts";
export type { CompiledRule, SchemaChecks } from "./rule-cost.ts";
export * from "./structural-schema.ts";
