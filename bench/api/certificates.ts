/** The certificates of a benchmark's server. As a program it makes them in the directory that it is given, and ends: what makes them is large. */

import { realClock } from "@kubets/apimachinery";
import { type ClusterCertificates, ensureClusterCertificates } from "@kubets/apiserver/certificates";

export function certificatesIn(directory: string): Promise<ClusterCertificates> {
  return ensureClusterCertificates({
    directory,
    clock: realClock,
    dnsNames: ["localhost"],
    ipAddresses: ["127.0.0.1"],
  });
}

if (import.meta.main) await certificatesIn(process.argv[2]!);
