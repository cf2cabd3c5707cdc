/** Counting a Job's pods, and what the counts mean. Pure. */

import type { Job, JobCondition, JobStatus, Pod } from "@kubets/api";
import { formatTime, parseTime } from "@kubets/apimachinery";
import { isPodReady, isPodTerminal, isPodTerminating } from "../runtime/pods.ts";

export const trackingFinalizer = "batch.kubernetes.io/job-tracking";
export const indexAnnotation = "batch.kubernetes.io/job-completion-index";

export function jobCondition(job: Job, type: string): JobCondition | undefined {
  return job.status?.conditions?.find((condition) => condition.type === type && condition.status === "True");
}

export function isJobFinished(job: Job): boolean {
  return jobCondition(job, "Complete") !== undefined || jobCondition(job, "Failed") !== undefined;
}

export function hasTracking(pod: Pod): boolean {
  return pod.metadata?.finalizers?.includes(trackingFinalizer) ?? false;
}

export function isIndexed(job: Job): boolean {
  return job.spec?.completionMode === "Indexed";
}

/** The completion index a pod works on; undefined when it has none that is valid. */
export function indexOf(pod: Pod): number | undefined {
  const text = pod.metadata?.annotations?.[indexAnnotation];
  return text !== undefined && /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** `1,3-5,7` as numbers. */
export function parseIndexes(text: string | undefined): Set<number> {
  const result = new Set<number>();
  for (const part of (text ?? "").split(",").filter(Boolean)) {
    const [first = 0, last = first] = part.split("-").map(Number);
    for (let index = first; index <= last; index++) result.add(index);
  }
  return result;
}

/** Numbers as `1,3-5,7`. Two in a row are written `3,4`. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length; ) {
    let end = at;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    const [first, last] = [sorted[at], sorted[end]];
    parts.push(end === at ? `${first}` : end === at + 1 ? `${first},${last}` : `${first}-${last}`);
    at = end + 1;
  }
  return parts.join(",");
}

export interface JobCounts {
  /** Neither finished nor being deleted. */
  readonly active: readonly Pod[];
  readonly ready: number;
  /** Being deleted and not yet finished. */
  readonly terminating: number;
  /** Finished, and not yet in the status. */
  readonly newSucceeded: readonly Pod[];
  readonly newFailed: readonly Pod[];
  /** With those not yet in the status. */
  readonly succeeded: number;
  readonly failed: number;
  readonly completedIndexes: ReadonlySet<number>;
}

/** `removed` are uids whose finalizer was taken off though the cache still shows it. */
export function countPods(job: Job, pods: readonly Pod[], removed: ReadonlySet<string>): JobCounts {
  const uncounted = job.status?.uncountedTerminatedPods ?? {};
  const known = new Set([...(uncounted.succeeded ?? []), ...(uncounted.failed ?? []), ...removed]);
  const fresh = pods.filter((pod) => hasTracking(pod) && !known.has(pod.metadata?.uid ?? ""));
  const newSucceeded = fresh.filter(({ status }) => status?.phase === "Succeeded");
  const newFailed = fresh.filter((pod) => hasFailed(job, pod));
  const active = pods.filter((pod) => !isPodTerminal(pod) && !isPodTerminating(pod));
  const completedIndexes = parseIndexes(job.status?.completedIndexes);
  const completions = job.spec?.completions ?? 0;
  for (const pod of newSucceeded) {
    const index = indexOf(pod);
    if (index !== undefined && index < completions) completedIndexes.add(index);
  }
  const plain = (job.status?.succeeded ?? 0) + (uncounted.succeeded?.length ?? 0) + newSucceeded.length;
  return {
    active,
    ready: active.filter(isPodReady).length,
    terminating: pods.filter((pod) => !isPodTerminal(pod) && isPodTerminating(pod)).length,
    newSucceeded,
    newFailed,
    succeeded: isIndexed(job) ? completedIndexes.size : plain,
    failed: (job.status?.failed ?? 0) + (uncounted.failed?.length ?? 0) + newFailed.length,
    completedIndexes,
  };
}

/** A pod being deleted may never reach the phase Failed, so it counts at once, unless the Job replaces only what has failed. */
function hasFailed(job: Job, pod: Pod): boolean {
  if (pod.status?.phase === "Failed") return true;
  return job.spec?.podReplacementPolicy !== "Failed" && isPodTerminating(pod) && pod.status?.phase !== "Succeeded";
}

export interface Verdict {
  readonly type: "Complete" | "Failed";
  readonly reason: string;
  readonly message: string;
}

/** Whether the Job is decided, though pods may still be ending. */
export function judge(job: Job, counts: JobCounts, pods: readonly Pod[], nowMs: number): Verdict | undefined {
  const decided = jobCondition(job, "FailureTarget") ?? jobCondition(job, "SuccessCriteriaMet");
  if (decided !== undefined) {
    const type = decided.type === "FailureTarget" ? "Failed" : "Complete";
    return { type, reason: decided.reason ?? "", message: decided.message ?? "" };
  }
  const limit = job.spec?.backoffLimit ?? 6;
  const restartsCount = job.spec?.template.spec?.restartPolicy === "OnFailure" ? restartsOf(pods) : 0;
  if (
    counts.failed > limit ||
    (restartsCount > 0 && restartsCount >= limit && limit > 0) ||
    (limit === 0 && restartsCount > 0)
  ) {
    return { type: "Failed", reason: "BackoffLimitExceeded", message: "Job has reached the specified backoff limit" };
  }
  if (deadlineMs(job, nowMs) === 0) {
    return { type: "Failed", reason: "DeadlineExceeded", message: "Job was active longer than specified deadline" };
  }
  const completions = job.spec?.completions;
  const done =
    completions === undefined ? counts.succeeded > 0 && counts.active.length === 0 : counts.succeeded >= completions;
  if (!done) return undefined;
  return { type: "Complete", reason: "CompletionsReached", message: "Reached expected number of succeeded pods" };
}

function restartsOf(pods: readonly Pod[]): number {
  const running = pods.filter(({ status }) => status?.phase === "Running" || status?.phase === "Pending");
  const statuses = running.flatMap(({ status }) => [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
  ]);
  return statuses.reduce((sum, { restartCount }) => sum + restartCount, 0);
}

/** Milliseconds until the Job's time is up, 0 when it is; undefined when it has no deadline or does not run. */
export function deadlineMs(job: Job, nowMs: number): number | undefined {
  const seconds = job.spec?.activeDeadlineSeconds;
  const started = parseTime(job.status?.startTime);
  if (seconds === undefined || Number.isNaN(started) || job.spec?.suspend) return undefined;
  return Math.max(0, started + Number(seconds) * 1000 - nowMs);
}

/** How many pods should be active now. */
export function wantedActive(job: Job, counts: JobCounts): number {
  if (job.spec?.suspend) return 0;
  const parallelism = job.spec?.parallelism ?? 1;
  const completions = job.spec?.completions;
  // A work queue: once one pod has succeeded no more are started.
  if (completions === undefined)
    return counts.succeeded > 0 ? Math.min(counts.active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(completions - counts.succeeded, parallelism));
}

const firstBackoffMs = 10_000;
const maxBackoffMs = 600_000;

/** When the next pod may be made after failures: ten seconds, doubling, from the end of the last. 0 for now. */
export function backoffMs(counts: JobCounts, pods: readonly Pod[], nowMs: number): number {
  const ends = (pod: Pod) =>
    (pod.status?.containerStatuses ?? [])
      .map(({ state }) => parseTime(state?.terminated?.finishedAt))
      .filter((at) => !Number.isNaN(at));
  const endOf = (pod: Pod) => Math.max(parseTime(pod.metadata?.creationTimestamp), ...ends(pod));
  const failures = pods.filter(({ status }) => status?.phase === "Failed").map(endOf);
  const lastSuccess = Math.max(0, ...pods.filter(({ status }) => status?.phase === "Succeeded").map(endOf));
  const recent = failures.filter((at) => at > lastSuccess);
  if (recent.length === 0 || counts.failed === 0) return 0;
  const delay = Math.min(firstBackoffMs * 2 ** (recent.length - 1), maxBackoffMs);
  return Math.max(0, Math.max(...recent) + delay - nowMs);
}

export function withJobCondition(
  status: JobStatus,
  type: string,
  value: string,
  why: Omit<Verdict, "type">,
  nowMs: number,
): JobStatus {
  const now = formatTime(nowMs);
  const others = (status.conditions ?? []).filter((condition) => condition.type !== type);
  const { reason, message } = why;
  return {
    ...status,
    conditions: [...others, { type, status: value, lastProbeTime: now, lastTransitionTime: now, reason, message }],
  };
}
