/** Indexed Jobs: each pod has a number of its own, under which it is known to its siblings. */

import type { Job, Pod } from "@kubets/api";
import type { Random } from "@kubets/apimachinery";
import { indexAnnotation, indexOf, type JobCounts } from "./job-status.ts";

const alphabet = "bcdfghjklmnpqrstvwxz2456789";

/** The lowest indexes that neither succeeded nor have a pod. */
export function missingIndexes(job: Job, counts: JobCounts, count: number): number[] {
  const taken = new Set([...counts.completedIndexes, ...counts.active.map(indexOf)]);
  const missing: number[] = [];
  for (let index = 0; index < (job.spec?.completions ?? 0) && missing.length < count; index++) {
    if (!taken.has(index)) missing.push(index);
  }
  return missing;
}

/** Makes `pod` the one with this index: name, hostname, label, annotation and environment. */
export function indexPod(pod: Pod, job: Job, index: number, random: Random): void {
  const suffix = Array.from({ length: 5 }, () => alphabet[Math.floor(random.next() * alphabet.length)]).join("");
  const { generateName: _, ...metadata } = pod.metadata ?? {};
  const text = String(index);
  pod.metadata = {
    ...metadata,
    name: `${job.metadata?.name}-${index}-${suffix}`,
    labels: { ...metadata.labels, [indexAnnotation]: text },
    annotations: { ...metadata.annotations, [indexAnnotation]: text },
  };
  if (pod.spec === undefined) return;
  pod.spec.hostname ??= `${job.metadata?.name}-${index}`;
  const fieldRef = { fieldPath: `metadata.labels['${indexAnnotation}']` };
  for (const container of [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]) {
    if (container.env?.some(({ name }) => name === "JOB_COMPLETION_INDEX")) continue;
    container.env = [...(container.env ?? []), { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef } }];
  }
}
