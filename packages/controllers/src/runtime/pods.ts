/** Questions about pods that several controllers ask. */

import { type Pod, podCondition } from "@kubets/api";
import { parseTime } from "@kubets/apimachinery";

export { isPodActive, isPodAvailable, isPodReady, isPodTerminal } from "@kubets/api";

export const podNodeIndex = "nodeName";

export function podNode(pod: Pod): readonly string[] {
  return [pod.spec?.nodeName ?? ""];
}

export function isPodTerminating(pod: Pod): boolean {
  return pod.metadata?.deletionTimestamp !== undefined;
}

/** When a ready pod with a minimum ready time will become available; undefined when none is waiting for that. */
export function nextAvailabilityMs(pods: readonly Pod[], minReadySeconds: number, nowMs: number): number | undefined {
  if (minReadySeconds === 0) return undefined;
  let next: number | undefined;
  for (const pod of pods) {
    const ready = podCondition(pod.status, "Ready");
    if (ready?.status !== "True") continue;
    const wait = parseTime(ready.lastTransitionTime ?? undefined) + minReadySeconds * 1000 - nowMs;
    if (wait > 0 && (next === undefined || wait < next)) next = wait;
  }
  return next;
}
