/** Ends one pod when the node runs short of something. */

import type { KubeletBase } from "../assembly/ground.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import { podRef } from "../pods/pod-ref.ts";
import { memoryByPod } from "../runtime/memory-usage.ts";
import { type Crossed, evictionMessage, rankForEviction } from "./pressure.ts";

/** The one that is first to go, if any is: the next look at the node tells whether that was enough. */
export async function evictOne(
  { options, logger }: KubeletBase,
  pods: PodManager,
  events: PodEvents,
  crossed: Crossed,
  signal: AbortSignal,
): Promise<void> {
  const usage = await memoryByPod(options.runtime.runtime, signal);
  const victim = rankForEviction(pods.running(), (uid) => usage.get(uid))[0];
  if (victim === undefined) return;
  const message = evictionMessage(crossed, victim, usage.get(podRef(victim).uid));
  logger.warn("evicting a pod", { ...podRef(victim), signal: crossed.signal });
  events.pod(victim, "Warning", "Evicted", message);
  pods.end(victim, { reason: "Evicted", message }, 0);
}
