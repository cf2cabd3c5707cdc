/** Configuration files with a kind: AuthenticationConfiguration, AuthorizationConfiguration, EncryptionConfiguration. Read strictly, as upstream's codecs read them. */

import {
  decodeObject,
  decodeYaml,
  type FieldError,
  messageOf,
  type Schema,
  type SchemaSet,
} from "@kubets/apimachinery";

export interface ConfigKind {
  readonly group: string;
  readonly kind: string;
  /** Those with the same fields; the best first. */
  readonly versions: readonly string[];
  /** Of what is beside `apiVersion` and `kind`. */
  readonly fields: Readonly<Record<string, Schema>>;
}

const noReferences: SchemaSet = { get: () => undefined, names: () => [] };

/** Short ways to write a schema down. */
export const text: Schema = { type: "string" };
export const flag: Schema = { type: "boolean" };
export const listOf = (items: Schema): Schema => ({ type: "array", items });
export const object = (properties: Readonly<Record<string, Schema>>): Schema => ({ type: "object", properties });

/**
 * @param content JSON or YAML
 * @param tolerate is told of unknown and repeated fields, which are no error then
 * @throws Error saying what of it is not of the kind: an unknown or repeated field, a value of a wrong type, another kind
 */
export async function decodeConfig<T extends object>(
  content: string,
  kind: ConfigKind,
  tolerate?: (problem: string) => void,
): Promise<T> {
  const { value, duplicates } = await decodeYaml(content);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`couldn't get version/kind; json parse error: expected a ${kind.kind} object`);
  checkKind(value as { apiVersion?: unknown; kind?: unknown }, kind);
  const schema = object({ apiVersion: text, kind: text, ...kind.fields });
  try {
    const decoded = decodeObject<never>(value, schema, noReferences);
    const problems = [...duplicates, ...decoded.unknownFields];
    if (problems.length > 0) {
      const problem = `strict decoding error: ${problems.join(", ")}`;
      if (tolerate === undefined) throw new Error(problem);
      tolerate(problem);
    }
    return decoded.value as T;
  } catch (cause) {
    throw new Error(messageOf(cause), { cause });
  }
}

function checkKind(value: { apiVersion?: unknown; kind?: unknown }, { group, kind, versions }: ConfigKind): void {
  if (!value.kind) throw new Error("Object 'Kind' is missing");
  if (!value.apiVersion) throw new Error("Object 'apiVersion' is missing");
  if (value.kind !== kind)
    throw new Error(
      `no kind ${JSON.stringify(value.kind)} is registered for version ${JSON.stringify(value.apiVersion)}`,
    );
  if (!versions.some((version) => value.apiVersion === `${group}/${version}`))
    throw new Error(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(value.apiVersion)}; expected ${versions.map((version) => `${group}/${version}`).join(" or ")}`,
    );
}

/** As utilerrors.NewAggregate prints field errors. */
export function aggregate(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(({ field, message }) => `${field}: ${message}`))];
  return texts.length === 1 ? texts[0]! : `[${texts.join(", ")}]`;
}
