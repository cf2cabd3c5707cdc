/**
 * Which API servers there are, when several share a store: each keeps a key with its address, which the store removes when it is not renewed.
 * Source: pkg/controlplane/reconcilers/lease.go.
 */

import type { Clock, Logger } from "@kubets/apimachinery";
import { ConflictError, type Entry, type Store } from "@kubets/storage";

/** Upstream's DefaultEndpointReconcilerTTL and -Interval. */
const ttlSeconds = 15;
const renewEveryMs = 10_000;
const prefix = "/registry/masterleases/";

export interface MasterLeasesOptions {
  readonly store: Store;
  /** The server's own. */
  readonly address: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class MasterLeases {
  readonly #options: MasterLeasesOptions;

  constructor(options: MasterLeasesOptions) {
    this.#options = options;
  }

  /** The addresses of all servers that are there, this one included, in order. */
  async addresses(): Promise<readonly string[]> {
    const { store, address } = this.#options;
    const { entries } = await store.list(prefix);
    const found = entries.map((entry) => entry.key.slice(prefix.length));
    return [...new Set([...found, address])].sort();
  }

  async renew(): Promise<void> {
    const { store, address } = this.#options;
    const key = prefix + address;
    const generation = generationOf(await store.get(key)) + 1;
    const object = {
      kind: "Endpoints",
      apiVersion: "v1",
      metadata: { generation },
      subsets: [{ addresses: [{ ip: address }] }],
    };
    await store.commit({ key, ttlSeconds, value: () => ({ bytes: Buffer.from(JSON.stringify(object)) }) });
  }

  /** Renews until `signal` aborts, and takes itself away then. @param onChange a server has come or gone */
  async keep(signal: AbortSignal, onChange: () => Promise<void>): Promise<void> {
    const { store, clock, logger, address } = this.#options;
    const attempt = async (what: string, work: () => Promise<unknown>) => {
      try {
        await work();
      } catch (err) {
        if (!signal.aborted) logger.warn(what, { err });
      }
    };
    await store.watch(prefix, {
      afterRevision: store.revision,
      signal,
      onError: (err) => logger.error("A watch of the store broke", { prefix, err }),
      onEvents(events) {
        const changed = events.some(({ type, previous }) => type === "delete" || previous === undefined);
        if (changed) void attempt("The kubernetes Service could not be published again", onChange);
      },
    });
    while (!signal.aborted) {
      await clock.sleep(renewEveryMs, signal).catch(() => {});
      if (signal.aborted) break;
      await attempt("The server's lease could not be renewed", () => this.renew());
      await attempt("The kubernetes Service could not be published again", onChange);
    }
    // At once, where the others would otherwise wait for it to run out.
    try {
      await store.commit({ key: prefix + address, value: undefined });
    } catch (err) {
      if (!(err instanceof ConflictError)) logger.warn("The server's lease could not be given back", { err });
    }
  }
}

function generationOf(entry: Entry | undefined): number {
  if (entry === undefined) return 0;
  const { metadata } = JSON.parse(Buffer.from(entry.value).toString()) as { metadata?: { generation?: number } };
  return metadata?.generation ?? 0;
}
