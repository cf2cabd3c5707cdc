/** What sandboxes and containers consume. Every `timestamp` is nanoseconds since the epoch. */

import type { StringMap, Wrapped } from "./common.ts";
import type { ContainerMetadata } from "./container.ts";
import type { PodSandboxMetadata } from "./sandbox.ts";

/** Pressure stall averages, in percent, over 10, 60 and 300 seconds. */
export interface PsiData {
  readonly Total: number;
  readonly Avg10: number;
  readonly Avg60: number;
  readonly Avg300: number;
}

export interface PsiStats {
  readonly Full: PsiData | null;
  readonly Some: PsiData | null;
}

export interface CpuUsage {
  readonly timestamp: number;
  readonly usageCoreNanoSeconds: Wrapped | null;
  readonly usageNanoCores: Wrapped | null;
  readonly psi: PsiStats | null;
}

export interface MemoryUsage {
  readonly timestamp: number;
  readonly workingSetBytes: Wrapped | null;
  readonly availableBytes: Wrapped | null;
  readonly usageBytes: Wrapped | null;
  readonly rssBytes: Wrapped | null;
  readonly pageFaults: Wrapped | null;
  readonly majorPageFaults: Wrapped | null;
  readonly psi: PsiStats | null;
}

export interface IoUsage {
  readonly timestamp: number;
  readonly psi: PsiStats | null;
}

export interface SwapUsage {
  readonly timestamp: number;
  readonly swapAvailableBytes: Wrapped | null;
  readonly swapUsageBytes: Wrapped | null;
}

export interface ProcessUsage {
  readonly timestamp: number;
  readonly processCount: Wrapped | null;
}

export interface NetworkInterfaceUsage {
  readonly name: string;
  readonly rxBytes: Wrapped | null;
  readonly rxErrors: Wrapped | null;
  readonly txBytes: Wrapped | null;
  readonly txErrors: Wrapped | null;
}

export interface NetworkUsage {
  readonly timestamp: number;
  readonly defaultInterface: NetworkInterfaceUsage | null;
  readonly interfaces: readonly NetworkInterfaceUsage[];
}

export interface FilesystemUsage {
  readonly timestamp: number;
  readonly fsId: { readonly mountpoint: string } | null;
  readonly usedBytes: Wrapped | null;
  readonly inodesUsed: Wrapped | null;
}

export interface ContainerAttributes {
  readonly id: string;
  readonly metadata: ContainerMetadata | null;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

export interface ContainerStats {
  readonly attributes: ContainerAttributes | null;
  readonly cpu: CpuUsage | null;
  readonly memory: MemoryUsage | null;
  readonly writableLayer: FilesystemUsage | null;
  readonly swap: SwapUsage | null;
  readonly io: IoUsage | null;
}

export interface ContainerStatsResponse {
  readonly stats: ContainerStats | null;
}

export interface ContainerStatsFilter {
  readonly id?: string | undefined;
  readonly podSandboxId?: string | undefined;
  readonly labelSelector?: StringMap | undefined;
}

export interface ListContainerStatsRequest {
  readonly filter?: ContainerStatsFilter | undefined;
}

export interface ListContainerStatsResponse {
  readonly stats: readonly ContainerStats[];
}

export interface PodSandboxAttributes {
  readonly id: string;
  readonly metadata: PodSandboxMetadata | null;
  readonly labels: StringMap;
  readonly annotations: StringMap;
}

export interface LinuxPodSandboxStats {
  readonly cpu: CpuUsage | null;
  readonly memory: MemoryUsage | null;
  readonly network: NetworkUsage | null;
  readonly process: ProcessUsage | null;
  readonly containers: readonly ContainerStats[];
  readonly io: IoUsage | null;
}

export interface PodSandboxStats {
  readonly attributes: PodSandboxAttributes | null;
  readonly linux: LinuxPodSandboxStats | null;
}

export interface PodSandboxStatsResponse {
  readonly stats: PodSandboxStats | null;
}

export interface ListPodSandboxStatsRequest {
  readonly filter?: { readonly id?: string | undefined; readonly labelSelector?: StringMap | undefined } | undefined;
}

export interface ListPodSandboxStatsResponse {
  readonly stats: readonly PodSandboxStats[];
}
