/** Where everything is kept: an etcd, or a file in `--data-dir`. */

import { join } from "node:path";
import { defaultsVersion } from "@kubets/api/defaults-version";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { connectLater, type Egress, type OpenedStore } from "@kubets/apiserver";
import { type EncryptionAtRest, encryptionAtRest } from "@kubets/apiserver/encryption";
import type { EtcdTlsFiles, Route, Store, ValueTransformer } from "@kubets/storage";
import { textOf } from "./files.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";
import { storeOverrides } from "./store-overrides.ts";

export interface StoreMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How an etcd is reached where not directly. */
  readonly dial?: Egress["etcd"];
}

/**
 * @param signal ends the looking for changes of the encryption's configuration
 * @throws StoreUnavailableError; Error for an encryption's configuration that cannot be used
 */
export async function openStore(
  flags: KubeApiServerFlags,
  means: StoreMeans,
  signal: AbortSignal,
): Promise<OpenedStore> {
  const encryption = await encryptionOf(flags, means, signal);
  const transformer = encryption === undefined ? {} : { transformer: encryption };
  return { store: await open(flags, means, transformer), encryption };
}

async function open(
  flags: KubeApiServerFlags,
  { dial, ...means }: StoreMeans,
  encryption: { readonly transformer?: ValueTransformer },
): Promise<Store> {
  const { objectForm, openEtcdStore, openSqliteStore, RoutedStore, tlsFromFiles } = await import("@kubets/storage");
  const dataDir = flags["data-dir"];
  if (dataDir !== undefined)
    return await openSqliteStore({ path: join(dataDir, "kubets.db"), defaultsVersion, ...encryption, ...means });
  // A kube-apiserver of upstream may have written there before, in its own form.
  const { decodeProtobuf } = await import("@kubets/api/protobuf");
  const options = {
    tls: tlsFromFiles(tlsFilesOf(flags), means.logger),
    dial: dial === undefined ? undefined : connectLater(dial),
    prefix: flags["etcd-prefix"],
    form: objectForm({ decodeProtobuf, defaultsVersion }),
    ...encryption,
    ...means,
  };
  const opened = new Map<string, Store>();
  const openAt = async (servers: readonly string[]): Promise<Store> => {
    const name = [...servers].sort().join(",");
    const store = opened.get(name) ?? (await openEtcdStore({ ...options, servers }));
    opened.set(name, store);
    return store;
  };
  try {
    const main = await openAt(flags["etcd-servers"]);
    const routes: Route[] = [];
    for (const { prefixes, servers } of storeOverrides(flags["etcd-servers-overrides"])) {
      if (prefixes.length === 0) continue;
      const store = await openAt(servers);
      routes.push(...prefixes.map((prefix) => ({ prefix, store })));
    }
    return routes.length === 0 ? main : new RoutedStore(main, routes);
  } catch (error) {
    await Promise.all([...opened.values()].map((store) => store.close()));
    throw error;
  }
}

/** @throws Error naming the flag of a file that cannot be read */
function tlsFilesOf(flags: KubeApiServerFlags): EtcdTlsFiles {
  const [ca, certificate, key] = (["etcd-cafile", "etcd-certfile", "etcd-keyfile"] as const).map((flag) => {
    const file = flags[flag] || undefined;
    if (file !== undefined) textOf(flag, file);
    return file;
  });
  return { ca, certificate, key };
}

async function encryptionOf(
  flags: KubeApiServerFlags,
  { clock, random, logger }: StoreMeans,
  signal: AbortSignal,
): Promise<EncryptionAtRest | undefined> {
  const path = flags["encryption-provider-config"];
  if (!path) return undefined;
  const automaticReload = flags["encryption-provider-config-automatic-reload"];
  return await encryptionAtRest({ path, automaticReload, clock, random, logger }, signal);
}
