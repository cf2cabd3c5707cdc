/** Which fields two versions of an object differ in. Costs what differs: shared branches are skipped. */

import { deepEqual } from "../equality.ts";
import type { Json } from "../object.ts";
import { allFields } from "./field-extraction.ts";
import { type FieldSet, FieldSetBuilder, fieldElement, leafFieldSet } from "./field-set.ts";
import { itemsByElement, type ListType, type MapType, type MergeType, typeFor } from "./merge-type.ts";

export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

export function compareFields(before: Json, after: Json, type: MergeType): Comparison {
  const comparer = new Comparer();
  comparer.compare(before, after, type);
  return { added: comparer.added.build(), modified: comparer.modified.build(), removed: comparer.removed.build() };
}

class Comparer {
  readonly added = new FieldSetBuilder();
  readonly modified = new FieldSetBuilder();
  readonly removed = new FieldSetBuilder();
  readonly #path: string[] = [];

  compare(before: Json, after: Json, type: MergeType): void {
    if (before === after) return;
    // Null is a map or list without parts, if the other is one.
    if (after === null) return this.#emptied(before, type);
    const actual = typeFor(after, type);
    if (actual.kind === "ignored") return;
    // A list that is always written is null as long as there is nothing in it.
    if (before === null && actual.kind === "list") return this.#lists([], after as Json[], actual);
    if (before === null && actual.kind === "map" && Object.keys(after).length > 0)
      return this.#maps({}, after as Record<string, Json>, actual);
    const same = actual.kind === typeFor(before, type).kind;
    if (same && actual.kind === "map") {
      this.#maps(before as Record<string, Json>, after as Record<string, Json>, actual);
    } else if (same && actual.kind === "list") {
      this.#lists(before as Json[], after as Json[], actual);
    } else if (!deepEqual(before, after)) {
      this.modified.insert(this.#path);
    }
  }

  #emptied(before: Json, type: MergeType): void {
    const actual = typeFor(before, type);
    const hasParts = before !== null && Object.keys(before).length > 0;
    if (hasParts && actual.kind === "map") this.#maps(before as Record<string, Json>, {}, actual);
    else if (hasParts && actual.kind === "list") this.#lists(before as Json[], [], actual);
    else if (actual.kind !== "ignored") this.modified.insert(this.#path);
  }

  #maps(before: Record<string, Json>, after: Record<string, Json>, type: MapType): void {
    for (const key in after) {
      const now = after[key];
      if (before[key] === now) continue;
      const old = Object.hasOwn(before, key) ? before[key] : undefined;
      this.#pair(fieldElement(key), old, now, type.named(key) ?? type.others);
    }
    for (const key in before) {
      if (!Object.hasOwn(after, key))
        this.#pair(fieldElement(key), before[key], undefined, type.named(key) ?? type.others);
    }
  }

  #lists(before: readonly Json[], after: readonly Json[], type: ListType): void {
    const old = itemsByElement(before, type);
    const now = itemsByElement(after, type);
    for (const [element, items] of now) this.#items(element, old.get(element) ?? [], items, type);
    for (const [element, items] of old) if (!now.has(element)) this.#items(element, items, [], type);
  }

  #items(element: string, old: readonly Json[], now: readonly Json[], type: ListType): void {
    if (old.length <= 1 && now.length <= 1) {
      this.#pair(element, old[0], now[0], type.items);
    } else if (old.length >= 2 && now.length >= 2) {
      if (!deepEqual(old, now)) this.modified.insert([...this.#path, element]);
    } else if (old.length >= 2) {
      if (now.length > 0) this.#pair(element, undefined, now[0], type.items);
      this.removed.insert([...this.#path, element], leafFieldSet);
    } else {
      if (old.length > 0) this.#pair(element, old[0], undefined, type.items);
      this.added.insert([...this.#path, element], leafFieldSet);
    }
  }

  #pair(element: string, before: Json | undefined, after: Json | undefined, type: MergeType): void {
    if (before === after) return;
    this.#path.push(element);
    if (before === undefined) this.#insertAll(this.added, after!, type);
    else if (after === undefined) this.#insertAll(this.removed, before, type);
    else this.compare(before, after, type);
    this.#path.pop();
  }

  #insertAll(into: FieldSetBuilder, value: Json, type: MergeType): void {
    const below = allFields(value, type);
    if (below.member) into.insert(this.#path, below);
  }
}
