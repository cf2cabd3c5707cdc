/** Calls: which overload it is when the types of arguments are known only now, and what it costs. */

import { CelError, isAbsorbable } from "../cel-error.ts";
import type { Overload } from "../library/overload.ts";
import type { Type } from "../types.ts";
import { type CelValue, List, MapValue, typeOf } from "../value.ts";
import { type Args, type CallCost, callCost } from "./call-cost.ts";
import type { Frame, Run } from "./frame.ts";

/** Whether a value may be given where a type is wanted. */
function fits(value: CelValue, type: Type): boolean {
  switch (type.kind) {
    case "dyn":
    case "param":
      return true;
    case "list":
      return value instanceof List && elementsFit(value, type.parameters[0]!);
    case "map":
      return value instanceof MapValue;
    case "opaque":
      return typeOf(value).name === type.name;
    default:
      return typeOf(value).kind === type.kind;
  }
}

/** A list's first element tells what list it is, where overloads differ by that. */
function elementsFit(list: List, type: Type): boolean {
  if (type.kind === "dyn" || type.kind === "param" || type.kind === "list" || list.size === 0) return true;
  return fits(list.at(0), type);
}

const numbers = ["int", "uint", "double"];
const ordered = [...numbers, "bool", "string", "bytes", "timestamp", "duration"];

/** What the first argument of an operator may be. Operators find out about the second one themselves, and say less of it. */
const firstArguments: Readonly<Record<string, readonly string[]>> = {
  "_+_": [...numbers, "string", "bytes", "list", "timestamp", "duration"],
  "_-_": [...numbers, "timestamp", "duration"],
  "_*_": numbers,
  "_/_": numbers,
  "_%_": ["int", "uint"],
  "-_": ["int", "double"],
  "!_": ["bool"],
  "_<_": ordered,
  "_<=_": ordered,
  "_>_": ordered,
  "_>=_": ordered,
  size: ["string", "bytes", "list", "map", "object"],
};

/** As cel-go words it: functions name what they were given, operators do not. */
function noOverload(name: string, args: Args): CelError {
  if (name === "@in") return new CelError("no such overload");
  const first = firstArguments[name];
  if (first !== undefined) {
    const known = name === "!_" || first.includes(typeOf(args[0] ?? null).kind);
    return new CelError(known ? "no such overload" : `no such overload: ${name}`);
  }
  const types = args.map((value) => typeOf(value).name).join(", ");
  return new CelError(`no such overload: ${name}(${types})`);
}

/** Whether every argument is known to be what the overload wants. */
function isCertain(overload: Overload, types: readonly Type[]): boolean {
  return overload.args.every(({ kind, parameters }, i) => {
    if (kind === "dyn" || kind === "param") return true;
    const type = types[i]!;
    if (type.kind !== kind) return false;
    const element = parameters[0];
    if (kind !== "list" || element === undefined || element.kind === "dyn" || element.kind === "param") return true;
    return type.parameters[0]?.kind === element.kind;
  });
}

/**
 * A call of a function.
 * @param candidates what the checker found possible
 * @param all every overload of that name and style, for arguments whose types are known only now
 */
export function planCall(
  name: string,
  candidates: readonly Overload[],
  all: readonly Overload[],
  args: readonly Run[],
  types: readonly Type[],
): Run {
  const only = candidates.length === 1 ? candidates[0] : undefined;
  const cost = callCost(name, only?.id);
  const apply = only !== undefined && isCertain(only, types) ? direct(name, only) : dynamic(name, all, args.length);
  return runner(args, apply, cost);
}

type Apply = (args: CelValue[]) => CelValue;

function direct(name: string, { apply, args: wanted }: Overload): Apply {
  // JSON may have null anywhere, whatever its schema says.
  const strict = wanted.map(({ kind }) => kind !== "dyn" && kind !== "param");
  return (args) => {
    for (let i = 0; i < args.length; i++) if (args[i] === null && strict[i]) throw noOverload(name, args);
    return apply!(...args);
  };
}

function dynamic(name: string, all: readonly Overload[], count: number): Apply {
  const possible = all.filter(({ args, apply }) => args.length === count && apply !== undefined);
  return (args) => {
    for (const { args: wanted, apply } of possible) {
      if (wanted.every((type, i) => fits(args[i]!, type))) return apply!(...args);
    }
    throw noOverload(name, args);
  };
}

/** An argument that fails costs what the others cost, and the call. */
function chargeFailed(error: unknown, args: readonly Run[], next: number, frame: Frame): void {
  if (!isAbsorbable(error)) return;
  for (let i = next; i < args.length; i++) {
    try {
      args[i]!(frame);
    } catch (other) {
      if (!isAbsorbable(other)) throw other;
    }
  }
  frame.charge(1);
}

function runner(args: readonly Run[], apply: Apply, { before, after }: CallCost): Run {
  return (frame: Frame) => {
    const values: CelValue[] = [];
    for (let i = 0; i < args.length; i++) {
      try {
        values.push(args[i]!(frame));
      } catch (error) {
        chargeFailed(error, args, i + 1, frame);
        throw error;
      }
    }
    if (before !== undefined) frame.charge(before(values));
    const result = apply(values);
    if (after !== undefined) frame.charge(after(result));
    return result;
  };
}
