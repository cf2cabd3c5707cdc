/** One evaluation: what the variables are, what it has cost. */

import { CelError, costExceeded } from "../cel-error.ts";
import { adapt } from "../json-value.ts";
import type { Bindings } from "../program.ts";
import type { Type } from "../types.ts";
import type { CelValue } from "../value.ts";

export interface VariableSlot {
  readonly name: string;
  readonly type: Type;
}

/** A piece of an expression, ready to run. @throws CelError, Suspended */
export type Run = (frame: Frame) => CelValue;

export class Frame {
  cost = 0;
  readonly #limit: number;
  readonly #bindings: Bindings;
  readonly #variables: readonly VariableSlot[];
  readonly #values: (CelValue | undefined)[] = [];
  /** Of comprehensions: a value, an error that was collected, or a value to be found out when it is asked for. */
  readonly locals: (CelValue | CelError | Pending | undefined)[] = [];

  constructor(variables: readonly VariableSlot[], bindings: Bindings, limit: number) {
    this.#variables = variables;
    this.#bindings = bindings;
    this.#limit = limit;
  }

  charge(amount: number): void {
    this.cost += amount;
    if (this.cost > this.#limit) throw costExceeded();
  }

  variable(index: number): CelValue {
    const known = this.#values[index];
    if (known !== undefined) return known;
    const { name, type } = this.#variables[index]!;
    const raw = Object.hasOwn(this.#bindings, name) ? this.#bindings[name] : undefined;
    if (raw === undefined && type.kind !== "optional") throw new CelError(`no such attribute(s): ${name}`);
    const value = adapt(type, raw);
    this.#values[index] = value;
    return value;
  }

  local(index: number): CelValue {
    const value = this.locals[index];
    if (value instanceof CelError) throw value;
    if (!(value instanceof Pending)) return value as CelValue;
    try {
      const made = value.run(this);
      this.locals[index] = made;
      return made;
    } catch (error) {
      if (error instanceof CelError) this.locals[index] = error;
      throw error;
    }
  }
}

/** A binding's value, found out when it is first used. */
export class Pending {
  readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }
}
