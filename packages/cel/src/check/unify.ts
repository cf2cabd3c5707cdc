/** Whether one type may stand for another, and what type parameters are found to be on the way. Source: cel-go's checker/types.go. */

import { dynType, type Type, type TypeKind } from "../types.ts";

const scalars: ReadonlySet<TypeKind> = new Set([
  "bool",
  "bytes",
  "double",
  "int",
  "string",
  "uint",
  "duration",
  "timestamp",
  "object",
]);

const containers: ReadonlySet<TypeKind> = new Set(["opaque", "optional", "list", "map"]);

export function sameType(a: Type, b: Type): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind || a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((parameter, i) => sameType(parameter, b.parameters[i]!));
}

function isWild(type: Type): boolean {
  return type.kind === "dyn" || type.kind === "error";
}

/** What type parameters stand for. A failed attempt leaves it as it was. */
export class Substitutions {
  #found = new Map<string, Type>();
  #fresh = 0;

  freshVariable(): Type {
    return { kind: "param", name: `_var${this.#fresh++}`, parameters: [] };
  }

  /** Whether values of `from` may be where `to` is wanted. */
  assignable(from: Type, to: Type): boolean {
    return this.assignableAll([from], [to]);
  }

  assignableAll(from: readonly Type[], to: readonly Type[]): boolean {
    const before = this.#found;
    this.#found = new Map(before);
    if (this.#all(from, to)) return true;
    this.#found = before;
    return false;
  }

  /** The type with what is known put in. Parameters that stand for nothing become dyn where asked. */
  resolve(type: Type, paramsToDyn = false): Type {
    if (type.kind === "param") {
      const found = this.#found.get(type.name);
      if (found !== undefined) return this.resolve(found, paramsToDyn);
      return paramsToDyn ? dynType : type;
    }
    if (type.parameters.length === 0) return type;
    const parameters = type.parameters.map((parameter) => this.resolve(parameter, paramsToDyn));
    return parameters.every((parameter, i) => parameter === type.parameters[i]) ? type : { ...type, parameters };
  }

  #all(from: readonly Type[], to: readonly Type[]): boolean {
    return from.length === to.length && from.every((type, i) => this.#one(type, to[i]!));
  }

  #one(from: Type, to: Type): boolean {
    if (to.kind === "param") {
      const { valid, known } = this.#substitute(from, to);
      if (valid) return true;
      if (known) return false;
    }
    if (from.kind === "param") return this.#substitute(to, from).valid;
    if (isWild(from) || isWild(to)) return true;
    if (from.kind === "null") return isNullable(to);
    if (to.kind === "null") return isNullable(from);
    if (scalars.has(from.kind)) return from.kind === to.kind && from.name === to.name;
    if (from.kind === "type") return to.kind === "type";
    if (!containers.has(from.kind)) return false;
    return from.kind === to.kind && from.name === to.name && this.#all(from.parameters, to.parameters);
  }

  #substitute(type: Type, param: Type): { valid: boolean; known: boolean } {
    if (type.kind === "param" && type.name === param.name) return { valid: true, known: true };
    const found = this.#found.get(param.name);
    if (found === undefined) {
      if (this.#occurs(param, type)) return { valid: false, known: false };
      this.#found.set(param.name, type);
      return { valid: true, known: false };
    }
    if (sameType(type, found)) return { valid: true, known: true };
    if (!this.#one(type, found)) return { valid: false, known: true };
    const general = lessSpecific(type, found) ? type : found;
    if (!this.#occurs(param, general)) this.#found.set(param.name, general);
    return { valid: true, known: true };
  }

  #occurs(param: Type, within: Type): boolean {
    if (within.kind === "param") {
      if (within.name === param.name) return true;
      const found = this.#found.get(within.name);
      return found !== undefined && this.#occurs(param, found);
    }
    return within.parameters.some((inner) => this.#occurs(param, inner));
  }
}

function isNullable({ kind }: Type): boolean {
  return (
    kind === "null" ||
    kind === "opaque" ||
    kind === "optional" ||
    kind === "object" ||
    kind === "duration" ||
    kind === "timestamp"
  );
}

/** Whether the first is at least as general as the second. */
export function lessSpecific(a: Type, b: Type): boolean {
  if (a.kind === "dyn" || a.kind === "param") return true;
  if (b.kind === "dyn" || b.kind === "param") return false;
  if (a.kind !== b.kind) return false;
  if (a.kind === "type") return true;
  if (a.name !== b.name || a.parameters.length !== b.parameters.length) return false;
  return a.parameters.every((parameter, i) => lessSpecific(parameter, b.parameters[i]!));
}
