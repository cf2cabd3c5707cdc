/** The shared store: an etcd of one or more members, as upstream's API server takes it by `--etcd-servers`. */

import { type Clock, type Logger, type Random, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { defaultRingLimits, type EventRingLimits } from "../event-ring.ts";
import { type Store, StoreUnavailableError } from "../store.ts";
import type { ValueTransformer } from "../value-transformer.ts";
import type { EtcdDial, EtcdTls } from "./channel.ts";
import type { StoredForm } from "./stored-form.ts";

export interface EtcdStoreOptions {
  /** As `https://10.0.0.1:2379`: some or all members. */
  readonly servers: readonly string[];
  /** Asked for each connection where it is a function: see {@link tlsFromFiles}. */
  readonly tls?: EtcdTls | (() => EtcdTls);
  /** How members are reached where not directly. */
  readonly dial?: EtcdDial | undefined;
  /** What keys begin with in the etcd: `--etcd-prefix`. Default /registry. */
  readonly prefix?: string;
  /** What the store's keys begin with, which the prefix stands in for. Default /registry. */
  readonly root?: string;
  /** How values are stored. Default: as upstream stores objects, as JSON. */
  readonly form?: StoredForm;
  readonly transformer?: ValueTransformer;
  /** How much history is kept in memory; older is read from etcd. Default 8192 events or 32 MiB. */
  readonly ringLimits?: EventRingLimits;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/**
 * @throws StoreUnavailableError when no member answers
 * @throws Error for servers that are none
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<Store> {
  const { servers, tls = {}, prefix = "/registry", root = "/registry", transformer } = options;
  const { clock = realClock, random = realRandom, logger = silentLogger, ringLimits = defaultRingLimits } = options;
  if (servers.length === 0) throw new Error("no etcd server is named");
  const [{ openChannel }, { EtcdClient }, { EtcdStore }, { keySpace }, { objectForm }] = await Promise.all([
    import("./channel.ts"),
    import("./client.ts"),
    import("./etcd-store.ts"),
    import("./keys.ts"),
    import("./stored-form.ts"),
  ]);
  const client = new EtcdClient({
    channels: servers.map((server) => openChannel(server, tls, options.dial)),
    clock,
    random,
    logger,
  });
  const startedAt = clock.monotonic();
  const keys = keySpace(prefix, root);
  const { form = objectForm() } = options;
  try {
    const store = await EtcdStore.open({ client, keys, form, transformer, ringLimits, clock, random, logger });
    logger.info("Opened the store", {
      etcd: servers.join(","),
      revision: store.revision,
      keys: await store.count(""),
      durationMs: Math.round(clock.monotonic() - startedAt),
    });
    return store;
  } catch (cause) {
    client.close();
    if (!(cause instanceof StoreUnavailableError)) throw cause;
    throw new StoreUnavailableError(`cannot open the etcd at ${servers.join(", ")}: ${cause.message}`, { cause });
  }
}
