/**
 * CEL as Kubernetes has it.
 *
 * `compile(source, environment, {resultType?}): CompileResult` gives a Program, or errors with upstream's text.
 */

export { CelError } from "./cel-error.ts";
export { Environment, type EnvironmentOptions } from "./environment.ts";
export { escapeName, unescapeName } from "./escape.ts";
export * from "./limits.ts";
export type {
  Bindings,
  CompileResult,
  CostRange,
  EvaluateOptions,
  EvaluationError,
  EvaluationResult,
  Issue,
  Program,
} from "./program.ts";
export { type CelSchema, type SchemaTypeOptions, schemaType } from "./schema-type.ts";
export * from "./types.ts";
export {
  ArrayList,
  type CelValue,
  Duration,
  LazyObject,
  List,
  MapValue,
  NativeMap,
  ObjectValue,
  Opaque,
  Optional,
  Timestamp,
  TypeValue,
  Uint,
} from "./value.ts";
