/** Numbers that may be percentages of a whole. */

import type { IntOrString } from "@kubets/api";

/** `25%` of `total`, rounded up or down; a plain number as it is. @throws Error for any other text. */
export function scaledValue(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  if (value === undefined) return 0;
  if (typeof value === "number") return value;
  const percent = /^([0-9]+)%$/.exec(value)?.[1];
  if (percent === undefined)
    throw new Error(`invalid value for IntOrString: ${JSON.stringify(value)} is neither a number nor a percentage`);
  const exact = (Number(percent) * total) / 100;
  return roundUp ? Math.ceil(exact) : Math.floor(exact);
}
