/** Where a cluster's objects are kept: a file of its own, or the etcd it was told of. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { EtcdTls, Store, ValueTransformer } from "@kubets/storage";
import { type ClusterConfig, ConfigError, etcdServersOf } from "../config.ts";
import { clusterPaths } from "../paths.ts";

export interface StoreMeans {
  /** Encryption at rest. */
  readonly transformer?: ValueTransformer;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** @throws StoreUnavailableError; ConfigError for a file that cannot be read */
export async function openStore(config: ClusterConfig, means: StoreMeans): Promise<Store> {
  const { etcdServers, etcdPrefix } = config;
  const { openEtcdStore, openSqliteStore, objectForm } = await import("@kubets/storage");
  if (etcdServers === undefined) {
    const paths = clusterPaths(config.name, config.dataDir);
    return await openSqliteStore({ path: join(paths.store, "kubets.db"), clock: means.clock, logger: means.logger });
  }
  // An API server of upstream may have written there before, in its own form.
  const { decodeProtobuf } = await import("@kubets/api/protobuf");
  return await openEtcdStore({
    servers: etcdServersOf(etcdServers),
    tls: tlsOf(config),
    ...(etcdPrefix === undefined ? {} : { prefix: etcdPrefix }),
    form: objectForm({ decodeProtobuf }),
    ...means,
  });
}

function tlsOf({ etcdCafile, etcdCertfile, etcdKeyfile }: ClusterConfig): EtcdTls {
  return {
    ...(etcdCafile === undefined ? {} : { ca: textOf("--etcd-cafile", etcdCafile) }),
    ...(etcdCertfile === undefined ? {} : { certificate: textOf("--etcd-certfile", etcdCertfile) }),
    ...(etcdKeyfile === undefined ? {} : { key: textOf("--etcd-keyfile", etcdKeyfile) }),
  };
}

function textOf(flag: string, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${flag} ${file} cannot be read (${code})`, { cause });
  }
}
