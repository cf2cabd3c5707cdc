/** `/stats/summary` and `/metrics/resource` from the runtime's statistics. Source of the shapes: pkg/apis/stats/v1alpha1 and KEP-727. */

import { formatTime } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";
import type { PodRef } from "../pods/pod-ref.ts";
import { podOfLabels } from "../runtime/labels.ts";

export interface CpuStats {
  time: string;
  usageNanoCores?: number;
  usageCoreNanoSeconds?: number;
}

export interface MemoryStats {
  time: string;
  availableBytes?: number;
  usageBytes?: number;
  workingSetBytes?: number;
  rssBytes?: number;
  pageFaults?: number;
  majorPageFaults?: number;
}

export interface ContainerSummary {
  name: string;
  startTime: string;
  cpu?: CpuStats;
  memory?: MemoryStats;
  rootfs?: { time: string; usedBytes?: number; inodesUsed?: number };
}

export interface PodSummary {
  podRef: { name: string; namespace: string; uid: string };
  startTime: string;
  containers: ContainerSummary[];
  cpu?: CpuStats;
  memory?: MemoryStats;
  network?: object;
}

export interface NodeSummary {
  nodeName: string;
  startTime: string;
  cpu?: CpuStats;
  memory?: MemoryStats;
  fs?: object;
}

export interface Summary {
  node: NodeSummary;
  pods: PodSummary[];
}

const toMs = (nanoseconds: number): number => nanoseconds / 1e6;
const number = (wrapped: cri.Wrapped | null | undefined): number | undefined => wrapped?.value;

function defined<T extends object>(value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T;
}

/** Remembers the last CPU readings, to give rates where the runtime has none. */
export class CpuRates {
  readonly #last = new Map<string, { readonly at: number; readonly total: number }>();

  rate(id: string, usage: cri.CpuUsage): number | undefined {
    const own = number(usage.usageNanoCores);
    const total = number(usage.usageCoreNanoSeconds);
    if (total === undefined) return own;
    const before = this.#last.get(id);
    this.#last.set(id, { at: usage.timestamp, total });
    if (own !== undefined && own > 0) return own;
    const elapsed = usage.timestamp - (before?.at ?? usage.timestamp);
    return before === undefined || elapsed <= 0 ? own : Math.round(((total - before.total) * 1e9) / elapsed);
  }
}

export function cpuStats(id: string, usage: cri.CpuUsage | null, rates: CpuRates): CpuStats | undefined {
  if (usage === null) return undefined;
  return defined<CpuStats>({
    time: formatTime(toMs(usage.timestamp)),
    usageNanoCores: rates.rate(id, usage),
    usageCoreNanoSeconds: number(usage.usageCoreNanoSeconds),
  });
}

export function memoryStats(usage: cri.MemoryUsage | null): MemoryStats | undefined {
  if (usage === null) return undefined;
  return defined<MemoryStats>({
    time: formatTime(toMs(usage.timestamp)),
    availableBytes: number(usage.availableBytes),
    usageBytes: number(usage.usageBytes),
    workingSetBytes: number(usage.workingSetBytes),
    rssBytes: number(usage.rssBytes),
    pageFaults: number(usage.pageFaults),
    majorPageFaults: number(usage.majorPageFaults),
  });
}

/** @param startTimeOf of a pod or one of its containers, epoch milliseconds */
export function podSummaries(
  containers: readonly cri.ContainerStats[],
  rates: CpuRates,
  startTimeOf: (uid: string, container?: string) => number,
): PodSummary[] {
  const pods = new Map<string, PodSummary>();
  for (const stats of containers) {
    const ref = podOfLabels(stats.attributes?.labels);
    const name = stats.attributes?.metadata?.name;
    if (ref === undefined || name === undefined) continue;
    const summary = pods.get(ref.uid) ?? emptySummary(ref, startTimeOf(ref.uid));
    const rootfs = stats.writableLayer;
    summary.containers.push(
      defined<ContainerSummary>({
        name,
        startTime: formatTime(startTimeOf(ref.uid, name)),
        cpu: cpuStats(stats.attributes?.id ?? "", stats.cpu, rates),
        memory: memoryStats(stats.memory),
        rootfs:
          rootfs === null
            ? undefined
            : defined<{ time: string; usedBytes?: number; inodesUsed?: number }>({
                time: formatTime(toMs(rootfs.timestamp)),
                usedBytes: number(rootfs.usedBytes),
                inodesUsed: number(rootfs.inodesUsed),
              }),
      }),
    );
    pods.set(ref.uid, summary);
  }
  for (const pod of pods.values()) addSums(pod);
  return [...pods.values()];
}

function emptySummary(ref: PodRef, startedAt: number): PodSummary {
  const { name, namespace, uid } = ref;
  return { podRef: { name, namespace, uid }, startTime: formatTime(startedAt), containers: [] };
}

function addSums(pod: PodSummary): void {
  const time = pod.containers[0]?.cpu?.time;
  if (time === undefined) return;
  const sum = (pick: (c: ContainerSummary) => number | undefined) =>
    pod.containers.reduce((total, container) => total + (pick(container) ?? 0), 0);
  pod.cpu = {
    time,
    usageNanoCores: sum((c) => c.cpu?.usageNanoCores),
    usageCoreNanoSeconds: sum((c) => c.cpu?.usageCoreNanoSeconds),
  };
  pod.memory = {
    time,
    usageBytes: sum((c) => c.memory?.usageBytes),
    workingSetBytes: sum((c) => c.memory?.workingSetBytes),
    rssBytes: sum((c) => c.memory?.rssBytes),
  };
}

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly samples: readonly string[];
}

function render({ name, help, type, samples }: Metric): string {
  return [`# HELP ${name} [STABLE] ${help}`, `# TYPE ${name} ${type}`, ...samples].join("\n");
}

function labels(pairs: Record<string, string>): string {
  return `{${Object.entries(pairs)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join(",")}}`;
}

/** The text of `/metrics/resource`. */
export function resourceMetrics({ node, pods }: Summary): string {
  const each = (make: (pod: PodSummary, container: ContainerSummary) => number | undefined, name: string) =>
    pods.flatMap((pod) =>
      pod.containers.flatMap((container) => {
        const value = make(pod, container);
        const { namespace, name: podName } = pod.podRef;
        return value === undefined
          ? []
          : [`${name}${labels({ container: container.name, namespace, pod: podName })} ${value}`];
      }),
    );
  const perPod = (make: (pod: PodSummary) => number | undefined, name: string) =>
    pods.flatMap((pod) => {
      const value = make(pod);
      const { namespace, name: podName } = pod.podRef;
      return value === undefined ? [] : [`${name}${labels({ namespace, pod: podName })} ${value}`];
    });
  const seconds = (nanoseconds: number | undefined) => (nanoseconds === undefined ? undefined : nanoseconds / 1e9);
  const metric = (name: string, help: string, type: Metric["type"], samples: readonly string[]) =>
    render({ name, help, type, samples });
  const single = (name: string, value: number | undefined) => (value === undefined ? [] : [`${name} ${value}`]);
  return `${[
    metric(
      "container_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the container in core-seconds",
      "counter",
      each((_, c) => seconds(c.cpu?.usageCoreNanoSeconds), "container_cpu_usage_seconds_total"),
    ),
    metric(
      "container_memory_working_set_bytes",
      "Current working set of the container in bytes",
      "gauge",
      each((_, c) => c.memory?.workingSetBytes, "container_memory_working_set_bytes"),
    ),
    metric(
      "container_start_time_seconds",
      "Start time of the container since unix epoch in seconds",
      "gauge",
      each((_, c) => Date.parse(c.startTime) / 1000, "container_start_time_seconds"),
    ),
    metric(
      "node_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the node in core-seconds",
      "counter",
      single("node_cpu_usage_seconds_total", seconds(node.cpu?.usageCoreNanoSeconds)),
    ),
    metric(
      "node_memory_working_set_bytes",
      "Current working set of the node in bytes",
      "gauge",
      single("node_memory_working_set_bytes", node.memory?.workingSetBytes),
    ),
    metric(
      "pod_cpu_usage_seconds_total",
      "Cumulative cpu time consumed by the pod in core-seconds",
      "counter",
      perPod((p) => seconds(p.cpu?.usageCoreNanoSeconds), "pod_cpu_usage_seconds_total"),
    ),
    metric(
      "pod_memory_working_set_bytes",
      "Current working set of the pod in bytes",
      "gauge",
      perPod((p) => p.memory?.workingSetBytes, "pod_memory_working_set_bytes"),
    ),
    metric("resource_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", "gauge", [
      "resource_scrape_error 0",
    ]),
  ].join("\n")}\n`;
}
