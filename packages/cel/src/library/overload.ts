/** Functions: what they are called with, what they give, what they do. */

import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  intType,
  listType,
  mapType,
  nullType,
  opaqueType,
  optionalType,
  stringType,
  type Type,
  timestampType,
  typeParam,
  typeType,
  uintType,
} from "../types.ts";
import type { CelValue } from "../value.ts";

export interface Overload {
  /** The function's name; operators have cel-go's: `_+_`. */
  readonly name: string;
  /** cel-go's: costs go by it. */
  readonly id: string;
  /** Called on its first argument: `a.f(b)`. */
  readonly member: boolean;
  readonly args: readonly Type[];
  readonly result: Type;
  /** The type parameters in `args` and `result`. */
  readonly params: readonly string[];
  /** @throws CelError. Absent where evaluation itself does it: `_&&_`, `_[_]`. */
  readonly apply?: (...args: CelValue[]) => CelValue;
}

const named: ReadonlyMap<string, Type> = new Map(
  [
    boolType,
    bytesType,
    doubleType,
    dynType,
    intType,
    nullType,
    stringType,
    uintType,
    { ...durationType, alias: "duration" },
    { ...timestampType, alias: "timestamp" },
  ].map((type) => ["alias" in type ? type.alias : type.name, type]),
);

/** A function that takes values of the classes its signature says. */
type Apply = (...args: never[]) => CelValue;

/**
 * An overload by its signature: `"(int, int): int"`, or for a member `"string.(int): string"`. Upper-case letters are type parameters;
 * a name with a dot is an opaque type.
 */
export function overload(name: string, id: string, signature: string, apply?: Apply): Overload {
  const match = /^(?:(.+?)\.)?\((.*)\): (.+)$/.exec(signature);
  if (match === null) throw new Error(`signature ${signature} of ${name} is not understood`);
  const [, receiver, rest = "", result = ""] = match;
  const args = [...(receiver === undefined ? [] : [receiver]), ...splitTypes(rest)];
  const params = [...new Set(signature.match(/\b[A-Z]\b/g) ?? [])];
  return {
    name,
    id,
    member: receiver !== undefined,
    args: args.map(parseType),
    result: parseType(result),
    params,
    ...(apply === undefined ? {} : { apply: apply as (...args: CelValue[]) => CelValue }),
  };
}

function splitTypes(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === "(") depth++;
    else if (text[i] === ")") depth--;
    else if (text[i] === "," && depth === 0) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  const last = text.slice(from).trim();
  return last === "" ? parts : [...parts, last];
}

function parseType(text: string): Type {
  const type = named.get(text);
  if (type !== undefined) return type;
  if (/^[A-Z]$/.test(text)) return typeParam(text);
  const match = /^(\w+)\((.*)\)$/.exec(text);
  if (match === null) return opaqueType(text);
  const [first = dynType, second = dynType] = splitTypes(match[2]!).map(parseType);
  switch (match[1]) {
    case "list":
      return listType(first);
    case "map":
      return mapType(first, second);
    case "optional":
      return optionalType(first);
    case "type":
      return typeType(first);
    default:
      throw new Error(`type ${text} is not understood`);
  }
}
