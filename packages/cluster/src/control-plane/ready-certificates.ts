/**
 * The cluster's certificates. The first time they are made by a process of its own: what makes them is large, takes a tenth of a second to
 * load, and is then not needed for a year; meanwhile this process loads the API server, and keeps its memory.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { ClusterCertificates } from "@kubets/apiserver/certificates";
import type { ClusterConfig } from "../config.ts";
import { clusterCertificates } from "../credentials.ts";
import { clusterPaths } from "../paths.ts";
import { run } from "../process.ts";

export async function readyCertificates(config: ClusterConfig): Promise<ClusterCertificates> {
  if (!existsSync(join(clusterPaths(config.name, config.dataDir).pki, "ca.crt"))) {
    const maker = new URL("./make-certificates.ts", import.meta.url).pathname;
    // Should it fail, the same is tried below, and says why in its own words.
    await run(process.execPath, ["--disable-warning=ExperimentalWarning", maker, config.dataDir]).catch(
      () => undefined,
    );
  }
  return clusterCertificates(config);
}
