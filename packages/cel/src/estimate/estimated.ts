/** What the estimate of a part of an expression says. */

import type { Node } from "../parse/ast.ts";
import type { Type } from "../types.ts";
import { type Range, unknownSize } from "./ranges.ts";

/** Sizes of what is in a list or map that an expression made. */
export interface EntrySize {
  readonly container: "list" | "map";
  readonly key: Range;
  readonly value: Range;
}

/** What is known of a part: its type as the schema has it where it comes from a variable, and sizes that were worked out. */
export interface Estimated {
  readonly node: Node;
  readonly type: Type;
  /** The declared type it was reached through, with its bounds; undefined for what an expression made. */
  readonly declared: Type | undefined;
  readonly size: Range | undefined;
  readonly entries: EntrySize | undefined;
  readonly cost: Range;
}

export function sizeOrUnknown({ size }: Estimated): Range {
  return size ?? unknownSize;
}

/** Where a way through the schema leads out of it. */
export const nowhere: Type = { kind: "error", name: "nowhere", parameters: [] };

/** The bounds a schema gives. */
export function declaredSize(type: Type | undefined): Range | undefined {
  return type === undefined || type === nowhere ? undefined : { min: 0, max: type.maxElements ?? 0 };
}
