/** An etcd without a store before it: what the store is measured against, and what a test looks behind it with. */

import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { openChannel } from "../etcd/channel.ts";
import { EtcdClient } from "../etcd/client.ts";
import { endOfPrefix } from "../etcd/keys.ts";

export interface RawEtcd {
  get(key: string): Promise<Buffer | undefined>;
  put(key: string, value: Uint8Array): Promise<void>;
  /** @returns how many keys and bytes of values there are, and the lease of the first key */
  range(prefix: string): Promise<{ count: number; bytes: number; lease: number }>;
  revokeLease(id: number): Promise<void>;
  close(): void;
}

export async function rawEtcd(servers: readonly string[]): Promise<RawEtcd> {
  const base = { clock: realClock, random: realRandom, logger: silentLogger };
  const client = new EtcdClient({ channels: servers.map((server) => openChannel(server, {})), ...base });
  return {
    async get(key) {
      return (await client.call("KV.Range", { key: Buffer.from(key) })).kvs[0]?.value;
    },
    async put(key, value) {
      await client.call("KV.Put", { key: Buffer.from(key), value });
    },
    async range(prefix) {
      const { kvs } = await client.call("KV.Range", { key: Buffer.from(prefix), rangeEnd: endOfPrefix(prefix) });
      return {
        count: kvs.length,
        bytes: kvs.reduce((sum, { value }) => sum + value.length, 0),
        lease: kvs[0]?.lease ?? 0,
      };
    },
    async revokeLease(ID) {
      await client.call("Lease.LeaseRevoke", { ID });
    },
    close: () => client.close(),
  };
}
