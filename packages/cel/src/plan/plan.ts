/**
 * A checked tree as closures that run. What each part costs is cel-go's (interpreter/runtimecost.go), down to its oddities: a chain of
 * fields costs one for its root and one for each step, a root that is only a branch of `?:` costs nothing, constants are folded.
 */

import { CelError, isAbsorbable } from "../cel-error.ts";
import type { Checked } from "../check/checker.ts";
import { listCost, mapCost, structCost } from "../cost-factors.ts";
import type { Environment } from "../environment.ts";
import { setKey } from "../equality.ts";
import { overloadsOf } from "../library/functions.ts";
import { compileRegex } from "../library/regex.ts";
import {
  type Call,
  isBinding,
  type ListNode,
  type MapNode,
  type Node,
  type Select,
  type Struct,
} from "../parse/ast.ts";
import { ArrayList, type CelValue, List, NativeMap, ObjectValue, Optional, TypeValue } from "../value.ts";
import { hasField, index, indexOptional, select, selectOptional } from "./access.ts";
import { planCall } from "./dispatch.ts";
import { planBinding, planFold } from "./fold.ts";
import { Frame, type Run, type VariableSlot } from "./frame.ts";

export interface Plan {
  readonly run: Run;
  /** Of variables and what hangs on them: without the cost of the root. */
  readonly attribute?: Run;
  /** Known when the expression is compiled. */
  readonly constant?: CelValue;
}

export interface Planned {
  readonly run: Run;
  readonly variables: readonly VariableSlot[];
}

const conversionNames = new Set("bool bytes double duration dyn int string timestamp type uint".split(" "));

/** @throws CelError for a conversion of a constant that fails */
export function planExpression(checked: Checked, environment: Environment): Planned {
  const planner = new Planner(checked, environment);
  const { run } = planner.plan(checked.root);
  return { run, variables: planner.variables };
}

function constantPlan(value: CelValue): Plan {
  return { run: () => value, constant: value };
}

function isConstant(plan: Plan): plan is Plan & { readonly constant: CelValue } {
  return plan.constant !== undefined;
}

/** Adds the cost of the root to a chain's. */
function attributePlan(attribute: Run): Plan {
  const run: Run = (frame) => {
    frame.charge(1);
    return attribute(frame);
  };
  return { run, attribute };
}

export class Planner {
  readonly variables: VariableSlot[] = [];
  readonly #checked: Checked;
  readonly #environment: Environment;
  readonly #plans = new Map<Node, Plan>();
  readonly #scopes: Map<string, number>[] = [];
  #locals = 0;

  constructor(checked: Checked, environment: Environment) {
    this.#checked = checked;
    this.#environment = environment;
  }

  /** Nodes that macros use twice are in one scope, and are planned once. */
  plan(node: Node): Plan {
    let plan = this.#plans.get(node);
    if (plan === undefined) {
      plan = this.#planNode(node);
      this.#plans.set(node, plan);
    }
    return plan;
  }

  #planNode(node: Node): Plan {
    const named = this.#checked.typeNamed(node);
    if (named !== undefined) return constantPlan(new TypeValue(named));
    const qualified = this.#checked.variableNamed(node);
    if (qualified !== undefined) return this.#variable(qualified);
    switch (node.kind) {
      case "literal":
        return constantPlan(node.value);
      case "ident":
        return this.#identifier(node.name);
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
        return isBinding(node) ? planBinding(this, node) : planFold(this, node);
    }
  }

  /** Names that parts planned meanwhile may use; their places among the frame's locals. */
  withLocals<T>(names: readonly string[], then: (places: number[]) => T): T {
    const places = names.map(() => this.#locals++);
    this.#scopes.push(new Map(names.map((name, i) => [name, places[i]!])));
    try {
      return then(places);
    } finally {
      this.#scopes.pop();
    }
  }

  #identifier(name: string): Plan {
    for (let i = this.#scopes.length - 1; i >= 0; i--) {
      const place = this.#scopes[i]!.get(name);
      if (place !== undefined) return attributePlan((frame) => frame.local(place));
    }
    return this.#variable(name);
  }

  #variable(name: string): Plan {
    let place = this.variables.findIndex((variable) => variable.name === name);
    if (place < 0) {
      place = this.variables.length;
      this.variables.push({ name, type: this.#environment.variables.get(name)! });
    }
    return attributePlan((frame) => frame.variable(place));
  }

  #select({ operand, field, test }: Select): Plan {
    const { attribute, run } = this.plan(operand);
    const base = attribute ?? run;
    if (test) {
      return {
        run: (frame) => {
          const value = base(frame);
          frame.charge(1);
          return hasField(value, field);
        },
      };
    }
    return attributePlan((frame) => {
      const value = base(frame);
      if (value !== Optional.none) frame.charge(1);
      return select(value, field);
    });
  }

  #call(node: Call): Plan {
    const call = this.#checked.callOf(node);
    const args = call?.args ?? node.args;
    switch (node.name) {
      case "_?._": {
        const field = (node.args[1] as Node & { kind: "literal" }).value as string;
        return this.#step(node.args[0]!, (value) => selectOptional(value, field));
      }
      case "_[_]":
        return this.#index(args, index);
      case "_[?_]":
        return this.#index(args, indexOptional);
      case "_?_:_":
        return this.#conditional(args);
      case "_&&_":
        return this.#logical(args, false);
      case "_||_":
        return this.#logical(args, true);
      case "@not_strictly_false":
        return this.#notStrictlyFalse(args[0]!);
      case "@in":
        return this.#membership(node, args);
    }
    if (call?.member && (node.name === "or" || node.name === "orValue")) return this.#optionalOr(node.name, args);
    return this.#function(node, args);
  }

  #step(operand: Node, access: (value: CelValue) => CelValue): Plan {
    const { attribute, run } = this.plan(operand);
    const base = attribute ?? run;
    return attributePlan((frame) => {
      const result = access(base(frame));
      // What is optional and absent is not counted.
      if (result !== Optional.none) frame.charge(1);
      return result;
    });
  }

  #index(args: readonly Node[], access: (value: CelValue, key: CelValue) => CelValue): Plan {
    const target = this.plan(args[0]!);
    const base = target.attribute ?? target.run;
    const key = this.plan(args[1]!);
    if (isConstant(key)) return this.#step(args[0]!, (value) => access(value, key.constant));
    const keyRun = key.attribute ?? key.run;
    return attributePlan((frame) => {
      const value = base(frame);
      const result = access(value, keyRun(frame));
      if (result !== Optional.none) frame.charge(1);
      return result;
    });
  }

  #conditional(args: readonly Node[]): Plan {
    const [condition, yes, no] = args.map((arg) => this.plan(arg)) as [Plan, Plan, Plan];
    const whenTrue = yes.attribute ?? yes.run;
    const whenFalse = no.attribute ?? no.run;
    const run: Run = (frame) => {
      const holds = condition.run(frame);
      if (holds === true) return whenTrue(frame);
      if (holds === false) return whenFalse(frame);
      throw new CelError("no such overload");
    };
    return { run, attribute: run };
  }

  /** `&&` and `||`: one side that decides makes an error on the other not matter. */
  #logical(args: readonly Node[], decisive: boolean): Plan {
    const [left, right] = args.map((arg) => this.plan(arg).run) as [Run, Run];
    const side = (run: Run, frame: Frame): boolean | CelError => {
      try {
        const value = run(frame);
        return typeof value === "boolean" ? value : new CelError("no such overload");
      } catch (error) {
        if (!isAbsorbable(error)) throw error;
        return error;
      }
    };
    return {
      run: (frame) => {
        const first = side(left, frame);
        if (first === decisive) return decisive;
        const second = side(right, frame);
        if (second === decisive) return decisive;
        if (first instanceof CelError) throw first;
        if (second instanceof CelError) throw second;
        return !decisive;
      },
    };
  }

  #notStrictlyFalse(arg: Node): Plan {
    const { run } = this.plan(arg);
    return {
      run: (frame) => {
        try {
          const value = run(frame);
          frame.charge(1);
          return value !== false;
        } catch (error) {
          if (!isAbsorbable(error)) throw error;
          frame.charge(1);
          return true;
        }
      },
    };
  }

  /** A list of constants is looked up, not gone through, and costs nothing. */
  #membership(node: Call, args: readonly Node[]): Plan {
    const list = this.plan(args[1]!);
    const overloads = this.#checked.callOf(node)?.overloads ?? [];
    const constant = list.constant;
    if (overloads.length !== 1 || !(constant instanceof List)) return this.#function(node, args);
    if (constant.size === 0) return constantPlan(false);
    const keys = new Set([...constant].map(setKey));
    if (keys.has(undefined)) return this.#function(node, args);
    const { run } = this.plan(args[0]!);
    return { run: (frame) => keys.has(setKey(run(frame))) };
  }

  #optionalOr(name: string, args: readonly Node[]): Plan {
    const [optional, other] = args.map((arg) => this.plan(arg).run) as [Run, Run];
    return {
      run: (frame) => {
        const value = optional(frame);
        if (!(value instanceof Optional)) throw new CelError("no such overload");
        if (value.value === undefined) return other(frame);
        return name === "or" ? value : value.value;
      },
    };
  }

  #function(node: Call, args: readonly Node[]): Plan {
    const call = this.#checked.callOf(node)!;
    const plans = args.map((arg) => this.plan(arg));
    const all = (overloadsOf(call.name) ?? []).filter(({ member }) => member === call.member);
    const types = args.map((arg) => this.#checked.typeOf(arg));
    const runs = plans.map(({ run }) => run);
    if (call.name === "find" || call.name === "findAll") checkPattern(plans[1]);
    const run = planCall(call.name, call.overloads, all, runs, types);
    const foldable = conversionNames.has(call.name) && plans.length === 1 && isConstant(plans[0]!);
    return foldable ? constantPlan(run(compileTimeFrame())) : { run };
  }

  #list({ elements, optional }: ListNode): Plan {
    const plans = elements.map((element) => this.plan(element));
    if (optional.size === 0 && plans.every(isConstant))
      return constantPlan(new ArrayList(plans.map((plan) => plan.constant)));
    const runs = plans.map(({ run }) => run);
    return {
      run: (frame) => {
        const items: CelValue[] = [];
        for (let i = 0; i < runs.length; i++) {
          const given = runs[i]!(frame);
          const item = optional.has(i) ? unwrap(given) : given;
          if (item !== undefined) items.push(item);
        }
        frame.charge(listCost);
        return new ArrayList(items);
      },
    };
  }

  #map({ entries }: MapNode): Plan {
    const plans = entries.map(({ key, value, optional }) => ({
      key: this.plan(key),
      value: this.plan(value),
      optional,
    }));
    const build = (frame: Frame): NativeMap => {
      const map = new NativeMap();
      for (const { key, value, optional } of plans) {
        const at = key.run(frame);
        const given = value.run(frame);
        const entry = optional ? unwrap(given) : given;
        if (entry !== undefined) map.set(at, entry);
      }
      return map;
    };
    const folded = plans.every(({ key, value, optional }) => !optional && isConstant(key) && isConstant(value));
    // An empty map is what a comprehension starts to collect in: each evaluation has its own.
    if (folded && plans.length > 0) return constantPlan(build(compileTimeFrame()));
    return {
      run: (frame) => {
        const map = build(frame);
        if (plans.length > 0) frame.charge(mapCost);
        return map;
      },
    };
  }

  #struct({ name, fields }: Struct): Plan {
    const type = this.#environment.objectTypes(name)!;
    const plans = fields.map((field) => ({ ...field, run: this.plan(field.value).run }));
    return {
      run: (frame) => {
        const values = new Map<string, CelValue>();
        for (const { name: field, run, optional } of plans) {
          const given = run(frame);
          const value = optional ? unwrap(given) : given;
          if (value !== undefined) values.set(field, value);
        }
        frame.charge(structCost);
        return new ObjectValue(type, values);
      },
    };
  }
}

/** A pattern that is written out is compiled with the program. @throws CelError */
function checkPattern(plan: Plan | undefined): void {
  if (typeof plan?.constant === "string") compileRegex(plan.constant);
}

/** For constants: they have no variables, and what they cost when they are folded no one pays. */
function compileTimeFrame(): Frame {
  return new Frame([], {}, Infinity);
}

function unwrap(value: CelValue): CelValue | undefined {
  if (value instanceof Optional) return value.value;
  throw new CelError("cannot initialize optional entry from a value that is not optional");
}
