/**
 * Node ports, safe between API servers: which are taken is one object, upstream's bitmap, that is changed by compare-and-swap.
 * Source: pkg/registry/core/service/portallocator, allocator/storage.
 */

import { ConflictError, type Entry, type Store } from "@kubets/storage";
import { PortPool } from "./address-pool.ts";

export interface NodePortsOptions {
  readonly store: Store;
  /** `30000-32767`. */
  readonly range: string;
  readonly random: () => number;
  readonly uuid: () => string;
  /** What stored Services hold: what is taken where no object says it. */
  readonly inUse: () => Promise<Iterable<number>>;
}

export const nodePortsKey = "/registry/ranges/servicenodeports";
const maxAttempts = 200;

export class NodePorts {
  readonly #options: NodePortsOptions;
  #lastChange: Promise<unknown> = Promise.resolve();

  /** @throws Error for what is no range of ports */
  constructor(options: NodePortsOptions) {
    this.#options = options;
    this.#emptyPool();
  }

  /**
   * Takes the wanted ports, any free one for each undefined, or none at all.
   * @param refused makes an error of one that cannot be had
   */
  async take(
    wanted: readonly (number | undefined)[],
    dryRun: boolean,
    refused: (index: number, error: unknown) => Error,
  ): Promise<number[]> {
    if (wanted.length === 0) return [];
    return await this.#change((pool) => {
      const ports = wanted.map((port, index) => {
        try {
          if (port === undefined) return pool.takeAny();
          pool.take(port);
          return port;
        } catch (error) {
          throw refused(index, error);
        }
      });
      return { result: ports, changed: !dryRun };
    });
  }

  async release(ports: readonly number[]): Promise<void> {
    if (ports.length === 0) return;
    await this.#change((pool) => {
      const held = ports.filter((port) => pool.isTaken(port));
      for (const port of held) pool.release(port);
      return { result: undefined, changed: held.length > 0 };
    });
  }

  /** Marks what Services hold and the object lacks, and gives back `leaked`. @returns what the object has and no Service holds */
  async repair(leaked: ReadonlySet<number>): Promise<Set<number>> {
    const inUse = new Set(await this.#options.inUse());
    return await this.#change((pool) => {
      let changed = false;
      const unused = new Set<number>();
      for (let port = pool.first; port < pool.first + pool.size; port++) {
        if (inUse.has(port) === pool.isTaken(port)) continue;
        if (inUse.has(port)) pool.mark(port);
        else if (leaked.has(port)) pool.release(port);
        else {
          unused.add(port);
          continue;
        }
        changed = true;
      }
      return { result: unused, changed };
    });
  }

  /** One after the other: of those that run together all but one would conflict, until they gave up. */
  async #change<T>(body: (pool: PortPool) => { result: T; changed: boolean }): Promise<T> {
    const turn = this.#lastChange.then(() => this.#changeAlone(body));
    this.#lastChange = turn.catch(() => {});
    return await turn;
  }

  async #changeAlone<T>(body: (pool: PortPool) => { result: T; changed: boolean }): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { pool, revision } = await this.#read();
      const { result, changed } = body(pool);
      if (!changed) return result;
      try {
        await this.#write(pool, revision);
        return result;
      } catch (error) {
        if (!(error instanceof ConflictError) || attempt === maxAttempts) throw error;
      }
    }
  }

  async #read(): Promise<{ pool: PortPool; revision: number }> {
    const { store, range, inUse } = this.#options;
    const entry = await store.get(nodePortsKey);
    const pool = this.#emptyPool();
    const stored = entry === undefined ? undefined : rangeOf(entry);
    if (stored?.range === range) for (const port of portsOf(stored.data, pool.first)) pool.mark(port);
    else for (const port of await inUse()) pool.mark(port);
    return { pool, revision: entry?.modRevision ?? 0 };
  }

  async #write(pool: PortPool, expectedRevision: number): Promise<void> {
    const { store, range, uuid } = this.#options;
    const object = {
      kind: "RangeAllocation",
      apiVersion: "v1",
      // No two writes are alike, so that one whose answer was lost is known again.
      metadata: { annotations: { "kubets.io/write": uuid() } },
      range,
      data: dataOf(pool),
    };
    const bytes = Buffer.from(JSON.stringify(object));
    await store.commit({ key: nodePortsKey, expectedRevision, value: () => ({ bytes }) });
  }

  #emptyPool(): PortPool {
    return new PortPool(this.#options.range, this.#options.random);
  }
}

function rangeOf(entry: Entry): { range?: string; data?: string } {
  if (entry.unreadable !== undefined) throw entry.unreadable;
  return JSON.parse(Buffer.from(entry.value).toString()) as { range?: string; data?: string };
}

/** A big-endian number of as many bytes as it needs; bit n is port `first + n`. */
function* portsOf(data: string | undefined, first: number): Generator<number> {
  const bytes = Buffer.from(data ?? "", "base64").reverse();
  for (const [index, byte] of bytes.entries())
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) yield first + index * 8 + bit;
}

function dataOf(pool: PortPool): string {
  const bytes = Buffer.alloc(Math.ceil(pool.size / 8));
  let used = 0;
  for (let n = 0; n < pool.size; n++) {
    if (!pool.isTaken(pool.first + n)) continue;
    bytes[n >> 3]! |= 1 << (n & 7);
    used = (n >> 3) + 1;
  }
  return bytes.subarray(0, used).reverse().toString("base64");
}
