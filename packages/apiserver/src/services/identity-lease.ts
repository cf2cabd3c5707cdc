/**
 * The Lease by which an API server says that it is there, and the removal of those of servers that are not.
 * Source: pkg/controlplane/apiserver (start-kube-apiserver-identity-lease-controller), controller/apiserverleasegc.
 */

import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { Lease, LeaseList } from "@kubets/api";
import { type Clock, formatMicroTime, isNotFound, type Logger, parseTime, type Random } from "@kubets/apimachinery";
import type { InProcessTransport } from "../server/in-process.ts";

const collection = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases";
const identityLabel = "apiserver.kubernetes.io/identity";
const leaseSeconds = 3600;
const renewEveryMs = 10_000;
const collectEveryMs = 3600 * 1000;

export interface IdentityLeaseOptions {
  readonly transport: InProcessTransport;
  /** What tells this server from the others of the cluster. Default: the machine's name. */
  readonly host?: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** As `apiserver-` and the start of the host's hash in base 32. */
export function identityOf(host: string): string {
  return `apiserver-${base32(createHash("sha256").update(host).digest().subarray(0, 16))}`;
}

/** Renews the server's Lease, and once an hour removes expired ones, until `signal` aborts. */
export async function keepIdentityLease(options: IdentityLeaseOptions, signal: AbortSignal): Promise<void> {
  const { clock, random, logger, host = hostname() } = options;
  const name = identityOf(host);
  const holderIdentity = `${name}_${random.uuid()}`;
  let collectAt = clock.monotonic() + collectEveryMs;
  while (!signal.aborted) {
    try {
      await renew(options, host, name, holderIdentity);
      if (clock.monotonic() >= collectAt) {
        collectAt += collectEveryMs;
        await removeExpired(options);
      }
    } catch (err) {
      if (!signal.aborted) logger.warn("The server's identity Lease could not be renewed", { name, err });
    }
    await clock.sleep(renewEveryMs, signal).catch(() => {});
  }
}

async function renew(
  { transport, clock }: IdentityLeaseOptions,
  host: string,
  name: string,
  holderIdentity: string,
): Promise<void> {
  const renewTime = formatMicroTime(clock.now());
  const spec = { holderIdentity, leaseDurationSeconds: leaseSeconds, renewTime };
  const path = `${collection}/${name}`;
  const found = await transport.request({ method: "GET", path, query: {} }).catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  if (found !== undefined) {
    await transport.request({ method: "PUT", path, query: {}, body: { ...(found as Lease), spec } });
    return;
  }
  const lease: Lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      name,
      namespace: "kube-system",
      labels: { [identityLabel]: "kube-apiserver", "kubernetes.io/hostname": host },
    },
    spec,
  };
  await transport.request({ method: "POST", path: collection, query: {}, body: lease });
}

async function removeExpired({ transport, clock }: IdentityLeaseOptions): Promise<void> {
  const query = { labelSelector: `${identityLabel}=kube-apiserver` };
  const { items = [] } = (await transport.request({ method: "GET", path: collection, query })) as LeaseList;
  for (const { metadata, spec } of items) {
    const { renewTime, leaseDurationSeconds = 0 } = spec ?? {};
    if (parseTime(renewTime) + leaseDurationSeconds * 1000 >= clock.now()) continue;
    const body = { preconditions: { uid: metadata?.uid, resourceVersion: metadata?.resourceVersion } };
    await transport.request({ method: "DELETE", path: `${collection}/${metadata?.name}`, query: {}, body });
  }
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567";

/** RFC 4648, in lower case and without padding. */
function base32(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet[(held << (5 - bits)) & 31];
}
