/** The tree of an expression, after macros are expanded. */

import type { CelValue } from "../value.ts";

interface Base {
  /** Where an error about it points: an offset into the source, in code points. */
  readonly at: number;
}

export interface Literal extends Base {
  readonly kind: "literal";
  readonly value: CelValue;
}

export interface Ident extends Base {
  readonly kind: "ident";
  readonly name: string;
}

export interface Select extends Base {
  readonly kind: "select";
  readonly operand: Node;
  readonly field: string;
  /** Of `has(a.b)`. */
  readonly test: boolean;
}

/** A function, or an operator by its function's name: `_+_`, `_[_]`, `_?._`. */
export interface Call extends Base {
  readonly kind: "call";
  readonly name: string;
  readonly target?: Node;
  readonly args: readonly Node[];
}

export interface ListNode extends Base {
  readonly kind: "list";
  readonly elements: readonly Node[];
  /** The elements written `?e`. */
  readonly optional: ReadonlySet<number>;
}

export interface MapNode extends Base {
  readonly kind: "map";
  readonly entries: readonly { readonly key: Node; readonly value: Node; readonly optional: boolean }[];
}

export interface Struct extends Base {
  readonly kind: "struct";
  readonly name: string;
  readonly fields: readonly {
    readonly name: string;
    readonly value: Node;
    readonly optional: boolean;
    readonly at: number;
  }[];
}

/** What all macros over lists and maps, and bindings, become. */
export interface Comprehension extends Base {
  readonly kind: "comprehension";
  readonly range: Node;
  readonly variable: string;
  readonly variable2?: string;
  readonly accumulator: string;
  readonly init: Node;
  readonly condition: Node;
  readonly step: Node;
  readonly result: Node;
}

export type Node = Literal | Ident | Select | Call | ListNode | MapNode | Struct | Comprehension;

/** What macros collect in; no expression can name it. */
export const accumulatorName = "@result";

/** The list `[]` that a binding pretends to go over. */
export function isBinding(node: Comprehension): boolean {
  return node.accumulator !== accumulatorName && node.variable === "#unused";
}

/** An error in the text, at an offset in code points. */
export class ParseError {
  readonly at: number;
  readonly message: string;

  constructor(at: number, message: string) {
    this.at = at;
    this.message = message;
  }
}
