/** Memory and disk pressure by hard eviction thresholds, and who must go. Source: pkg/kubelet/eviction. Pure. */

import type { Pod } from "@kubets/api";
import { isStaticPod } from "../pods/pod-ref.ts";
import { amountOf, isCriticalPod } from "../runtime/resources.ts";
import type { DiskUsage } from "./machine.ts";
import { thresholdValue } from "./resources.ts";

export interface Signals {
  readonly memory: { readonly available: number; readonly capacity: number };
  readonly nodefs: DiskUsage | undefined;
  readonly imagefs: DiskUsage | undefined;
}

export interface Crossed {
  readonly signal: string;
  readonly resource: "memory" | "ephemeral-storage" | "inodes";
  readonly available: number;
  readonly threshold: number;
}

/** The thresholds that are crossed now. */
export function crossedThresholds(signals: Signals, evictionHard: Readonly<Record<string, string>>): Crossed[] {
  const found: Crossed[] = [];
  const check = (signal: string, resource: Crossed["resource"], available: number, capacity: number) => {
    const threshold = thresholdValue(evictionHard[signal], capacity);
    if (available < threshold) found.push({ signal, resource, available, threshold });
  };
  check("memory.available", "memory", signals.memory.available, signals.memory.capacity);
  for (const [name, disk] of [
    ["nodefs", signals.nodefs],
    ["imagefs", signals.imagefs],
  ] as const) {
    if (disk === undefined) continue;
    check(`${name}.available`, "ephemeral-storage", disk.available, disk.capacity);
    if (disk.inodes > 0) check(`${name}.inodesFree`, "inodes", disk.inodesFree, disk.inodes);
  }
  return found;
}

/** Bytes of memory that a pod uses, by uid; undefined when it is not known. */
export type UsageOf = (uid: string) => number | undefined;

function memoryRequest(pod: Pod): number {
  return (pod.spec?.containers ?? []).reduce((sum, c) => sum + amountOf(c.resources?.requests?.["memory"]), 0);
}

/** The order in which pods are evicted for memory: above their request first, then by priority, then by how far above. */
export function rankForEviction(pods: readonly Pod[], usageOf: UsageOf): Pod[] {
  const candidates = pods.filter((pod) => !isStaticPod(pod) && !isCriticalPod(pod));
  const excess = (pod: Pod): number => (usageOf(pod.metadata?.uid ?? "") ?? 0) - memoryRequest(pod);
  return candidates.sort((a, b) => {
    const above = Number(excess(b) > 0) - Number(excess(a) > 0);
    if (above !== 0) return above;
    const priority = (a.spec?.priority ?? 0) - (b.spec?.priority ?? 0);
    return priority !== 0 ? priority : excess(b) - excess(a);
  });
}

/** @param used bytes of memory, where known. Source of the words: pkg/kubelet/eviction/helpers.go */
export function evictionMessage(crossed: Crossed, pod: Pod, used: number | undefined): string {
  const isInodes = crossed.resource === "inodes";
  const amount = (value: number) => (isInodes ? String(value) : `${Math.floor(value / 1024)}Ki`);
  const what = `The node was low on resource: ${crossed.resource}. `;
  const limits = `Threshold quantity: ${amount(crossed.threshold)}, available: ${amount(crossed.available)}. `;
  if (crossed.resource !== "memory" || used === undefined) return `${what}${limits}`;
  const requested = memoryRequest(pod);
  const names = (pod.spec?.containers ?? []).map((c) => c.name).join(", ");
  const larger = used > requested ? ", has larger consumption of memory" : "";
  return `${what}${limits}Container ${names} was using ${amount(used)}, request is ${amount(requested)}${larger}. `;
}
