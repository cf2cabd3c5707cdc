/** Where everything is kept: an etcd, or a file in `--data-dir`. */

import { join } from "node:path";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import { textOf } from "./files.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";

export interface StoreMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** @throws StoreUnavailableError */
export async function openStore(flags: KubeApiServerFlags, means: StoreMeans): Promise<Store> {
  const { objectForm, openEtcdStore, openSqliteStore } = await import("@kubets/storage");
  const dataDir = flags["data-dir"];
  if (dataDir !== undefined) return await openSqliteStore({ path: join(dataDir, "kubets.db"), ...means });
  // A kube-apiserver of upstream may have written there before, in its own form.
  const { decodeProtobuf } = await import("@kubets/api/protobuf");
  const ca = flags["etcd-cafile"];
  const certificate = flags["etcd-certfile"];
  const key = flags["etcd-keyfile"];
  return await openEtcdStore({
    servers: flags["etcd-servers"],
    tls: {
      ...(ca ? { ca: textOf("etcd-cafile", ca) } : {}),
      ...(certificate ? { certificate: textOf("etcd-certfile", certificate) } : {}),
      ...(key ? { key: textOf("etcd-keyfile", key) } : {}),
    },
    prefix: flags["etcd-prefix"],
    form: objectForm({ decodeProtobuf }),
    ...means,
  });
}
