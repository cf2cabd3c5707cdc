/** Comprehensions: what `all`, `map`, `exists_one` and bindings have become. */

import { CelError, isAbsorbable } from "../cel-error.ts";
import { accumulatorName, type Comprehension, type Node } from "../parse/ast.ts";
import { ArrayList, type CelValue, List, MapValue, NativeMap } from "../value.ts";
import { type Frame, Pending, type Run } from "./frame.ts";
import type { Plan, Planner } from "./plan.ts";

/** A name for a value, found out when the name is first used, if it is. */
export function planBinding(planner: Planner, node: Comprehension): Plan {
  const init = new Pending(planner.plan(node.init).run);
  return planner.withLocals([node.accumulator], ([place]) => {
    const { run } = planner.plan(node.result);
    return {
      run: (frame) => {
        frame.locals[place!] = init;
        return run(frame);
      },
    };
  });
}

interface Loop {
  readonly first: number;
  readonly second: number;
  readonly accumulator: number;
  /** Undefined where it always goes on. */
  readonly condition: Run | undefined;
  readonly step: Run;
}

export function planFold(planner: Planner, node: Comprehension): Plan {
  const range = planner.plan(node.range).run;
  const init = planInit(planner, node.init);
  return planner.withLocals([node.accumulator], ([accumulator]) => {
    const variables = node.variable2 === undefined ? [node.variable] : [node.variable, node.variable2];
    const loop = planner.withLocals(variables, ([first, second]): Loop => {
      const condition = planner.plan(node.condition);
      const step = planStep(planner, node.step, accumulator!);
      return {
        first: first!,
        second: second ?? -1,
        accumulator: accumulator!,
        condition: condition.constant === true ? undefined : condition.run,
        step,
      };
    });
    const { run } = planner.plan(node.result);
    return {
      run: (frame) => {
        const over = range(frame);
        frame.locals[accumulator!] = init(frame);
        iterate(over, loop, frame);
        return run(frame);
      },
    };
  });
}

/** A list or a map that is collected is this evaluation's own, and grows in place. */
function planInit(planner: Planner, node: Node): Run {
  if (node.kind === "list" && node.elements.length === 0) return () => new ArrayList([]);
  if (node.kind === "map" && node.entries.length === 0) return () => new NativeMap();
  return planner.plan(node).run;
}

/** `@result + [x]` appends, in time that does not depend on what is there. */
function planStep(planner: Planner, node: Node, accumulator: number): Run {
  if (node.kind !== "call") return planner.plan(node).run;
  if (node.name === "_+_") {
    const [left, right] = node.args;
    if (left?.kind === "ident" && left.name === accumulatorName && right?.kind === "list") {
      return planAppend(planner.plan(right), accumulator);
    }
  }
  if (node.name !== "_?_:_") return planner.plan(node).run;
  const [condition, yes, no] = node.args as [Node, Node, Node];
  const holds = planner.plan(condition).run;
  const whenTrue = planStep(planner, yes, accumulator);
  const otherwise = planner.plan(no);
  const whenFalse = otherwise.attribute ?? otherwise.run;
  return (frame) => {
    const value = holds(frame);
    if (value === true) return whenTrue(frame);
    if (value === false) return whenFalse(frame);
    throw new CelError("no such overload");
  };
}

function planAppend(list: Plan, accumulator: number): Run {
  return (frame) => {
    const collected = frame.local(accumulator) as ArrayList;
    // One for the accumulator's name, and one for the addition.
    frame.charge(2);
    for (const value of list.run(frame) as List) collected.items.push(value);
    return collected;
  };
}

function iterate(over: CelValue, loop: Loop, frame: Frame): void {
  const { locals } = frame;
  if (over instanceof List) {
    const { size } = over;
    for (let i = 0; i < size; i++) {
      if (loop.second < 0) locals[loop.first] = over.at(i);
      else {
        locals[loop.first] = BigInt(i);
        locals[loop.second] = over.at(i);
      }
      if (!turn(loop, frame)) return;
    }
    return;
  }
  if (!(over instanceof MapValue)) throw new CelError("no such overload");
  for (const key of over.keys()) {
    locals[loop.first] = key;
    if (loop.second >= 0) locals[loop.second] = over.find(key) ?? null;
    if (!turn(loop, frame)) return;
  }
}

/** @returns false when the loop is done */
function turn(loop: Loop, frame: Frame): boolean {
  const { condition, step, accumulator } = loop;
  if (condition === undefined) {
    // Nothing can do without what this step fails to give.
    frame.locals[accumulator] = step(frame);
    return true;
  }
  if (!goesOn(condition, frame)) return false;
  try {
    frame.locals[accumulator] = step(frame);
  } catch (error) {
    if (!isAbsorbable(error)) throw error;
    frame.locals[accumulator] = error;
  }
  return true;
}

function goesOn(condition: Run, frame: Frame): boolean {
  try {
    return condition(frame) !== false;
  } catch (error) {
    if (!isAbsorbable(error)) throw error;
    return true;
  }
}
