/** Leases for keys that expire: many keys share one, as upstream's lease manager has it. */

import type { Clock, Random } from "@kubets/apimachinery";
import type { EtcdClient } from "./client.ts";

interface HeldLease {
  readonly id: Promise<number>;
  readonly until: number;
  keys: number;
}

/** How long a lease is given out again, in seconds and as a share of what was asked for, and for how many keys. */
const reuseSeconds = 60;
const reuseShare = 0.05;
const mostKeys = 1000;

export class Leases {
  readonly #client: EtcdClient;
  readonly #clock: Clock;
  readonly #random: Random;
  /** By seconds asked for. */
  readonly #held = new Map<number, HeldLease>();

  constructor(client: EtcdClient, clock: Clock, random: Random) {
    this.#client = client;
    this.#clock = clock;
    this.#random = random;
  }

  /** A lease that lasts at least this long from now. */
  async get(ttlSeconds: number): Promise<number> {
    const held = this.#held.get(ttlSeconds);
    if (held !== undefined && held.keys < mostKeys && this.#clock.monotonic() < held.until) {
      held.keys++;
      return await held.id;
    }
    const reuse = Math.floor(Math.min(reuseSeconds, ttlSeconds * reuseShare));
    const id = this.#grant(ttlSeconds + reuse);
    this.#held.set(ttlSeconds, { id, until: this.#clock.monotonic() + reuse * 1000, keys: 1 });
    try {
      return await id;
    } catch (error) {
      this.forget(ttlSeconds);
      throw error;
    }
  }

  /** The lease is not what it should be: the next one is new. */
  forget(ttlSeconds: number): void {
    this.#held.delete(ttlSeconds);
  }

  async #grant(ttlSeconds: number): Promise<number> {
    // An id of our own, within what a number holds, each time: one that an earlier attempt made just runs out.
    const attempt = () => Math.floor(1 + this.#random.next() * (Number.MAX_SAFE_INTEGER - 1));
    const { ID } = await this.#client.retry((call) => call("Lease.LeaseGrant", { TTL: ttlSeconds, ID: attempt() }));
    return ID;
  }
}
