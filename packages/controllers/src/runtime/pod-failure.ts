/** Taking pods away from nodes: what the pod is told before it is deleted. */

import { type Pod, pods } from "@kubets/api";
import { clone, formatTime, isConflict, isNotFound } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";

export interface Disruption {
  readonly reason: string;
  readonly message: string;
}

/** Adds the DisruptionTarget condition (KEP-3329), and marks the pod failed when nothing will finish it any more. */
export async function markDisrupted(
  client: Client,
  pod: Pod,
  disruption: Disruption,
  nowMs: number,
  options: { failed: boolean; signal: AbortSignal },
): Promise<void> {
  const next = clone(pod);
  const others = (next.status?.conditions ?? []).filter(({ type }) => type !== "DisruptionTarget");
  const lastTransitionTime = formatTime(nowMs);
  const condition = { type: "DisruptionTarget", status: "True", lastTransitionTime, ...disruption };
  next.status = { ...next.status, conditions: [...others, condition], ...(options.failed ? { phase: "Failed" } : {}) };
  try {
    await client.resource(pods).updateStatus(next, { signal: options.signal });
  } catch (error) {
    if (isNotFound(error)) return;
    if (!isConflict(error)) throw error;
    const fresh = await client
      .resource(pods)
      .namespace(pod.metadata?.namespace ?? "")
      .get(pod.metadata?.name ?? "", options);
    if (fresh.metadata?.uid === pod.metadata?.uid)
      await client.resource(pods).updateStatus({ ...fresh, status: next.status }, options);
  }
}

/** Deletes exactly this pod; gone already is fine. */
export async function deletePod(
  client: Client,
  pod: Pod,
  signal: AbortSignal,
  gracePeriodSeconds?: number,
): Promise<void> {
  const { namespace = "", name = "", uid } = pod.metadata ?? {};
  const grace = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
  const preconditions = uid === undefined ? {} : { preconditions: { uid } };
  try {
    await client
      .resource(pods)
      .namespace(namespace)
      .delete(name, { ...preconditions, ...grace, signal });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
  }
}
