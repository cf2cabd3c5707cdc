/** A throw-away certificate for 127.0.0.1, made by the same code that makes a cluster's. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { realClock } from "@kubets/apimachinery";
import { ensureClusterCertificates } from "@kubets/apiserver";

export async function certificateForLoopback(): Promise<{ key: string; cert: string }> {
  const directory = await mkdtemp(join(tmpdir(), "kubets-bench-"));
  try {
    const { apiServer } = await ensureClusterCertificates({
      directory,
      clock: realClock,
      dnsNames: [],
      ipAddresses: ["127.0.0.1"],
    });
    return { key: apiServer.key, cert: apiServer.certificate };
  } finally {
    await rm(directory, { recursive: true });
  }
}
