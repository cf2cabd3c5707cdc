/**
 * Compaction by one server at a time, as upstream's API servers do it among themselves: whoever first writes the key at the version it saw an interval ago
 * compacts to what was the newest revision then; the others see that it was done, and wait for their next turn.
 */

import type { Clock, Logger } from "@kubets/apimachinery";
import type { EtcdClient } from "./client.ts";
import { EtcdError } from "./errors.ts";

/** Outside of any prefix: there is one history, whoever's keys it is of. */
const turnKey = Buffer.from("compact_rev_key");

export interface CompactionTurnsOptions {
  readonly client: EtcdClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCompacted: (revision: number) => void;
}

interface Turn {
  /** How many turns have been taken. */
  readonly version: number;
  /** etcd's newest revision when that was seen. */
  readonly revision: number;
}

/** Runs until `signal` aborts; never rejects. */
export async function takeCompactionTurns(
  options: CompactionTurnsOptions,
  intervalMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { clock, logger } = options;
  let turn: Turn = { version: 0, revision: 0 };
  for (;;) {
    await clock.sleep(intervalMs, signal).catch(() => {});
    if (signal.aborted) return;
    try {
      turn = await takeTurn(options, turn);
    } catch (err) {
      if (!signal.aborted) logger.warn("Could not compact etcd", { err });
    }
  }
}

export async function takeTurn({ client, onCompacted }: CompactionTurnsOptions, turn: Turn): Promise<Turn> {
  const response = await client.call("KV.Txn", {
    compare: [{ result: "EQUAL", target: "VERSION", key: turnKey, version: turn.version }],
    success: [{ requestPut: { key: turnKey, value: Buffer.from(String(turn.revision)) } }],
    failure: [{ requestRange: { key: turnKey } }],
  });
  const { revision } = response.header;
  if (!response.succeeded) {
    const kv = response.responses[0]?.responseRange?.kvs[0];
    const done = Number(kv?.value.toString() ?? 0);
    if (done > 0) onCompacted(done);
    return { version: kv?.version ?? 0, revision };
  }
  if (turn.revision > 0) {
    await compactTo(client, turn.revision);
    onCompacted(turn.revision);
  }
  return { version: turn.version + 1, revision };
}

/** Not an error when it was done already. */
export async function compactTo(client: EtcdClient, revision: number): Promise<void> {
  try {
    await client.call("KV.Compact", { revision });
  } catch (error) {
    if (!(error instanceof EtcdError) || !error.isCompacted) throw error;
  }
}
