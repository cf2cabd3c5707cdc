/** What a mutation does to an object. Source: apiserver's admission/plugin/policy/mutating/patch. */

import {
  applyJsonPatch,
  clone,
  DecodeError,
  decodeObject as decodeBySchema,
  type Json,
  type KubeObject,
  type MergeType,
  mergeConfig,
  messageOf,
  type Schema,
  type SchemaSet,
  typeFor,
} from "@kubets/apimachinery";
import type { CelValue, MapValue } from "@kubets/cel";
import type { Cel } from "./environment.ts";

/** The policy's mutation cannot be applied: its failurePolicy decides. */
export class MutationError extends Error {
  override readonly name = "MutationError";
}

/** A new object; the same one where a `test` operation fails. @throws MutationError */
export function applyPatchValue(cel: Cel, object: KubeObject, value: CelValue): KubeObject {
  const operations = attempt(() =>
    [...(value as Iterable<CelValue>)].map((each) => operationOf(cel, each as MapValue)),
  );
  try {
    return applyJsonPatch(clone(object) as unknown as Json, operations) as unknown as KubeObject;
  } catch (error) {
    const why = messageOf(error);
    if (why.startsWith("testing value ") && why.endsWith(" failed: test failed")) return object;
    throw new MutationError(`JSON Patch: ${why}`);
  }

  function attempt<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!(error instanceof cel.CelError)) throw error;
      const what = "JSONPath valueExpression evaluated to a type that could not marshal to JSON";
      throw new MutationError(`${what}: ${error.message}`);
    }
  }
}

function operationOf(cel: Cel, operation: MapValue): Json {
  const field = (name: string): CelValue | undefined => operation.field(name);
  const value = field("value");
  const misnamed = value instanceof cel.ObjectValue ? cel.misnamedObject(value, value.type.name) : undefined;
  if (misnamed !== undefined) throw new MutationError(`type mismatch: ${misnamed}`);
  return {
    op: String(field("op") ?? ""),
    path: String(field("path") ?? ""),
    ...(field("from") ? { from: String(field("from")) } : {}),
    ...(value === undefined ? {} : { value: cel.toJson(value) as Json }),
  };
}

export interface ConfigurationType {
  readonly merge: MergeType;
  /** Where fields are checked: of built-in kinds. */
  readonly declared?: { readonly schema: Schema; readonly schemas: SchemaSet };
}

/** A new object with the configuration merged in, as server-side apply would, without owners. @throws MutationError */
export function applyConfiguration(
  cel: Cel,
  object: KubeObject,
  value: CelValue,
  { merge: type, declared }: ConfigurationType,
): KubeObject {
  const misnamed = cel.misnamedObject(value);
  if (misnamed !== undefined) throw new MutationError(`type mismatch: ${misnamed}`);
  try {
    const { apiVersion, kind } = object;
    const config = { ...(cel.toJson(value) as Record<string, Json>), apiVersion, kind } as unknown as Json;
    if (declared !== undefined) requireDeclared(config, declared.schema, declared.schemas);
    const atomics = atomicsIn(config, type, "");
    if (atomics.length > 0) {
      const why = `may not mutate atomic arrays, maps or structs: ${atomics.join(", ")}`;
      throw new MutationError(`error applying patch: invalid ApplyConfiguration: ${why}`);
    }
    return mergeConfig(clone(object) as unknown as Json, config, type) as unknown as KubeObject;
  } catch (error) {
    if (error instanceof MutationError) throw error;
    const why = error instanceof cel.CelError ? error.message : messageOf(error);
    throw new MutationError(`error applying patch: ${why}`);
  }
}

/** @throws MutationError for fields that the kind does not have, or values of another type */
function requireDeclared(config: Json, schema: Schema, schemas: SchemaSet): void {
  const failed = (why: string) =>
    new MutationError(`error applying patch: failed to convert patch object to typed object: ${why}`);
  let unknown: readonly string[];
  try {
    unknown = decodeBySchema(config as { [key: string]: Json }, schema, schemas).unknownFields;
  } catch (error) {
    if (error instanceof DecodeError) throw failed(error.message);
    throw error;
  }
  const texts = unknown.map((text) => `.${text.replace(/^unknown field "(.*)"$/, "$1")}: field not declared in schema`);
  if (texts.length === 1) throw failed(texts[0]!);
  if (texts.length > 1) throw failed(`errors:\n${texts.map((text) => `  ${text}`).join("\n")}`);
}

/** Lists and objects that are replaced as a whole: merging into them would lose what is not said. */
function atomicsIn(value: Json, type: MergeType, path: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const actual = typeFor(value, type);
  if (actual.kind === "atomic") return [path];
  if (actual.kind === "list") {
    return (value as Json[]).flatMap((item, i) => atomicsIn(item, actual.items, `${path}[${i}]`));
  }
  if (actual.kind !== "map") return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const named = actual.named(key);
    return named === undefined ? [] : atomicsIn(inner, named, `${path}.${key}`);
  });
}
