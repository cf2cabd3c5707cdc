/** The order of a merged list: the patch's items as the patch orders them, the server's own between them where they were. */

import type { Json } from "../object.ts";

/**
 * `merged` in order. Items named in `order` keep that order; the others keep the order of `server`, the live list, and each
 * stands before the first item that followed it there. `mergeKey` "" means scalars.
 * Source: normalizeElementOrder in apimachinery's util/strategicpatch.
 */
export function orderLists(
  merged: readonly Json[],
  order: readonly Json[],
  server: readonly Json[],
  mergeKey: string,
): Json[] {
  const keyOf = (item: Json): Json | undefined =>
    mergeKey === ""
      ? item
      : typeof item === "object" && item !== null
        ? (item as Record<string, Json>)[mergeKey]
        : undefined;
  const orderOf = positions(order, keyOf);
  const serverOf = positions(server, keyOf);
  const inPatch = merged.filter((item) => orderOf.has(keyOf(item)));
  const serverOnly = merged.filter((item) => !orderOf.has(keyOf(item)));
  sortBy(inPatch, (item) => orderOf.get(keyOf(item)));
  sortBy(serverOnly, (item) => serverOf.get(keyOf(item)));
  const result: Json[] = [];
  let i = 0;
  for (const item of inPatch) {
    const at = serverOf.get(keyOf(item));
    while (i < serverOnly.length && at !== undefined) {
      const before = serverOf.get(keyOf(serverOnly[i]!));
      if (before === undefined || before >= at) break;
      result.push(serverOnly[i++]!);
    }
    result.push(item);
  }
  return result.concat(serverOnly.slice(i));
}

function positions(list: readonly Json[], keyOf: (item: Json) => Json | undefined): Map<Json | undefined, number> {
  const map = new Map<Json | undefined, number>();
  for (const [i, item] of list.entries()) if (!map.has(keyOf(item))) map.set(keyOf(item), i);
  return map;
}

function sortBy(items: Json[], position: (item: Json) => number | undefined): void {
  items.sort((a, b) => (position(a) ?? Number.MAX_SAFE_INTEGER) - (position(b) ?? Number.MAX_SAFE_INTEGER));
}
