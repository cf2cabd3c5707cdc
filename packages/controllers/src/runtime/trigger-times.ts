/** When the change that led to new endpoints happened, for those who measure how long the cluster takes to act on it. Rule of endpointslice's trigger time tracker. */

import { type Pod, podCondition, type Service } from "@kubets/api";
import { formatTime, keyOf, parseTime } from "@kubets/apimachinery";

export const triggerTimeAnnotation = "endpoints.kubernetes.io/last-change-trigger-time";

interface Seen {
  readonly service: number;
  readonly pods: ReadonlyMap<string, number>;
}

export class TriggerTimes {
  readonly #seen = new Map<string, Seen>();

  /** The earliest change since the last look at this service, as RFC 3339; undefined when nothing dated has changed. */
  next(service: Service, pods: readonly Pod[]): string | undefined {
    const key = keyOf(service);
    const before = this.#seen.get(key);
    const created = parseTime(service.metadata?.creationTimestamp);
    const now = new Map<string, number>();
    const changes: number[] = [];
    if (created > (before?.service ?? 0)) changes.push(created);
    for (const pod of pods) {
      const at = parseTime(podCondition(pod.status, "Ready")?.lastTransitionTime);
      if (Number.isNaN(at)) continue;
      now.set(keyOf(pod), at);
      if (at > (before?.pods.get(keyOf(pod)) ?? 0)) changes.push(at);
    }
    this.#seen.set(key, { service: Number.isNaN(created) ? 0 : created, pods: now });
    return changes.length > 0 ? formatTime(Math.min(...changes)) : undefined;
  }

  forget(serviceKey: string): void {
    this.#seen.delete(serviceKey);
  }
}

/** Annotations with the trigger time, or without one. */
export function withTriggerTime(
  annotations: Readonly<Record<string, string>> | undefined,
  time: string | undefined,
): Record<string, string> | undefined {
  const others: Record<string, string> = { ...annotations };
  delete others[triggerTimeAnnotation];
  if (time !== undefined) others[triggerTimeAnnotation] = time;
  return Object.keys(others).length > 0 ? others : undefined;
}
