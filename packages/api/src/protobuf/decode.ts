/**
 * Request bodies in Kubernetes' protobuf form, `application/vnd.kubernetes.protobuf`: what client-go's typed clients send for built-in kinds.
 * Gives the JSON value that the same object would have had. Source: apimachinery's runtime/serializer/protobuf.
 */

import { integerOf, parseJson, pushAll, resolveSchema, type Schema, schemaRefPrefix } from "@kubets/apimachinery";
import { type FieldNumber, fieldNumbers } from "./fields.ts";
import { messageSchemas } from "./schemas.ts";
import { readFields, WireError, type WireField } from "./wire.ts";

/** Of Kubernetes' envelope around a protobuf message. */
export const protobufMediaType = "application/vnd.kubernetes.protobuf";

/** What every such body begins with. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/** The body cannot be decoded; the message is for the client. */
export class ProtobufError extends Error {}

type Value = null | boolean | number | bigint | string | Value[] | { [key: string]: Value };
type JsonObject = { [key: string]: Value };

/**
 * The object, with apiVersion and kind.
 * @throws ProtobufError
 */
export function decodeProtobuf(body: Uint8Array): JsonObject {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!bytes.subarray(0, 4).equals(magic))
    throw new ProtobufError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  try {
    const { apiVersion, kind, raw } = readEnvelope(bytes.subarray(4));
    const message = messageName(apiVersion, kind);
    const schema = messageSchemas.get(message);
    if (schema === undefined || fieldNumbers(message) === undefined)
      throw new ProtobufError(
        `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in protobuf form`,
      );
    return { apiVersion, kind, ...decodeMessage(message, schema, raw, 0) };
  } catch (error) {
    if (error instanceof WireError)
      throw new ProtobufError(`the body is not a protobuf message: ${error.message}`, { cause: error });
    throw error;
  }
}

/** runtime.Unknown: type meta 1, raw 2. */
function readEnvelope(envelope: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  let apiVersion = "";
  let kind = "";
  let raw: Buffer = Buffer.alloc(0);
  for (const field of readFields(envelope)) {
    if (field.type !== "bytes") continue;
    if (field.number === 2) raw = field.value;
    if (field.number !== 1) continue;
    for (const { number, type, value } of readFields(field.value)) {
      if (type !== "bytes") continue;
      if (number === 1) apiVersion = value.toString();
      if (number === 2) kind = value.toString();
    }
  }
  return { apiVersion, kind, raw };
}

/** Kinds that every group has, whatever the version they are sent with. */
const metaKinds = new Set([
  "APIGroup",
  "APIGroupList",
  "APIResourceList",
  "APIVersions",
  "Status",
  "CreateOptions",
  "DeleteOptions",
  "GetOptions",
  "ListOptions",
  "PatchOptions",
  "UpdateOptions",
]);

/** Groups that are not of `k8s.io/api`. */
const packages: Readonly<Record<string, string>> = {
  "apiextensions.k8s.io": "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions",
  "apiregistration.k8s.io": "io.k8s.kube-aggregator.pkg.apis.apiregistration",
};
const apiextensions = `${packages["apiextensions.k8s.io"]}.v1`;

/** The message of a kind: `io.k8s.api.core.v1.Pod`. */
export function messageName(apiVersion: string, kind: string): string {
  if (metaKinds.has(kind) || apiVersion.startsWith("meta.k8s.io/"))
    return `io.k8s.apimachinery.pkg.apis.meta.v1.${kind}`;
  const [first = "", second] = apiVersion.split("/");
  const apart = Object.hasOwn(packages, first) ? packages[first] : undefined;
  if (apart !== undefined) return `${apart}.${second}.${kind}`;
  // A custom resource's group may begin like a built-in one: `batch.example.com`.
  if (first.includes(".") && !first.endsWith(".k8s.io")) return `${apiVersion}.${kind}`;
  const [group, version] = second === undefined ? ["core", first] : [first.split(".")[0], second];
  return `io.k8s.api.${group}.${version}.${kind}`;
}

const maxDepth = 100;

function decodeMessage(message: string, schema: Schema, bytes: Buffer, depth: number): JsonObject {
  if (depth > maxDepth) throw new ProtobufError("the message is nested too deeply");
  const object: JsonObject = {};
  fill(object, message, schema, bytes, depth);
  return object;
}

function fill(object: JsonObject, message: string, schema: Schema, bytes: Buffer, depth: number): void {
  const numbers = fieldNumbers(message);
  if (numbers === undefined) throw new ProtobufError(`${message} has no protobuf form here`);
  for (const field of readFields(bytes)) {
    const known = numbers.get(field.number);
    if (known === undefined) continue; // Of a newer version.
    if (known.inline !== undefined) fill(object, known.inline, schema, bytesOf(field), depth + 1);
    else setField(object, known, schema.properties?.[known.name], field, depth);
  }
}

function setField(
  object: JsonObject,
  { name, dropsZero }: FieldNumber,
  schema: Schema | undefined,
  field: WireField,
  depth: number,
): void {
  if (schema === undefined) return;
  const resolved = resolveSchema(schema, messageSchemas);
  if (resolved.type === "array") {
    const items = Object.hasOwn(object, name) ? (object[name] as Value[]) : [];
    pushAll(items, repeated(resolved.items ?? {}, field, depth));
    object[name] = items;
  } else if (resolved.type === "object" && typeof resolved.additionalProperties === "object") {
    const map = Object.hasOwn(object, name) ? (object[name] as JsonObject) : {};
    addEntry(map, resolved.additionalProperties, bytesOf(field), depth);
    object[name] = map;
  } else {
    const value = single(schema, field, depth);
    if (value === undefined || (dropsZero && (value === "" || value === 0 || value === false))) delete object[name];
    else object[name] = value;
  }
}

/** Repeated numbers may come packed into one field. */
function repeated(items: Schema, field: WireField, depth: number): Value[] {
  const { type } = resolveSchema(items, messageSchemas);
  if (field.type !== "bytes" || type !== "integer") {
    const value = single(items, field, depth);
    return value === undefined ? [] : [value];
  }
  const packed = Buffer.concat(
    Array.from(field.value, (byte, i) =>
      i === 0 || ((field.value[i - 1] ?? 0) & 0x80) === 0 ? Buffer.from([8, byte]) : Buffer.from([byte]),
    ),
  );
  return [...readFields(packed)].map((f) => (f.type === "varint" ? integer(f.value) : 0));
}

/** A map's entry: key 1, value 2. */
function addEntry(map: JsonObject, values: Schema, entry: Buffer, depth: number): void {
  let key = "";
  let value: Value | undefined;
  for (const field of readFields(entry)) {
    if (field.number === 1) key = bytesOf(field).toString();
    if (field.number === 2) value = mapValue(values, field, depth);
  }
  const filled = value ?? emptyOf(values);
  // A key such as `__proto__` must become an entry like any other.
  Object.defineProperty(map, key, { value: filled, enumerable: true, writable: true, configurable: true });
}

/** A list in a map is a message of its own, with the items as field 1. */
function mapValue(values: Schema, field: WireField, depth: number): Value | undefined {
  const resolved = resolveSchema(values, messageSchemas);
  if (resolved.type !== "array") return single(values, field, depth);
  return [...readFields(bytesOf(field))].flatMap((item) => repeated(resolved.items ?? {}, item, depth));
}

function emptyOf(schema: Schema): Value {
  const { type } = resolveSchema(schema, messageSchemas);
  return type === "array" ? [] : type === "object" ? {} : type === "integer" ? 0 : type === "boolean" ? false : "";
}

/** Undefined for a zero time, which JSON has as null. */
function single(schema: Schema, field: WireField, depth: number): Value | undefined {
  const name = refName(schema);
  const special = name === undefined ? undefined : specials[name];
  if (special !== undefined) return special(bytesOf(field), depth + 1);
  const resolved = resolveSchema(schema, messageSchemas);
  switch (resolved.type) {
    case "string":
      return resolved.format === "byte" ? bytesOf(field).toString("base64") : bytesOf(field).toString();
    case "integer":
      return field.type === "varint" ? integer(field.value) : mismatch(field);
    case "number":
      return field.type === "fixed64" || field.type === "fixed32" ? field.value : mismatch(field);
    case "boolean":
      return field.type === "varint" ? field.value !== 0n : mismatch(field);
    default:
      return name === undefined ? mismatch(field) : decodeMessage(name, resolved, bytesOf(field), depth + 1);
  }
}

/** A varint has no more than 64 bits. */
function integer(value: bigint): number | bigint {
  return integerOf(value) ?? 0;
}

function refName({ $ref }: Schema): string | undefined {
  return $ref?.startsWith(schemaRefPrefix) ? $ref.slice(schemaRefPrefix.length) : $ref;
}

function bytesOf(field: WireField): Buffer {
  return field.type === "bytes" ? field.value : mismatch(field);
}

function mismatch(field: WireField): never {
  throw new WireError(`wrong wireType for field ${field.number}`);
}

/** Messages whose JSON form is not an object of their fields. */
const specials: Readonly<Record<string, (bytes: Buffer, depth: number) => Value | undefined>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": (bytes) => fieldOf(bytes, 1, "bytes")?.toString() ?? "0",
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (bytes) =>
    fieldOf(bytes, 1, "varint") === 1n
      ? (fieldOf(bytes, 3, "bytes")?.toString() ?? "")
      : Number(fieldOf(bytes, 2, "varint") ?? 0n),
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": (bytes) => timeOf(bytes)?.replace(/\.\d+Z$/, "Z"),
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": timeOf,
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": embedded,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": embedded,
  [`${apiextensions}.JSON`]: embedded,
  [`${apiextensions}.JSONSchemaPropsOrArray`]: (bytes, depth) => {
    const several = fieldsOf(bytes, 2).map((part) => schemaProps(part, depth));
    return several.length > 0 ? several : schemaProps(fieldOf(bytes, 1, "bytes") ?? Buffer.alloc(0), depth);
  },
  [`${apiextensions}.JSONSchemaPropsOrBool`]: (bytes, depth) => {
    const schema = fieldOf(bytes, 2, "bytes");
    return schema === undefined ? fieldOf(bytes, 1, "varint") === 1n : schemaProps(schema, depth);
  },
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: (bytes, depth) => {
    const schema = fieldOf(bytes, 1, "bytes");
    return schema === undefined ? fieldsOf(bytes, 2).map(String) : schemaProps(schema, depth);
  },
};

function schemaProps(bytes: Buffer, depth: number): Value {
  const name = `${apiextensions}.JSONSchemaProps`;
  return decodeMessage(name, resolveSchema({ $ref: schemaRefPrefix + name }, messageSchemas), bytes, depth);
}

function fieldsOf(bytes: Buffer, number: number): Buffer[] {
  return [...readFields(bytes)].flatMap((field) => (field.number === number ? [bytesOf(field)] : []));
}

function fieldOf<T extends WireField["type"]>(bytes: Buffer, number: number, type: T) {
  let found: Extract<WireField, { type: T }>["value"] | undefined;
  for (const field of readFields(bytes))
    if (field.number === number && field.type === type) found = field.value as typeof found;
  return found;
}

/** Seconds 1, nanoseconds 2; with microseconds. */
function timeOf(bytes: Buffer): string | undefined {
  const seconds = Number(fieldOf(bytes, 1, "varint") ?? 0n);
  const micros = Math.trunc(Number(fieldOf(bytes, 2, "varint") ?? 0n) / 1000);
  // Go's zero time; seconds are absent from an empty message.
  if (bytes.length === 0 || seconds === -62135596800) return undefined;
  const whole = new Date(seconds * 1000);
  const year = whole.getUTCFullYear();
  // RFC 3339 has four digits for it; NaN is neither.
  if (!(year >= 0 && year <= 9999)) throw new WireError("time out of range");
  return `${whole.toISOString().slice(0, 19)}.${String(micros).padStart(6, "0")}Z`;
}

/** JSON inside of protobuf. */
function embedded(bytes: Buffer): Value | undefined {
  const raw = fieldOf(bytes, 1, "bytes");
  if (raw === undefined || raw.length === 0) return undefined;
  try {
    return parseJson(raw.toString()) as Value;
  } catch (cause) {
    throw new ProtobufError("an embedded object is not JSON", { cause });
  }
}
