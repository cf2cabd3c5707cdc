/** Where a cluster's objects are kept: a file of its own, or the etcd it was told of; encrypted, where that was asked for. */

import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { defaultsVersion } from "@kubets/api/defaults-version";
import { type Clock, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import type { OpenedStore } from "@kubets/apiserver";
import type { EncryptionAtRest } from "@kubets/apiserver/encryption";
import type { EtcdTlsFiles, Store, ValueTransformer } from "@kubets/storage";
import { type ClusterConfig, ConfigError, etcdServersOf } from "../config.ts";
import { clusterPaths } from "../paths.ts";

export interface StoreMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * @param signal ends the looking for changes of the encryption's configuration
 * @throws StoreUnavailableError; ConfigError for a file that cannot be read or used
 */
export async function openStore(config: ClusterConfig, means: StoreMeans, signal: AbortSignal): Promise<OpenedStore> {
  const [storage, encryption] = await Promise.all([import("@kubets/storage"), encryptionOf(config, means, signal)]);
  const transformer = encryption === undefined ? {} : { transformer: encryption };
  return { store: await open(config, means, storage, transformer), encryption };
}

async function open(
  config: ClusterConfig,
  means: StoreMeans,
  { openEtcdStore, openSqliteStore, objectForm, tlsFromFiles }: typeof import("@kubets/storage"),
  encryption: { readonly transformer?: ValueTransformer },
): Promise<Store> {
  const { etcdServers, etcdPrefix } = config;
  if (etcdServers === undefined) {
    const path = join(clusterPaths(config.name, config.dataDir).store, "kubets.db");
    return await openSqliteStore({ path, defaultsVersion, clock: means.clock, logger: means.logger, ...encryption });
  }
  // An API server of upstream may have written there before, in its own form.
  const { decodeProtobuf } = await import("@kubets/api/protobuf");
  return await openEtcdStore({
    servers: etcdServersOf(etcdServers),
    tls: tlsFromFiles(tlsFilesOf(config), means.logger),
    ...(etcdPrefix === undefined ? {} : { prefix: etcdPrefix }),
    form: objectForm({ decodeProtobuf, defaultsVersion }),
    ...encryption,
    ...means,
  });
}

async function encryptionOf(
  { encryptionProviderConfig: path }: ClusterConfig,
  { clock, random, logger }: StoreMeans,
  signal: AbortSignal,
): Promise<EncryptionAtRest | undefined> {
  if (path === undefined) return undefined;
  const { encryptionAtRest } = await import("@kubets/apiserver/encryption");
  try {
    return await encryptionAtRest({ path, automaticReload: true, clock, random, logger }, signal);
  } catch (cause) {
    throw new ConfigError(`--encryption-provider-config ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws ConfigError for one that cannot be read */
function tlsFilesOf({ etcdCafile: ca, etcdCertfile: certificate, etcdKeyfile: key }: ClusterConfig): EtcdTlsFiles {
  checkReadable("--etcd-cafile", ca);
  checkReadable("--etcd-certfile", certificate);
  checkReadable("--etcd-keyfile", key);
  return { ca, certificate, key };
}

function checkReadable(flag: string, file: string | undefined): void {
  if (file === undefined) return;
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ConfigError(`${flag} ${file} cannot be read (${code})`, { cause });
  }
}
