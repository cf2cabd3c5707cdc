/** What an expression may cost, before there is anything to evaluate it with. Source: cel-go's checker/cost.go. */

import type { Checked } from "../check/checker.ts";
import { listCost, mapCost, structCost } from "../cost-factors.ts";
import { findField } from "../escape.ts";
import { type Call, type Comprehension, isBinding, type Node } from "../parse/ast.ts";
import { sizeOf } from "../plan/call-cost.ts";
import type { CostRange } from "../program.ts";
import { isAny, stringType, type Type } from "../types.ts";
import { estimateCall } from "./estimate-call.ts";
import { declaredSize, type EntrySize, type Estimated, nowhere, sizeOrUnknown } from "./estimated.ts";
import { add, fixed, multiply, type Range, union, unlimited } from "./ranges.ts";

interface Local {
  readonly declared: Type | undefined;
  readonly size: Range | undefined;
  readonly entries: EntrySize | undefined;
}

const scalars = new Set(["bool", "double", "duration", "int", "timestamp", "uint"]);

/** `self` is what the schema declares, where a schema does. */
export function estimateCost(checked: Checked, self: Type | undefined): CostRange {
  return new Estimator(checked, self).estimate(checked.root).cost;
}

class Estimator {
  readonly #checked: Checked;
  readonly #self: Type | undefined;
  readonly #known = new Map<Node, Estimated>();
  readonly #locals = new Map<string, Local[]>();

  constructor(checked: Checked, self: Type | undefined) {
    this.#checked = checked;
    this.#self = self !== undefined && hasBounds(self) ? self : undefined;
  }

  estimate(node: Node): Estimated {
    let known = this.#known.get(node);
    if (known === undefined) {
      known = this.#estimate(node);
      this.#known.set(node, known);
    }
    return known;
  }

  #estimate(node: Node): Estimated {
    const type = this.#checked.typeOf(node);
    const part = { node, type, declared: undefined, size: undefined, entries: undefined };
    switch (node.kind) {
      case "literal":
        return { ...part, size: fixed(sizeOf(node.value)), cost: fixed(0) };
      case "ident":
        return this.#identifier(node, node.name, type);
      case "select":
        return this.#select(node, type);
      case "call":
        return this.#call(node, type);
      case "list": {
        const elements = node.elements.map((element) => this.estimate(element));
        const entries = { container: "list", key: fixed(1), value: unionOf(elements) } as const;
        return { ...part, size: fixed(elements.length), entries, cost: add(fixed(listCost), ...elements.map(costOf)) };
      }
      case "map": {
        const keys = node.entries.map(({ key }) => this.estimate(key));
        const values = node.entries.map(({ value }) => this.estimate(value));
        const entries = { container: "map", key: unionOf(keys), value: unionOf(values) } as const;
        const cost = add(fixed(mapCost), ...keys.map(costOf), ...values.map(costOf));
        return { ...part, size: fixed(keys.length), entries, cost };
      }
      case "struct":
        return { ...part, cost: add(fixed(structCost), ...node.fields.map(({ value }) => this.estimate(value).cost)) };
      case "comprehension":
        return isBinding(node) ? this.#binding(node, type) : this.#fold(node, type);
    }
  }

  /**
   * A step into the schema. Upstream's estimator keeps a path and takes its first name for `self`: the first step into what an
   * expression made (`(has(self.a) ? self.a : []).all(x, ...)`) stands for `self`, and is as large as that.
   */
  #below(declared: Type | undefined, step: (type: Type) => Type | undefined): Type | undefined {
    return declared === undefined ? this.#self : (step(declared) ?? nowhere);
  }

  /** The size where it is declared, or follows from the type. */
  #finish(node: Node, type: Type, declared: Type | undefined, local?: Local): Omit<Estimated, "cost"> {
    const typeSize = isScalar(type) ? fixed(1) : undefined;
    const size = declaredSize(declared) ?? typeSize ?? local?.size;
    return { node, type, declared, size, entries: local?.entries };
  }

  #identifier(node: Node, name: string, type: Type): Estimated {
    // Names of types are identifiers too, and cost as much.
    const local = this.#locals.get(name)?.at(-1);
    const declared = local === undefined ? this.#variable(name, type) : local.declared;
    return { ...this.#finish(node, type, declared, local), cost: fixed(1) };
  }

  #variable(name: string, type: Type): Type | undefined {
    // The path of a type's name has one step as well, which upstream's estimator takes for `self`.
    if (!this.#checked.uses.has(name)) return this.#self;
    return hasBounds(type) ? type : undefined;
  }

  #select(node: Node & { kind: "select" }, type: Type): Estimated {
    const qualified = this.#checked.variableNamed(node) ?? this.#checked.typeNamed(node)?.name;
    if (qualified !== undefined) return this.#identifier(node, qualified, type);
    const operand = this.estimate(node.operand);
    if (node.test) return { ...this.#finish(node, type, undefined), cost: operand.cost };
    const counted = ["map", "object", "param"].includes(operand.type.kind);
    const declared = this.#below(operand.declared, (type) => fieldOf(type, node.field));
    const cost = counted ? add(operand.cost, fixed(1)) : operand.cost;
    return { ...this.#finish(node, type, declared), cost };
  }

  #call(node: Call, type: Type): Estimated {
    const call = this.#checked.callOf(node);
    const all = (call?.args ?? node.args).map((argument) => this.estimate(argument));
    if (node.name === "_?._") return this.#function(node, type, "_?._", ["select_optional_field"], all, false);
    if (call === undefined) return { ...this.#finish(node, type, undefined), cost: fixed(0) };
    if (call.name === "dyn") {
      const [argument] = all as [Estimated];
      return { ...argument, node, type, declared: undefined, cost: add(fixed(1), argument.cost) };
    }
    const overloads = call.overloads.map(({ id }) => id);
    return this.#function(node, type, call.name, overloads, all, call.member);
  }

  #function(
    node: Node,
    type: Type,
    name: string,
    overloads: readonly string[],
    all: readonly Estimated[],
    member: boolean,
  ): Estimated {
    const [target, args] = member ? [all[0], all.slice(1)] : [undefined, all];
    let cost: Range = { min: unlimited, max: 0 };
    let size: Range | undefined;
    let declared: Type | undefined;
    let entries: EntrySize | undefined;
    for (const overload of overloads) {
      const estimate = estimateCall(name, overload, target, args);
      cost = union(cost, estimate.cost);
      if (estimate.size !== undefined) size = size === undefined ? estimate.size : union(size, estimate.size);
      entries ??= estimate.entries;
      if (overload === "index_list" || overload === "index_map") {
        size = args[0]?.entries?.value;
        declared = this.#below(args[0]?.declared, elementOf);
      }
      size ??= this.#finish(node, type, declared).size;
    }
    return { node, type, declared, size, entries, cost: target === undefined ? cost : add(target.cost, cost) };
  }

  #with<T>(name: string, local: Local, then: () => T): T {
    const stack = this.#locals.get(name) ?? [];
    this.#locals.set(name, stack);
    stack.push(local);
    try {
      return then();
    } finally {
      stack.pop();
    }
  }

  #binding(node: Comprehension, type: Type): Estimated {
    const range = this.estimate(node.range);
    const init = this.estimate(node.init);
    return this.#with(node.accumulator, init, () => {
      const result = this.estimate(node.result);
      const cost = add(range.cost, init.cost, result.cost);
      return { node, type, declared: undefined, size: result.size, entries: result.entries, cost };
    });
  }

  #fold(node: Comprehension, type: Type): Estimated {
    const range = this.estimate(node.range);
    const init = this.estimate(node.init);
    return this.#with(node.accumulator, init, () => {
      const [condition, step] = this.#withVariables(node, range, () => [
        this.estimate(node.condition),
        this.estimate(node.step),
      ]);
      const result = this.estimate(node.result);
      const times = sizeOrUnknown(range);
      const loop = multiply(times, add(step.cost, condition.cost));
      const cost = add(range.cost, init.cost, result.cost, loop);
      const collects = node.init.kind === "list" || node.init.kind === "map";
      const size = collects ? times : init.size;
      return { node, type, declared: undefined, size, entries: collects ? step.entries : undefined, cost };
    });
  }

  #withVariables<T>(node: Comprehension, range: Estimated, then: () => T): T {
    const container = range.entries?.container ?? range.type.kind;
    const keyType = this.#below(range.declared, ({ kind, parameters }) => (kind === "map" ? parameters[0] : undefined));
    const valueType = this.#below(range.declared, elementOf);
    const key: Local = { declared: keyType, size: range.entries?.key, entries: undefined };
    const value: Local = { declared: valueType, size: range.entries?.value, entries: undefined };
    if (node.variable2 === undefined) return this.#with(node.variable, container === "list" ? value : key, then);
    return this.#with(node.variable, key, () => this.#with(node.variable2!, value, then));
  }
}

const costOf = ({ cost }: Estimated): Range => cost;

function unionOf(parts: readonly Estimated[]): Range {
  if (parts.length === 0) return fixed(0);
  return parts.map(sizeOrUnknown).reduce(union, { min: unlimited, max: 0 });
}

function isScalar(type: Type): boolean {
  if (type.kind === "optional") return isScalar(type.parameters[0] ?? stringType);
  return scalars.has(type.kind);
}

/** Types made from schemas have bounds; a variable of a bare type says nothing of sizes. */
function hasBounds(type: Type): boolean {
  return type.kind === "object" || type.maxElements !== undefined || scalars.has(type.kind);
}

function fieldOf(declared: Type, field: string): Type | undefined {
  if (declared.kind === "map") {
    // All attributes of a device are as large as one may be. Source: the estimator of dynamic-resource-allocation.
    const value = declared.parameters[1];
    return value !== undefined && isAny(value) ? value : undefined;
  }
  return findField(declared.fields?.(), field)?.type;
}

function elementOf({ kind, parameters }: Type): Type | undefined {
  return kind === "list" || kind === "map" ? parameters.at(-1) : undefined;
}
