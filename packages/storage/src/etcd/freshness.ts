/** How new the cache is, against what is asked of it. */

import type { Clock, Timer } from "@kubets/apimachinery";
import type { WatchCache } from "../watch-cache.ts";
import type { EtcdClient } from "./client.ts";
import type { Feed } from "./feed.ts";
import type { KeySpace } from "./keys.ts";

interface Waiter {
  readonly revision: number;
  readonly resolve: (reached: boolean) => void;
  readonly timer: Timer;
}

/** How long the watch is given to tell by itself of what was written, before it is asked. */
const settleMs = 10;
/** Upstream waits as long for its watch cache. */
const mostWaitMs = 3000;
/** After that long without any event, while there must be one, the watch is taken to hang. */
const hangsAfterMs = 1000;

export class Freshness {
  readonly #client: EtcdClient;
  readonly #cache: WatchCache;
  readonly #clock: Clock;
  readonly #probe: Buffer;
  readonly #feed: () => Feed;
  readonly #waiters = new Set<Waiter>();
  #asking: Promise<number> | undefined;
  #asksNext: Promise<number> | undefined;

  constructor(options: { client: EtcdClient; cache: WatchCache; clock: Clock; keys: KeySpace; feed: () => Feed }) {
    this.#client = options.client;
    this.#cache = options.cache;
    this.#clock = options.clock;
    this.#feed = options.feed;
    this.#probe = Buffer.from(options.keys.fence);
  }

  /** etcd's newest revision, by quorum: no older than any write that was acknowledged before the call. Callers share questions. @throws EtcdError */
  current(): Promise<number> {
    if (this.#asking === undefined) return this.#ask();
    // The one that is out may have been answered before this call.
    this.#asksNext ??= this.#asking.then(
      () => this.#ask(),
      () => this.#ask(),
    );
    return this.#asksNext;
  }

  #ask(): Promise<number> {
    this.#asksNext = undefined;
    const asking = this.#client
      .call("KV.Range", { key: this.#probe, countOnly: true })
      .then(({ header }) => header.revision)
      .finally(() => {
        if (this.#asking === asking) this.#asking = undefined;
      });
    this.#asking = asking;
    return asking;
  }

  /** Whether the cache has all that etcd had when this was called. False: the watch is behind, and etcd itself must be asked. @throws EtcdError */
  async confirm(): Promise<boolean> {
    const revision = await this.current();
    return this.#cache.revision >= revision || (await this.reach(revision));
  }

  /** Whether the cache comes as far as a revision that etcd is known to have. */
  async reach(revision: number): Promise<boolean> {
    if (await this.#wait(revision, settleMs)) return true;
    const until = this.#clock.monotonic() + mostWaitMs;
    let movedAt = this.#clock.monotonic();
    for (;;) {
      const before = this.#cache.revision;
      await this.#feed()
        .nudge()
        .catch(() => {}); // The watch may come back all the same.
      if (await this.#wait(revision, 250)) return true;
      const now = this.#clock.monotonic();
      if (now >= until) return false;
      if (this.#cache.revision !== before) movedAt = now;
      else if (now - movedAt >= hangsAfterMs) {
        movedAt = now;
        this.#feed().restart();
      }
    }
  }

  /** Whether the cache comes as far without being pushed. */
  async settled(revision: number, timeoutMs: number): Promise<boolean> {
    return await this.#wait(revision, timeoutMs);
  }

  #wait(revision: number, timeoutMs: number): Promise<boolean> | boolean {
    if (this.#cache.revision >= revision) return true;
    return new Promise((resolve) => {
      const timer = this.#clock.setTimeout(() => {
        this.#waiters.delete(waiter);
        resolve(false);
      }, timeoutMs);
      const waiter: Waiter = { revision, resolve, timer };
      this.#waiters.add(waiter);
    });
  }

  /** The cache has come further. */
  onAdvance(): void {
    const { revision } = this.#cache;
    for (const waiter of this.#waiters) {
      if (waiter.revision > revision) continue;
      this.#waiters.delete(waiter);
      waiter.timer.cancel();
      waiter.resolve(true);
    }
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const { resolve, timer } of this.#waiters) {
      timer.cancel();
      resolve(false);
    }
    this.#waiters.clear();
  }
}
