/** CEL's types, as the checker and the values carry them. */

/** What cel-go calls a kind; every type has one. */
export type TypeKind =
  | "dyn"
  | "null"
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "duration"
  | "timestamp"
  | "list"
  | "map"
  | "object"
  | "opaque"
  | "optional"
  | "type"
  | "param"
  | "error";

/**
 * A type. `parameters` are the element type of a list, key and value of a map, the value of an optional, the argument of a type value.
 * Sizes are set on types that come from a schema, and are what the static cost estimate is made of.
 */
export interface Type {
  readonly kind: TypeKind;
  /** As a message writes it, without parameters: `int`, `list`, `google.protobuf.Duration`, `kubernetes.Quantity`. */
  readonly name: string;
  readonly parameters: readonly Type[];
  /** Of an object type. A function, so that schemas may refer to themselves. */
  readonly fields?: () => ReadonlyMap<string, Field>;
  /** Most characters of a string, bytes of bytes, entries of a list or map. Absent: not known. */
  readonly maxElements?: number;
  /** The fewest bytes of JSON a value of this type takes. */
  readonly minSerializedSize?: number;
  /** Whether null is a value of it, where a schema says. */
  readonly nullable?: boolean;
  /** Of a list from a schema: a set and a map (by these escaped keys) are equal in any order, and add by merging. */
  readonly merge?: { readonly kind: "set" } | { readonly kind: "map"; readonly keys: readonly string[] };
  /** How JSON becomes a value where the kind does not say: a `date` is not a `date-time`. */
  readonly format?: "date" | "int-or-string";
}

export interface Field {
  /** The name as JSON has it; expressions use the escaped name, which is the key of the map. */
  readonly jsonName: string;
  readonly type: Type;
  readonly required: boolean;
}

const none: readonly Type[] = [];

function simple(kind: TypeKind, name: string, minSerializedSize?: number): Type {
  return { kind, name, parameters: none, ...(minSerializedSize === undefined ? {} : { minSerializedSize }) };
}

export const dynType = simple("dyn", "dyn", 1);
/** google.protobuf.Any, which nothing iterates over: dynamic otherwise. @param maxElements of whatever it is */
export function anyType(maxElements: number): Type {
  return { ...dynType, name: "any", maxElements };
}

/** Of protobuf's Any, which is dyn to the checker. */
export function isAny({ kind, name }: Type): boolean {
  return kind === "dyn" && name === "any";
}

/** Of an expression with an error in it: goes with everything, so that one error is told once. */
export const errorType = simple("error", "!error!");
export const nullType = simple("null", "null_type", 4);
export const boolType = simple("bool", "bool", 4);
export const intType = simple("int", "int", 1);
export const uintType = simple("uint", "uint", 1);
export const doubleType = simple("double", "double", 1);
export const stringType = simple("string", "string", 2);
export const bytesType = simple("bytes", "bytes", 2);
export const durationType = simple("duration", "google.protobuf.Duration", 3);
export const timestampType = simple("timestamp", "google.protobuf.Timestamp", 21);

/** @param maxElements what its schema allows, for the estimate of costs */
export function listType(element: Type, maxElements?: number): Type {
  const sizes = maxElements === undefined ? {} : { maxElements };
  return { kind: "list", name: "list", parameters: [element], minSerializedSize: 2, ...sizes };
}

/** @param maxElements what its schema allows, for the estimate of costs */
export function mapType(key: Type, value: Type, maxElements?: number): Type {
  const sizes = maxElements === undefined ? {} : { maxElements };
  return { kind: "map", name: "map", parameters: [key, value], minSerializedSize: 2, ...sizes };
}

/** Of a value that may be missing: `a.?b`. */
export function optionalType(value: Type): Type {
  return { kind: "optional", name: "optional_type", parameters: [value] };
}

/** The type of a type's name in an expression. */
export function typeType(argument: Type): Type {
  return { kind: "type", name: "type", parameters: [argument] };
}

/** A type with no fields that only functions know: `kubernetes.Quantity`. */
export function opaqueType(name: string, ...parameters: Type[]): Type {
  return { kind: "opaque", name, parameters };
}

/** A type parameter of an overload: `T`. */
export function typeParam(name: string): Type {
  return { kind: "param", name, parameters: none };
}

/** An object with declared fields, by their names in JSON. */
export function objectType(name: string, fields: Readonly<Record<string, Type>>): Type {
  const map = new Map<string, Field>();
  for (const [field, type] of Object.entries(fields)) map.set(field, { jsonName: field, type, required: false });
  return { kind: "object", name, parameters: none, fields: () => map, minSerializedSize: 2 };
}

/** The type as cel-go's messages write it: `list(int)`, `map(string, dyn)`, `type(int)`. */
export function formatType(type: Type): string {
  if (type.kind === "null") return "null";
  if (type.parameters.length === 0) return type.name;
  return `${type.name}(${type.parameters.map(formatType).join(", ")})`;
}
