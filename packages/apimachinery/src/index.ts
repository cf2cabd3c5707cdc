export * from "./abort.ts";
export * from "./change-set.ts";
export * from "./clock.ts";
export * from "./component.ts";
export { type Decoded, DecodeError, type DecodeOptions, decodeObject } from "./decode.ts";
export * from "./duration.ts";
export * from "./equality.ts";
export * from "./error-message.ts";
export { integerOf, isInteger, parseJson, writeJson } from "./exact-json.ts";
export * from "./field-error.ts";
export * from "./fields.ts";
export * from "./gvk.ts";
export { giveMemoryBackWhenIdle } from "./idle-memory.ts";
export * from "./int-or-string.ts";
export * from "./ip.ts";
export * from "./json.ts";
export { JsonSyntaxError } from "./json-parser.ts";
export * from "./label-validation.ts";
export * from "./labels.ts";
export { conflictError as applyConflictError } from "./managed-fields/conflicts.ts";
export {
  type ApplyResult,
  FieldManager,
  type FieldManagerOptions,
  type OtherVersion,
} from "./managed-fields/field-manager.ts";
export {
  emptyFieldSet,
  type FieldSet,
  FieldSetBuilder,
  fieldPaths,
  fieldSetOf,
  fieldSetOfNames,
  fieldSetsEqual,
  formatFieldPath,
  intersectFieldSets,
  isEmptyFieldSet,
  parseFieldsV1,
  subtractFieldSet,
  subtractFieldSetDeep,
  unionFieldSets,
  writeFieldsV1,
} from "./managed-fields/field-set.ts";
export { lastAppliedAnnotation } from "./managed-fields/last-applied.ts";
export { mergeConfig } from "./managed-fields/merge.ts";
export { type MergeType, MergeTypeError, mergeTypeOf, typeFor } from "./managed-fields/merge-type.ts";
export { typeFaults } from "./managed-fields/type-faults.ts";
export * from "./metadata-validation.ts";
export * from "./names.ts";
export * from "./object.ts";
export { applyJsonPatch, maxJsonPatchOperations } from "./patch/json-patch.ts";
export { applyMergePatch } from "./patch/merge-patch.ts";
export { PatchError } from "./patch/patch-error.ts";
export { applyStrategicMergePatch } from "./patch/strategic-merge-patch.ts";
export * from "./push-all.ts";
export * from "./quantity.ts";
export * from "./schema.ts";
export * from "./seeded-random.ts";
export * from "./seen-before.ts";
export { writeSortedJson } from "./sorted-json.ts";
export * from "./status.ts";
export * from "./time-slice.ts";
export * from "./unheard-errors.ts";
export * from "./virtual-clock.ts";
export * from "./work-queue.ts";
export * from "./write-yaml.ts";
export { hasInfinite, type WrittenNumber, writtenNumbers } from "./written-numbers.ts";
export * from "./yaml.ts";
