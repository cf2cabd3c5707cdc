/** The types of an expression's parts, and which functions its calls are. Source: cel-go's checker/checker.go. */

import type { Environment } from "../environment.ts";
import { findField } from "../escape.ts";
import { overloadsOf } from "../library/functions.ts";
import type { Overload } from "../library/overload.ts";
import type { Call, Comprehension, ListNode, MapNode, Node, Select, Struct } from "../parse/ast.ts";
import {
  boolType,
  bytesType,
  doubleType,
  durationType,
  dynType,
  errorType,
  formatType,
  intType,
  isAny,
  listType,
  mapType,
  nullType,
  opaqueType,
  optionalType,
  stringType,
  type Type,
  timestampType,
  typeType,
  uintType,
} from "../types.ts";
import { typeOf } from "../value.ts";
import { lessSpecific, Substitutions, sameType } from "./unify.ts";

export interface Problem {
  /** In code points. */
  readonly at: number;
  readonly message: string;
}

export interface Checked {
  readonly root: Node;
  readonly problems: readonly Problem[];
  typeOf(node: Node): Type;
  /** What a call may be; several where its arguments' types are not known. The name has its namespace: `sets.contains`. */
  callOf(node: Call): ResolvedCall | undefined;
  /** The type that a name stands for, where it is one. */
  typeNamed(node: Node): Type | undefined;
  /** The variable whose name has dots that a node is: `authorizer.requestResource`. */
  variableNamed(node: Node): string | undefined;
  /** Variables of the environment that are referred to. */
  readonly uses: ReadonlySet<string>;
}

export interface ResolvedCall {
  readonly name: string;
  readonly overloads: readonly Overload[];
  /** Arguments, the target first where there is one. */
  readonly args: readonly Node[];
  readonly member: boolean;
}

/** The names of types, as values. */
const typeNames: ReadonlyMap<string, Type> = new Map([
  ["bool", boolType],
  ["bytes", bytesType],
  ["double", doubleType],
  ["int", intType],
  ["uint", uintType],
  ["string", stringType],
  ["null_type", nullType],
  ["dyn", dynType],
  ["list", listType(dynType)],
  ["map", mapType(dynType, dynType)],
  ["type", { kind: "type", name: "type", parameters: [] }],
  ["optional_type", optionalType(dynType)],
  ["net.IP", opaqueType("net.IP")],
  ["net.CIDR", opaqueType("net.CIDR")],
  ["google.protobuf.Duration", durationType],
  ["google.protobuf.Timestamp", timestampType],
]);

export function check(root: Node, environment: Environment): Checked {
  const checker = new Checker(environment);
  checker.check(root);
  return checker.finish(root);
}

class Checker {
  readonly #environment: Environment;
  readonly #types = new Map<Node, Type>();
  readonly #calls = new Map<Node, ResolvedCall>();
  readonly #typeNamed = new Map<Node, Type>();
  readonly #variableNamed = new Map<Node, string>();
  readonly #uses = new Set<string>();
  readonly #problems: Problem[] = [];
  readonly #substitutions = new Substitutions();
  /** Of comprehensions, innermost last. */
  readonly #scopes: Map<string, Type>[] = [];

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  finish(root: Node): Checked {
    return {
      root,
      problems: this.#problems,
      typeOf: (node) => this.#substitutions.resolve(this.#types.get(node) ?? dynType, true),
      callOf: (node) => this.#calls.get(node),
      typeNamed: (node) => this.#typeNamed.get(node),
      variableNamed: (node) => this.#variableNamed.get(node),
      uses: this.#uses,
    };
  }

  /** Once for each node: `optMap` uses its target twice, and a chain of them would take time without end. */
  check(node: Node): Type {
    const known = this.#types.get(node);
    if (known !== undefined) return known;
    const type = this.#typeFor(node);
    this.#types.set(node, type);
    return type;
  }

  #typeFor(node: Node): Type {
    switch (node.kind) {
      case "literal":
        return typeOf(node.value);
      case "ident":
        return this.#identifier(node, node.name) ?? this.#undeclared(node.at, node.name);
      case "select":
        return this.#select(node);
      case "call":
        return this.#call(node);
      case "list":
        return this.#list(node);
      case "map":
        return this.#map(node);
      case "struct":
        return this.#struct(node);
      case "comprehension":
        return this.#comprehension(node);
    }
  }

  #report(at: number, message: string): Type {
    this.#problems.push({ at, message });
    return errorType;
  }

  #undeclared(at: number, name: string): Type {
    return this.#report(at, `undeclared reference to '${name}' (in container '')`);
  }

  #mismatch(at: number, wanted: Type, found: Type): Type {
    const [a, b] = [wanted, found].map((type) => formatType(this.#substitutions.resolve(type, true)));
    return this.#report(at, `expected type '${a}' but found '${b}'`);
  }

  #identifier(node: Node, name: string): Type | undefined {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const type = this.#scopes[i]!.get(name);
      if (type !== undefined) return type;
    }
    const variable = this.#environment.variables.get(name);
    if (variable !== undefined) {
      this.#uses.add(name);
      return variable;
    }
    const named = typeNames.get(name) ?? this.#environment.objectTypes(name);
    if (named === undefined) return undefined;
    this.#typeNamed.set(node, named);
    return typeType(named);
  }

  #select(node: Select): Type {
    const name = node.test ? undefined : dottedName(node);
    const qualified = name === undefined ? undefined : this.#qualified(node, name);
    if (qualified !== undefined) return qualified;
    const type = this.#field(node.at, node.operand, node.field, false);
    return node.test ? boolType : this.#substitutions.resolve(type);
  }

  /** A whole dotted name that is a variable or a type, unless its root is a variable of a comprehension. */
  #qualified(node: Select, name: string): Type | undefined {
    const root = name.slice(0, name.indexOf("."));
    if (this.#scopes.some((scope) => scope.has(root))) return undefined;
    const variable = this.#environment.variables.get(name);
    if (variable !== undefined) {
      this.#variableNamed.set(node, name);
      this.#uses.add(name);
      return variable;
    }
    const named = typeNames.get(name) ?? this.#environment.objectTypes(name);
    if (named === undefined || this.#environment.variables.has(root)) return undefined;
    this.#typeNamed.set(node, named);
    return typeType(named);
  }

  #field(at: number, operand: Node, field: string, optional: boolean): Type {
    const whole = this.#substitutions.resolve(this.check(operand));
    const isOptional = whole.kind === "optional";
    const target = isOptional ? whole.parameters[0]! : whole;
    const result = this.#fieldOf(at, target, field);
    return isOptional || optional ? optionalType(result) : result;
  }

  #fieldOf(at: number, target: Type, field: string): Type {
    switch (target.kind) {
      case "map":
        return target.parameters[1]!;
      case "object":
        return findField(target.fields?.(), field)?.type ?? this.#report(at, `undefined field '${field}'`);
      case "param":
        this.#substitutions.assignable(dynType, target);
        return dynType;
      case "dyn":
      case "error":
        return dynType;
      default:
        this.#report(at, `type '${formatType(target)}' does not support field selection`);
        return dynType;
    }
  }

  #call(node: Call): Type {
    if (node.name === "_?._") {
      const [operand, field] = node.args as [Node, Node & { kind: "literal" }];
      const type = this.#field(node.at, operand, field.value as string, true);
      return this.#substitutions.resolve(type);
    }
    for (const argument of node.args) this.check(argument);
    if (node.target === undefined) return this.#resolve(node, node.name, node.args, false);
    const prefix = dottedName(node.target);
    if (prefix !== undefined && overloadsOf(`${prefix}.${node.name}`) !== undefined) {
      return this.#resolve(node, `${prefix}.${node.name}`, node.args, false);
    }
    this.check(node.target);
    return this.#resolve(node, node.name, [node.target, ...node.args], true);
  }

  #resolve(node: Call, name: string, args: readonly Node[], member: boolean): Type {
    const candidates = overloadsOf(name);
    if (candidates === undefined) return this.#undeclared(node.at, name);
    if (name === "_&&_" || name === "_||_") return this.#logical(node, name, args, candidates);
    const types = args.map((argument) => this.#types.get(argument)!);
    const found: Overload[] = [];
    let result: Type | undefined;
    for (const candidate of candidates) {
      if (candidate.member !== member || candidate.args.length !== types.length) continue;
      const [wanted, gives] = this.#instantiate(candidate);
      if (!this.#substitutions.assignableAll(types, wanted)) continue;
      found.push(candidate);
      const type = this.#substitutions.resolve(gives);
      if (result === undefined) result = type;
      else if (result.kind !== "dyn" && !sameType(type, result)) result = dynType;
    }
    if (result === undefined) return this.#noOverload(node.at, name, types, member);
    this.#calls.set(node, { name, overloads: found, args, member });
    return result;
  }

  #logical(node: Call, name: string, args: readonly Node[], overloads: readonly Overload[]): Type {
    let wrong = false;
    for (const argument of args) {
      const type = this.#types.get(argument)!;
      if (this.#substitutions.assignable(type, boolType)) continue;
      this.#mismatch(argument.at, boolType, type);
      wrong = true;
    }
    if (wrong) return errorType;
    this.#calls.set(node, { name, overloads, args, member: false });
    return boolType;
  }

  #noOverload(at: number, name: string, types: readonly Type[], member: boolean): Type {
    const texts = types.map((type) => formatType(this.#substitutions.resolve(type, true)));
    const signature = member ? `${texts[0]}.(${texts.slice(1).join(", ")})` : `(${texts.join(", ")})`;
    return this.#report(at, `found no matching overload for '${name}' applied to '${signature}'`);
  }

  /** An overload's types with type parameters of this call's own. */
  #instantiate({ args, result, params }: Overload): [wanted: readonly Type[], gives: Type] {
    if (params.length === 0) return [args, result];
    const fresh = new Map(params.map((param) => [param, this.#substitutions.freshVariable()]));
    const replace = (type: Type): Type => {
      if (type.kind === "param") return fresh.get(type.name) ?? type;
      return type.parameters.length === 0 ? type : { ...type, parameters: type.parameters.map(replace) };
    };
    return [args.map(replace), replace(result)];
  }

  #join(previous: Type | undefined, type: Type): Type {
    if (previous === undefined) return type;
    if (!this.#substitutions.assignable(previous, type)) return dynType;
    return lessSpecific(previous, type) ? previous : type;
  }

  #unwrapOptional(node: Node, type: Type): Type {
    const found = this.#substitutions.resolve(type);
    if (found.kind === "optional") return found.parameters[0]!;
    if (found.kind !== "dyn") this.#mismatch(node.at, optionalType(found), found);
    return found;
  }

  #list(node: ListNode): Type {
    let element: Type | undefined;
    for (const [i, item] of node.elements.entries()) {
      const type = this.check(item);
      element = this.#join(element, node.optional.has(i) ? this.#unwrapOptional(item, type) : type);
    }
    return listType(element ?? this.#substitutions.freshVariable());
  }

  #map(node: MapNode): Type {
    let key: Type | undefined;
    let value: Type | undefined;
    for (const entry of node.entries) {
      key = this.#join(key, this.check(entry.key));
      const type = this.check(entry.value);
      value = this.#join(value, entry.optional ? this.#unwrapOptional(entry.value, type) : type);
    }
    return mapType(key ?? this.#substitutions.freshVariable(), value ?? this.#substitutions.freshVariable());
  }

  #struct(node: Struct): Type {
    const type = this.#environment.objectTypes(node.name);
    if (type === undefined) {
      for (const { value } of node.fields) this.check(value);
      if (typeNames.has(node.name)) return this.#report(node.at, `'${node.name}' is not a message type`);
      return this.#undeclared(node.at, node.name);
    }
    for (const { name, value, optional, at } of node.fields) {
      const given = this.check(value);
      const valueType = optional ? this.#unwrapOptional(value, given) : given;
      const field = findField(type.fields?.(), name);
      if (field === undefined) this.#report(at, `undefined field '${name}'`);
      else if (!this.#substitutions.assignable(field.type, valueType)) {
        const [wanted, found] = [field.type, valueType].map((t) => formatType(this.#substitutions.resolve(t, true)));
        this.#report(at, `expected type of field '${name}' is '${wanted}' but provided type is '${found}'`);
      }
    }
    return type;
  }

  #comprehension(node: Comprehension): Type {
    const range = this.#substitutions.resolve(this.check(node.range));
    const accumulated = this.check(node.init);
    this.#scopes.push(new Map([[node.accumulator, accumulated]]));
    this.#scopes.push(this.#loopVariables(node, range));
    this.#assertType(node.condition, boolType);
    this.#assertType(node.step, accumulated);
    this.#scopes.pop();
    const result = this.check(node.result);
    this.#scopes.pop();
    return this.#substitutions.resolve(result);
  }

  #loopVariables(node: Comprehension, range: Type): Map<string, Type> {
    const [first, second] = this.#rangeTypes(node, range);
    const scope = new Map([[node.variable, first]]);
    if (node.variable2 !== undefined) scope.set(node.variable2, second);
    return scope;
  }

  #rangeTypes(node: Comprehension, range: Type): [first: Type, second: Type] {
    switch (range.kind) {
      case "list": {
        const element = range.parameters[0]!;
        return node.variable2 === undefined ? [element, element] : [intType, element];
      }
      case "map":
        return [range.parameters[0]!, range.parameters[1]!];
      case "dyn":
      case "error":
      case "param":
        if (isAny(range)) break;
        this.#substitutions.assignable(dynType, range);
        return [dynType, dynType];
    }
    const why = "cannot be range of a comprehension (must be list, map, or dynamic)";
    const error = this.#report(node.range.at, `expression of type '${formatType(range)}' ${why}`);
    return [error, error];
  }

  #assertType(node: Node, wanted: Type): void {
    const found = this.check(node);
    if (!this.#substitutions.assignable(wanted, found)) this.#mismatch(node.at, wanted, found);
  }
}

/** `a.b.c` where a node is only names. */
function dottedName(node: Node): string | undefined {
  if (node.kind === "ident") return node.name;
  if (node.kind !== "select" || node.test) return undefined;
  const before = dottedName(node.operand);
  return before === undefined ? undefined : `${before}.${node.field}`;
}
