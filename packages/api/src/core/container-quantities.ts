/** Quantities as they stand in objects: text (or a bare number, which YAML authors write) by resource name. */

import { Quantity, tryParseQuantity } from "@kubets/apimachinery";

/** `{cpu: "100m", memory: "64Mi"}`. */
export type ResourceList = Record<string, string>;

/** The text upstream would store for it: `0.5` becomes `500m`. Text that is no quantity is left for validation to refuse. */
export function canonicalQuantity(quantity: string): string {
  return tryParseQuantity(quantity)?.toString() ?? quantity;
}

/** Puts a list's quantities into canonical form, rounded up to thousandths, in place. Source: SetDefaults_ResourceList. */
export function canonicalResourceList(list: ResourceList | undefined): void {
  if (list === undefined) return;
  for (const [name, quantity] of Object.entries(list)) {
    const parsed = tryParseQuantity(quantity);
    if (parsed === undefined) continue;
    const isFinerThanMilli = parsed.nanoValue() % 1_000_000n !== 0n;
    list[name] = (isFinerThanMilli ? Quantity.ofMilli(parsed.milliValue(), parsed.format) : parsed).toString();
  }
}

/** Adds `more` into `total`, in place. */
export function addResources(total: Map<string, Quantity>, more: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of more) total.set(name, total.get(name)?.add(quantity) ?? quantity);
}

/** Raises each amount in `total` to that of `other`, in place. */
export function maxResources(total: Map<string, Quantity>, other: ReadonlyMap<string, Quantity>): void {
  for (const [name, quantity] of other) {
    const current = total.get(name);
    if (current === undefined || quantity.cmp(current) > 0) total.set(name, quantity);
  }
}

/** A list with its quantities parsed; what is not a quantity is left out. */
export function parseResourceList(list: ResourceList | undefined): Map<string, Quantity> {
  const parsed = new Map<string, Quantity>();
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = tryParseQuantity(text);
    if (quantity !== undefined) parsed.set(name, quantity);
  }
  return parsed;
}

/** As objects hold it: each amount in its canonical form. */
export function formatResourceList(list: ReadonlyMap<string, Quantity>): ResourceList {
  return Object.fromEntries([...list].map(([name, quantity]) => [name, quantity.toString()]));
}
