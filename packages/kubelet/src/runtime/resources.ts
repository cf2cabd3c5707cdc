/** Requests and limits in the kernel's terms. Source of the formulas: pkg/kubelet/cm/helpers_linux.go and pkg/kubelet/qos/policy.go. */

import type { Container, Pod } from "@kubets/api";
import { tryParseQuantity } from "@kubets/apimachinery";
import type { LinuxContainerResources } from "@kubets/cri";
import { allContainers, isSidecar } from "../pods/pod-ref.ts";
import { qosClassOf } from "../pods/qos.ts";

const minShares = 2;
const maxShares = 262_144;
const minQuotaUs = 1000;
export const cpuPeriodUs = 100_000;

export function milliCpuToShares(milli: number): number {
  if (milli === 0) return minShares;
  return Math.min(Math.max(Math.trunc((milli * 1024) / 1000), minShares), maxShares);
}

/** Microseconds per period; 0 for no limit. */
export function milliCpuToQuota(milli: number, periodUs: number = cpuPeriodUs): number {
  if (milli === 0) return 0;
  return Math.max(Math.trunc((milli * periodUs) / 1000), minQuotaUs);
}

export function milliOf(quantity: string | undefined): number {
  return tryParseQuantity(quantity)?.milliValue() ?? 0;
}

export function amountOf(quantity: string | undefined): number {
  return tryParseQuantity(quantity)?.value() ?? 0;
}

const guaranteedScore = -997;
const bestEffortScore = 1000;
const systemNodeCritical = 2_000_001_000;
const systemCriticalPriority = 2_000_000_000;

/** Who goes first when the node runs out of memory: -997 (last) to 1000. `memoryCapacity` in bytes. */
export function oomScoreAdjust(pod: Pod, container: Container, memoryCapacity: number): number {
  if ((pod.spec?.priority ?? 0) >= systemNodeCritical) return guaranteedScore;
  switch (qosClassOf(pod)) {
    case "Guaranteed":
      return guaranteedScore;
    case "BestEffort":
      return bestEffortScore;
    case "Burstable": {
      const request = amountOf(container.resources?.requests?.["memory"]);
      const score = Math.trunc(1000 - (1000 * request) / Math.max(memoryCapacity, 1));
      if (score < 1000 + guaranteedScore) return 1000 + guaranteedScore;
      return score === bestEffortScore ? score - 1 : score;
    }
  }
}

export function isCriticalPod(pod: Pod): boolean {
  return (pod.spec?.priority ?? 0) >= systemCriticalPriority;
}

export interface ResourceOptions {
  readonly memoryCapacity: number;
  readonly cpuCfsQuota: boolean;
}

export function containerResources(pod: Pod, container: Container, options: ResourceOptions): LinuxContainerResources {
  const { requests, limits } = container.resources ?? {};
  const cpuLimit = milliOf(limits?.["cpu"]);
  const cpuRequest = requests?.["cpu"] === undefined ? cpuLimit : milliOf(requests["cpu"]);
  const memoryLimit = amountOf(limits?.["memory"]);
  const quota = options.cpuCfsQuota ? milliCpuToQuota(cpuLimit) : 0;
  return {
    cpuShares: milliCpuToShares(cpuRequest),
    ...(quota === 0 ? {} : { cpuQuota: quota, cpuPeriod: cpuPeriodUs }),
    ...(memoryLimit === 0 ? {} : { memoryLimitInBytes: memoryLimit }),
    oomScoreAdj: oomScoreAdjust(pod, container, options.memoryCapacity),
  };
}

/** What the pod's cgroup gets: sums over its containers, or the largest init container where that is more. A missing limit is no limit. */
export function podCgroupResources(pod: Pod): { cpuShares: number; cpuQuota?: number; memoryLimit?: number } {
  const cpuRequest = effective(pod, (c) => milliOf(c.resources?.requests?.["cpu"] ?? c.resources?.limits?.["cpu"]));
  const cpuLimit = limited(pod, "cpu") ? effective(pod, (c) => milliOf(c.resources?.limits?.["cpu"])) : 0;
  const memory = limited(pod, "memory") ? effective(pod, (c) => amountOf(c.resources?.limits?.["memory"])) : 0;
  return {
    cpuShares: milliCpuToShares(cpuRequest),
    ...(cpuLimit === 0 ? {} : { cpuQuota: milliCpuToQuota(cpuLimit) }),
    ...(memory === 0 ? {} : { memoryLimit: memory }),
  };
}

/** Every container that can run has a limit of this resource. */
function limited(pod: Pod, resource: string): boolean {
  return allContainers(pod).every(
    ({ type, container }) => type === "ephemeral" || container.resources?.limits?.[resource] !== undefined,
  );
}

function effective(pod: Pod, each: (container: Container) => number): number {
  let sum = 0;
  for (const container of pod.spec?.containers ?? []) sum += each(container);
  let sidecars = 0;
  let initPeak = 0;
  for (const container of pod.spec?.initContainers ?? []) {
    if (isSidecar(container)) {
      sidecars += each(container);
      initPeak = Math.max(initPeak, sidecars);
    } else initPeak = Math.max(initPeak, sidecars + each(container));
  }
  return Math.max(sum + sidecars, initPeak);
}
