/** Taking pods away from nodes: what the pod is told before it is deleted. */

import { type Pod, pods } from "@kubets/api";
import { formatTime, isConflict, isNotFound } from "@kubets/apimachinery";
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
  const { namespace = "", name = "", uid } = pod.metadata ?? {};
  const lastTransitionTime = formatTime(nowMs);
  const condition = { type: "DisruptionTarget", status: "True", lastTransitionTime, ...disruption };
  // A patch, as upstream's roles allow the pod garbage collector nothing else; with the uid it touches no other pod of that name.
  const patch = {
    metadata: { uid },
    status: { conditions: [condition], ...(options.failed ? { phase: "Failed" } : {}) },
  };
  try {
    await client
      .resource(pods)
      .namespace(namespace)
      .patch(name, "application/strategic-merge-patch+json", patch, { subresource: "status", signal: options.signal });
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error;
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
