/** The node's heartbeat: a Lease in kube-node-lease, renewed at a quarter of its duration. Source: KEP-589. */

import type { Lease, Node } from "@kubets/api";
import { leases } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { formatMicroTime, isAlreadyExists, isConflict, isNotFound } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";

export interface LeaseOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly nodeName: string;
  readonly durationSeconds: number;
  /** The lease is the node's: it goes with it. */
  node(): Node | undefined;
}

const leaseNamespace = "kube-node-lease";
const maxRetryMs = 7000;

export async function renewLease(options: LeaseOptions, signal: AbortSignal): Promise<void> {
  const { clock, logger, durationSeconds } = options;
  let lease: Lease | undefined;
  let failures = 0;
  while (!signal.aborted) {
    let delayMs = (durationSeconds * 1000) / 4;
    try {
      lease = await renewOnce(options, lease, signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      // Someone else's write, or a lease that is gone: read it again.
      lease = undefined;
      failures++;
      delayMs = isConflict(error) ? 0 : Math.min(200 * 2 ** failures, maxRetryMs);
      // Once: it goes on until the API server is back.
      const level = failures === 1 && !isConflict(error) ? "warn" : "debug";
      logger[level]("node lease not renewed", { node: options.nodeName, err: error });
    }
    await clock.sleep(delayMs, signal).catch(() => undefined);
  }
}

async function renewOnce(options: LeaseOptions, known: Lease | undefined, signal: AbortSignal): Promise<Lease> {
  const { client, nodeName } = options;
  const api = client.resource(leases).namespace(leaseNamespace);
  const current = known ?? (await orNone(api.get(nodeName, { signal })));
  const spec = {
    ...current?.spec,
    holderIdentity: nodeName,
    leaseDurationSeconds: options.durationSeconds,
    renewTime: formatMicroTime(options.clock.now()),
  };
  if (current !== undefined) return api.update({ ...current, spec }, { signal });
  const fresh: Lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: nodeName, namespace: leaseNamespace, ...ownerOf(options.node()) },
    spec,
  };
  try {
    return await api.create(fresh, { signal });
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return renewOnce(options, await api.get(nodeName, { signal }), signal);
  }
}

function ownerOf(node: Node | undefined) {
  const { name, uid } = node?.metadata ?? {};
  if (name === undefined || uid === undefined) return {};
  return { ownerReferences: [{ apiVersion: "v1", kind: "Node", name, uid }] };
}

async function orNone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
