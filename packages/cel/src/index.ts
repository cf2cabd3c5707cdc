/**
 * CEL as Kubernetes has it.
 *
 * `compile(source, environment)` gives a Program, or errors with upstream's text.
 */

export { CelError, Suspended } from "./cel-error.ts";
export { compile } from "./compile.ts";
export { Environment, type EnvironmentOptions } from "./environment.ts";
export { escapeName, unescapeName } from "./escape.ts";
export {
  type AuthorizationCheck,
  type AuthorizationDecision,
  type AuthorizeCheck,
  AuthorizerValue,
  authorizerType,
  resourceCheckType,
} from "./library/authorizer.ts";
export { maxRegexSize, regexSize, regexTooLarge } from "./library/regex-size.ts";
export { describe, toText } from "./library/text.ts";
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
export { misnamedObject, toJson } from "./to-json.ts";
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
