/** Events older than those in memory, as etcd still has them. */

import type { Clock } from "@kubets/apimachinery";
import { CompactedError, type StoreEvent } from "../store.ts";
import type { EtcdClient } from "./client.ts";
import { EtcdError } from "./errors.ts";
import type { Feed } from "./feed.ts";
import type { KeySpace } from "./keys.ts";
import type { Translator } from "./translator.ts";
import type { EtcdEvent } from "./types.ts";
import { WatchCompacted, WatchStream } from "./watch-stream.ts";

/** About how many events are read at a time. */
const pageSize = 1000;
/** Where none of our keys was written since, something must be, or the end would not be known. etcd takes up to 100 ms for what is old. */
const fenceAfterMs = 200;

export interface HistoryOptions {
  readonly client: EtcdClient;
  readonly keys: KeySpace;
  readonly translator: Translator;
  readonly feed: () => Feed;
  readonly clock: Clock;
}

/** Events with `after < revision < before`, oldest first; none when there are no more. @throws CompactedError */
export async function readHistory(options: HistoryOptions, after: number, before: number): Promise<StoreEvent[]> {
  return await options.client.retry(async () => {
    try {
      return await readPage(options, after, before);
    } catch (error) {
      if (error instanceof WatchCompacted) throw new CompactedError(after, error.compactRevision);
      throw error;
    }
  });
}

async function readPage({ client, keys, translator, feed, clock }: HistoryOptions, after: number, before: number) {
  const found: StoreEvent[] = [];
  const add = (event: EtcdEvent) => {
    if (event.kv.key.toString() === keys.fence) return;
    const previous = event.prevKv === null ? undefined : translator.entry(event.prevKv);
    const translated = translator.event(event, previous);
    if (translated !== undefined) found.push(translated);
  };
  const stream: WatchStream = new WatchStream({
    channel: client.channel,
    keys,
    startRevision: after + 1,
    previousValues: true,
    onEvents(events) {
      for (const event of events) if (event.kv.modRevision < before) add(event);
      // A message holds whole revisions.
      if (found.length >= pageSize || events.at(-1)!.kv.modRevision >= before - 1) stream.cancel();
    },
    onProgress(revision, asked) {
      if (!asked && revision >= before - 1) stream.cancel();
    },
  });
  const done = new AbortController();
  const fenced = clock.sleep(fenceAfterMs, done.signal).then(
    () => feed().fence(),
    () => {},
  );
  try {
    await Promise.race([stream.ended, fenced.then(() => stream.ended)]);
  } finally {
    done.abort();
    stream.cancel();
  }
  return found;
}

/** The oldest revision that can be read. @param revision the newest */
export async function oldestRevision(client: EtcdClient, keys: KeySpace, revision: number): Promise<number> {
  const canRead = async (at: number): Promise<boolean> => {
    try {
      await client.call("KV.Range", { key: Buffer.from(keys.fence), countOnly: true, revision: at });
      return true;
    } catch (error) {
      if (error instanceof EtcdError && error.isCompacted) return false;
      throw error;
    }
  };
  if (await canRead(1)) return 1;
  // etcd does not tell; it only refuses.
  let [low, high] = [1, revision];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (await canRead(middle)) high = middle;
    else low = middle;
  }
  return high;
}
