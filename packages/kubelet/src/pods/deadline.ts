/** `spec.activeDeadlineSeconds`. Source: pkg/kubelet/active_deadline.go. */

import type { Pod, PodStatus } from "@kubets/api";
import { parseTime } from "@kubets/apimachinery";

export const deadlineExceeded = {
  reason: "DeadlineExceeded",
  message: "Pod was active on the node longer than the specified deadline",
} as const;

/** Milliseconds until the pod's deadline, 0 or less when it has passed; undefined when there is none. */
export function untilDeadlineMs(pod: Pod, status: PodStatus, now: number): number | undefined {
  const seconds = pod.spec?.activeDeadlineSeconds;
  const startedAt = parseTime(status.startTime);
  if (seconds === undefined || Number.isNaN(startedAt)) return undefined;
  return startedAt + seconds * 1000 - now;
}
