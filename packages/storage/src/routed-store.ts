/**
 * Several stores as one: some prefixes are kept elsewhere, such as events in an etcd of their own (`--etcd-servers-overrides`). Each part has its own
 * counter of revisions, so a revision means something only for keys of one part; whoever deals with one prefix alone asks for its part once.
 */

import type { Entry, ListOptions, ListResult, ReadOptions, Store, WatchOptions, Write } from "./store.ts";

/** A part of the keys that is kept in a store of its own. */
export interface Route {
  /** What keys that are kept there begin with: `/registry/events/`. No route's prefix begins with another's. */
  readonly prefix: string;
  readonly store: Store;
}

/** Each key is in the store of the route whose prefix it begins with, or in the main one. */
export class RoutedStore implements Store {
  readonly #main: Store;
  readonly #routes: readonly Route[];

  /** @param main has what no route is for, and its revision is what this store's own is. It and the routes' stores are closed with this one */
  constructor(main: Store, routes: readonly Route[]) {
    this.#main = main;
    this.#routes = routes;
    if (main.compactByTurns !== undefined) this.compactByTurns = this.#compactAllByTurns;
  }

  readonly compactByTurns: Store["compactByTurns"];

  get revision(): number {
    return this.#main.revision;
  }

  get compactedRevision(): number {
    return this.#main.compactedRevision;
  }

  get expiresKeys(): boolean {
    return this.#main.expiresKeys;
  }

  partOf(prefix: string): Store {
    return this.#routes.find((route) => prefix.startsWith(route.prefix))?.store ?? this.#main;
  }

  get(key: string, options?: ReadOptions): Promise<Entry | undefined> {
    return this.partOf(key).get(key, options);
  }

  list(prefix: string, options?: ListOptions): Promise<ListResult> {
    return this.partOf(prefix).list(prefix, options);
  }

  isCurrent(entry: Entry): boolean {
    return this.partOf(entry.key).isCurrent(entry);
  }

  count(prefix: string): Promise<number> {
    return this.partOf(prefix).count(prefix);
  }

  commit(write: Write): Promise<Entry> {
    return this.partOf(write.key).commit(write);
  }

  watch(prefix: string, options: WatchOptions): Promise<void> {
    return this.partOf(prefix).watch(prefix, options);
  }

  /** Of the main store alone: its revisions are not the others'. */
  compact(revision: number): Promise<void> {
    return this.#main.compact(revision);
  }

  async sizeBytes(): Promise<number> {
    const sizes = await Promise.all(this.#all().map(async (store) => (await store.sizeBytes?.()) ?? 0));
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((store) => store.close()));
  }

  readonly #compactAllByTurns = async (intervalMs: number, signal: AbortSignal): Promise<void> => {
    await Promise.all(this.#all().map((store) => store.compactByTurns?.(intervalMs, signal)));
  };

  #all(): Store[] {
    return [...new Set([this.#main, ...this.#routes.map(({ store }) => store)])];
  }
}
