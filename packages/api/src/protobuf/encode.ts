/**
 * Objects, lists, statuses and watch events in Kubernetes' protobuf form, for clients that read nothing else. The counterpart of `decode.ts`;
 * field numbers and types come from the same places. Source: apimachinery's runtime/serializer/protobuf.
 */

import { resolveSchema, type Schema, schemaRefPrefix, writeJson } from "@kubets/apimachinery";
import { messageName } from "./decode.ts";
import { type FieldNumber, fieldNumbers } from "./fields.ts";
import { messageSchemas } from "./schemas.ts";
import { WireWriter } from "./wire-writer.ts";

const apiextensions = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1";
const magic = Buffer.from("k8s\0");

type Json = Readonly<Record<string, unknown>>;

/** What has an apiVersion and a kind. */
export interface ProtobufObject {
  readonly apiVersion?: string;
  readonly kind?: string;
}

/** Whether objects of this kind have a protobuf form here: stable built-in kinds do. */
export function hasProtobufForm(apiVersion: string, kind: string): boolean {
  return fieldNumbers(messageName(apiVersion, kind)) !== undefined;
}

/** The object behind the magic, in its envelope. @throws TypeError for a kind without such a form */
export function encodeProtobuf(object: ProtobufObject): Uint8Array {
  const { apiVersion = "", kind = "" } = object;
  const message = messageName(apiVersion, kind);
  const schema = messageSchemas.get(message);
  if (schema === undefined || fieldNumbers(message) === undefined) {
    throw new TypeError(`${kind} in ${apiVersion} has no protobuf form`);
  }
  const writer = new WireWriter();
  writer.message(1, (type) => {
    type.string(1, apiVersion);
    type.string(2, kind);
  });
  writer.message(2, (raw) => writeMessage(raw, message, schema, object as Json));
  writer.string(3, "");
  writer.string(4, "");
  return Buffer.concat([magic, writer.finish()]);
}

/** The parts of a list in its envelope, for one that is too long to be made at one go. */
export interface ProtobufListParts {
  /** What comes before the items, which are so many bytes in all. */
  before(itemBytes: number): Uint8Array;
  item(object: ProtobufObject): Uint8Array;
  readonly after: Uint8Array;
}

/** @param list without its items @throws TypeError for a kind without such a form */
export function protobufListParts(list: ProtobufObject): ProtobufListParts {
  const { apiVersion = "", kind = "" } = list;
  const schema = messageSchemas.get(messageName(apiVersion, kind));
  const items = schema?.properties?.["items"]?.items;
  if (schema === undefined || items === undefined) throw new TypeError(`${kind} in ${apiVersion} has no protobuf form`);
  const head = written((writer) => writeMessage(writer, messageName(apiVersion, kind), schema, list as Json));
  const envelope = written((writer) =>
    writer.message(1, (type) => {
      type.string(1, apiVersion);
      type.string(2, kind);
    }),
  );
  return {
    before: (itemBytes) =>
      Buffer.concat([magic, envelope, written((writer) => writer.header(2, head.length + itemBytes)), head]),
    item: (object) => written((writer) => writeSingle(writer, listItems, items, object)),
    after: written((writer) => {
      writer.string(3, "");
      writer.string(4, "");
    }),
  };
}

/** The number of a list's items, in every kind. */
const listItems = 2;

function written(write: (writer: WireWriter) => void): Uint8Array {
  const writer = new WireWriter();
  write(writer);
  return writer.finish();
}

/** One event of a watch: its length in four bytes, then type and object. */
export function encodeWatchEvent(type: string, object: ProtobufObject): Uint8Array {
  const writer = new WireWriter();
  writer.string(1, type);
  writer.message(2, (raw) => raw.bytes(1, encodeProtobuf(object)));
  const event = writer.finish();
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function writeMessage(writer: WireWriter, message: string, schema: Schema, object: Json): void {
  const numbers = fieldNumbers(message);
  if (numbers === undefined) throw new TypeError(`${message} has no protobuf form`);
  for (const [number, field] of numbers) {
    if (field.inline !== undefined) writeInline(writer, number, field.inline, schema, object);
    else if (Object.hasOwn(object, field.name)) {
      writeField(writer, number, schema.properties?.[field.name], object[field.name]);
    }
  }
}

/** A message of its own on the wire, whose fields JSON has beside the others. Left out when there are none. */
function writeInline(writer: WireWriter, number: number, message: string, schema: Schema, object: Json): void {
  if (hasFieldOf(message, object)) {
    writer.message(number, (inner) => writeMessage(inner, message, schema, object));
  }
}

function hasFieldOf(message: string, object: Json): boolean {
  const has = ({ inline, name }: FieldNumber) =>
    inline === undefined ? Object.hasOwn(object, name) : hasFieldOf(inline, object);
  return [...(fieldNumbers(message)?.values() ?? [])].some(has);
}

function writeField(writer: WireWriter, number: number, schema: Schema | undefined, value: unknown): void {
  if (schema === undefined || value === undefined || value === null) return;
  const resolved = resolveSchema(schema, messageSchemas);
  if (resolved.type === "array") {
    for (const item of value as readonly unknown[]) writeSingle(writer, number, resolved.items ?? {}, item);
  } else if (resolved.type === "object" && typeof resolved.additionalProperties === "object") {
    for (const [key, each] of Object.entries(value as Json)) {
      writeEntry(writer, number, resolved.additionalProperties, key, each);
    }
  } else writeSingle(writer, number, schema, value);
}

/** A map's entry: key 1, value 2. A list in a map is a message of its own, with the items as field 1. */
function writeEntry(writer: WireWriter, number: number, values: Schema, key: string, value: unknown): void {
  const resolved = resolveSchema(values, messageSchemas);
  writer.message(number, (entry) => {
    entry.string(1, key);
    if (resolved.type !== "array") writeSingle(entry, 2, values, value);
    else entry.message(2, (list) => writeField(list, 1, resolved, value));
  });
}

function writeSingle(writer: WireWriter, number: number, schema: Schema, value: unknown): void {
  const { $ref } = schema;
  const name = $ref?.startsWith(schemaRefPrefix) ? $ref.slice(schemaRefPrefix.length) : $ref;
  const special = name === undefined ? undefined : specials[name];
  if (special !== undefined) return writer.message(number, (inner) => special(inner, value));
  const resolved = resolveSchema(schema, messageSchemas);
  switch (resolved.type) {
    case "string":
      if (resolved.format === "byte") writer.bytes(number, Buffer.from(String(value), "base64"));
      else writer.string(number, String(value));
      return;
    case "integer":
      return writer.integer(number, typeof value === "bigint" ? value : Number(value));
    case "number":
      return writer.double(number, Number(value));
    case "boolean":
      return writer.integer(number, value === true ? 1 : 0);
    default:
      if (name === undefined) throw new TypeError("a value without a type has no protobuf form");
      writer.message(number, (inner) => writeMessage(inner, name, resolved, value as Json));
  }
}

/** Messages whose JSON form is not an object of their fields. */
const specials: Readonly<Record<string, (writer: WireWriter, value: unknown) => void>> = {
  "io.k8s.apimachinery.pkg.api.resource.Quantity": (writer, value) => writer.string(1, String(value)),
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": (writer, value) => {
    writer.integer(1, typeof value === "string" ? 1 : 0);
    writer.integer(2, typeof value === "number" ? value : 0);
    writer.string(3, typeof value === "string" ? value : "");
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.Time": writeTime,
  "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": writeTime,
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": writeEmbedded,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": writeEmbedded,
  [`${apiextensions}.JSON`]: writeEmbedded,
  [`${apiextensions}.JSONSchemaPropsOrArray`]: (writer, value) => {
    if (!Array.isArray(value)) return writeSchemaProps(writer, 1, value);
    for (const part of value) writeSchemaProps(writer, 2, part);
  },
  [`${apiextensions}.JSONSchemaPropsOrBool`]: (writer, value) => {
    writer.integer(1, value === false ? 0 : 1);
    if (typeof value === "object") writeSchemaProps(writer, 2, value);
  },
  [`${apiextensions}.JSONSchemaPropsOrStringArray`]: (writer, value) => {
    if (!Array.isArray(value)) return writeSchemaProps(writer, 1, value);
    for (const name of value) writer.string(2, String(name));
  },
};

function writeSchemaProps(writer: WireWriter, number: number, value: unknown): void {
  writeSingle(writer, number, { $ref: `${schemaRefPrefix}${apiextensions}.JSONSchemaProps` }, value);
}

/** Seconds 1, nanoseconds 2. */
function writeTime(writer: WireWriter, value: unknown): void {
  const text = String(value);
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? "";
  writer.integer(1, Math.floor(Date.parse(text) / 1000));
  writer.integer(2, Number(fraction.padEnd(9, "0").slice(0, 9)));
}

/** JSON inside of protobuf. */
function writeEmbedded(writer: WireWriter, value: unknown): void {
  writer.bytes(1, Buffer.from(writeJson(value)));
}
