/** Reads of many keys, straight from an etcd. */

import type { EtcdClient } from "./client.ts";
import { EtcdError } from "./errors.ts";
import type { KeySpace } from "./keys.ts";
import type { KeyValue } from "./types.ts";

const pageSize = 1000;

export interface Snapshot {
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
}

/** Everything of ours, at one revision: the newest. */
export async function readSnapshot(client: EtcdClient, keys: KeySpace): Promise<Snapshot> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readPages(client, keys);
    } catch (error) {
      // Its history was compacted between two pages: from the beginning.
      if (!(error instanceof EtcdError) || !error.isCompacted || attempt === 5) throw error;
    }
  }
}

async function readPages(client: EtcdClient, keys: KeySpace): Promise<Snapshot> {
  const kvs: KeyValue[] = [];
  let key: Uint8Array = Buffer.from(keys.first);
  let revision = 0;
  const rangeEnd = Buffer.from(keys.end);
  for (;;) {
    const page = await client.call("KV.Range", { key, rangeEnd, limit: pageSize, revision });
    if (revision === 0) revision = page.header.revision;
    for (const kv of page.kvs) if (kv.key.toString() !== keys.fence) kvs.push(kv);
    const last = page.kvs.at(-1);
    if (!page.more || last === undefined) return { revision, kvs };
    key = Buffer.concat([last.key, Buffer.from([0])]);
  }
}
