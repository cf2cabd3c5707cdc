import type { IntOrString } from "@kubets/api";
import { scaledValueFromIntOrPercent } from "@kubets/apimachinery";

/** `25%` of `total`, rounded up or down; a plain number as it is; 0 for none. @throws Error for any other text */
export function scaledValue(value: IntOrString | undefined, total: number, roundUp: boolean): number {
  return value === undefined ? 0 : scaledValueFromIntOrPercent(value, total, roundUp);
}
