/** All present keys, sorted, in a copy-on-write B+tree: a snapshot costs one clone of the root, whatever the size. */

import sortedBtree from "sorted-btree";
import type { Entry, StoreEvent } from "./store.ts";

const BTree = sortedBtree.default;

/** Plain code-unit order; keys are ASCII, so that is also the byte order an etcd would use. */
const compareKeys = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Sorts after every key with the prefix. */
const endOf = (prefix: string): string => `${prefix}\uffff`;

export class EntryIndex {
  readonly #tree: InstanceType<typeof BTree<string, Entry>>;

  constructor(tree = new BTree<string, Entry>(undefined, compareKeys)) {
    this.#tree = tree;
  }

  /** A picture of the present, unmoved by later writes. */
  snapshot(): EntryIndex {
    return new EntryIndex(this.#tree.clone());
  }

  get(key: string): Entry | undefined {
    return this.#tree.get(key);
  }

  count(prefix: string): number {
    return this.#tree.forRange(prefix, endOf(prefix), false);
  }

  /** Entries with the prefix after the key `after`, at most `limit`, and how many follow them. */
  list(prefix: string, after: string | undefined, limit: number | undefined): { entries: Entry[]; remaining: number } {
    const from = after === undefined || after < prefix ? prefix : `${after}\0`;
    const entries: Entry[] = [];
    if (limit === undefined) {
      this.#tree.forRange(from, endOf(prefix), false, (_key, entry) => {
        entries.push(entry);
      });
      return { entries, remaining: 0 };
    }
    // The typed signature forgets that forRange's callback may stop the walk; editRange's says so.
    this.#tree.editRange(from, endOf(prefix), false, (_key, entry) => {
      entries.push(entry);
      return entries.length >= limit ? { break: 0 } : undefined;
    });
    const last = entries.at(-1);
    const remaining = last === undefined ? 0 : this.#tree.forRange(`${last.key}\0`, endOf(prefix), false);
    return { entries, remaining };
  }

  put(entry: Entry): void {
    this.#tree.set(entry.key, entry);
  }

  apply(event: StoreEvent): void {
    if (event.type === "put") this.#tree.set(event.entry.key, event.entry);
    else this.#tree.delete(event.entry.key);
  }

  /** Takes back an event; events must be undone newest first. */
  undo(event: StoreEvent): void {
    if (event.previous === undefined) this.#tree.delete(event.entry.key);
    else this.#tree.set(event.previous.key, event.previous);
  }
}
