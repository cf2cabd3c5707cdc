/** Arithmetic on lists of resources, as quotas reckon. Source: apiserver's quota/v1/resources.go. */

import { Quantity } from "@kubets/apimachinery";

/** By resource name. */
export type Amounts = ReadonlyMap<string, Quantity>;

/** By name; what only one of them has is kept. */
export function addAmounts(a: Amounts, b: Amounts): Map<string, Quantity> {
  const sum = new Map(a);
  for (const [name, amount] of b) sum.set(name, sum.get(name)?.add(amount) ?? amount);
  return sum;
}

/** `a - b`, nothing below zero. */
export function subtractDownToZero(a: Amounts, b: Amounts): Map<string, Quantity> {
  const rest = new Map<string, Quantity>();
  for (const [name, amount] of a) {
    const less = b.get(name);
    const left = less === undefined ? amount : amount.sub(less);
    rest.set(name, left.sign() > 0 ? left : Quantity.zero);
  }
  for (const name of b.keys()) if (!rest.has(name)) rest.set(name, Quantity.zero);
  return rest;
}

/** Those of the names that there are. */
export function onlyNamed(amounts: Amounts, names: Iterable<string>): Map<string, Quantity> {
  const wanted = new Set(names);
  return new Map([...amounts].filter(([name]) => wanted.has(name)));
}

/** Of a difference: what has changed. */
export function withoutZeros(amounts: Amounts): Map<string, Quantity> {
  return new Map([...amounts].filter(([, amount]) => !amount.isZero()));
}

/** The resources of which there is less than nothing: what a change gives back. */
export function negativeNames(amounts: Amounts): string[] {
  return [...amounts].filter(([, amount]) => amount.sign() < 0).map(([name]) => name);
}

/** Names of which `used` is more than `hard` allows. */
export function exceeded(used: Amounts, hard: Amounts): string[] {
  return [...hard].filter(([name, limit]) => (used.get(name)?.cmp(limit) ?? 0) > 0).map(([name]) => name);
}

/** The same names and the same amounts, however they are written. */
export function sameAmounts(a: Amounts, b: Amounts): boolean {
  return a.size === b.size && [...a].every(([name, amount]) => b.get(name)?.cmp(amount) === 0);
}
