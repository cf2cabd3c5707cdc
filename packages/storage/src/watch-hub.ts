/** Who gets which events. A batch costs the prefixes that are watched and concerned, not the number of watchers of other things. */

import type { StoreEvent, WatchOptions } from "./store.ts";

export interface Watcher {
  readonly prefix: string;
  /** Events up to here were delivered, or are not wanted. */
  readonly afterRevision: number;
  readonly onEvents: WatchOptions["onEvents"];
  readonly onError: WatchOptions["onError"];
}

export class WatchHub {
  readonly #groups = new Map<string, Set<Watcher>>();
  /** How many watched prefixes have each length: a key is looked up once for each. */
  readonly #lengths = new Map<number, number>();

  /** @returns takes the watcher out again; harmless to call twice */
  add(watcher: Watcher): () => void {
    const { prefix } = watcher;
    let group = this.#groups.get(prefix);
    if (group === undefined) {
      group = new Set();
      this.#groups.set(prefix, group);
      this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
    }
    group.add(watcher);
    return () => this.#remove(watcher);
  }

  #remove(watcher: Watcher): void {
    const { prefix } = watcher;
    const group = this.#groups.get(prefix);
    if (!group?.delete(watcher) || group.size > 0) return;
    this.#groups.delete(prefix);
    const others = (this.#lengths.get(prefix.length) ?? 1) - 1;
    if (others === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, others);
  }

  /** Hands a batch, in revision order, to everyone it concerns; watchers of one prefix share one array. */
  deliver(events: readonly StoreEvent[]): void {
    if (this.#groups.size === 0) return;
    const byPrefix = new Map<string, StoreEvent[]>();
    for (const event of events) {
      const { key } = event.entry;
      for (const length of this.#lengths.keys()) {
        if (length > key.length) continue;
        const prefix = key.slice(0, length);
        if (!this.#groups.has(prefix)) continue;
        const concerned = byPrefix.get(prefix);
        if (concerned === undefined) byPrefix.set(prefix, [event]);
        else concerned.push(event);
      }
    }
    for (const [prefix, concerned] of byPrefix) {
      // A copy: a watcher may end itself, or start another, while it is served.
      for (const watcher of [...(this.#groups.get(prefix) ?? [])]) {
        if (!this.#groups.get(prefix)?.has(watcher)) continue;
        const wanted =
          concerned[0]!.revision > watcher.afterRevision
            ? concerned
            : concerned.filter((event) => event.revision > watcher.afterRevision);
        if (wanted.length > 0) this.#serve(watcher, wanted);
      }
    }
  }

  /** One that throws, against its contract, is out; writes and the other watchers go on. */
  #serve(watcher: Watcher, events: readonly StoreEvent[]): void {
    try {
      watcher.onEvents(events);
    } catch (error) {
      this.#remove(watcher);
      watcher.onError(error as Error);
    }
  }

  /** Ends every watch with an error. */
  fail(error: Error): void {
    const watchers = [...this.#groups.values()].flatMap((group) => [...group]);
    this.#groups.clear();
    this.#lengths.clear();
    for (const watcher of watchers) watcher.onError(error);
  }
}
