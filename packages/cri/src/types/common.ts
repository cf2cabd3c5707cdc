/**
 * Messages used in several places of the container runtime interface.
 *
 * Conventions of all CRI types here: names are the protocol's in camelCase; 64-bit integers are numbers (times are nanoseconds
 * since the epoch and so exact to some 200 ns only); enums are their names. What a caller sends has optional fields; what the runtime
 * answers has all fields, with zero values where it said nothing and null for an absent message.
 */

export type StringMap = Readonly<Record<string, string>>;

/** A number whose absence differs from zero. */
export interface Wrapped {
  readonly value: number;
}

/** `POD` shares with the sandbox, `CONTAINER` is the container's own, `NODE` the host's, `TARGET` that of `targetId`. */
export type NamespaceMode = "POD" | "CONTAINER" | "NODE" | "TARGET";

export interface IDMapping {
  readonly hostId: number;
  readonly containerId: number;
  readonly length: number;
}

export interface UserNamespace {
  readonly mode: NamespaceMode;
  readonly uids?: readonly IDMapping[] | undefined;
  readonly gids?: readonly IDMapping[] | undefined;
}

export interface NamespaceOption {
  readonly network?: NamespaceMode | undefined;
  readonly pid?: NamespaceMode | undefined;
  readonly ipc?: NamespaceMode | undefined;
  readonly targetId?: string | undefined;
  readonly usernsOptions?: UserNamespace | null | undefined;
}

export interface SELinuxOption {
  readonly user?: string | undefined;
  readonly role?: string | undefined;
  readonly type?: string | undefined;
  readonly level?: string | undefined;
}

/** `localhostRef` names the profile when `profileType` is `Localhost`: an absolute path for seccomp, a loaded name for AppArmor. */
export interface SecurityProfile {
  readonly profileType: "RuntimeDefault" | "Unconfined" | "Localhost";
  readonly localhostRef?: string | undefined;
}

/** Whether the image's own group memberships are added to the ones asked for. */
export type SupplementalGroupsPolicy = "Merge" | "Strict";

/** Limits in the kernel's terms; zero leaves a limit alone. */
export interface LinuxContainerResources {
  /** Microseconds. */
  readonly cpuPeriod?: number | undefined;
  /** Microseconds of CPU per period. */
  readonly cpuQuota?: number | undefined;
  readonly cpuShares?: number | undefined;
  readonly memoryLimitInBytes?: number | undefined;
  /** -1000 to 1000. */
  readonly oomScoreAdj?: number | undefined;
  readonly cpusetCpus?: string | undefined;
  readonly cpusetMems?: string | undefined;
  readonly hugepageLimits?: readonly HugepageLimit[] | undefined;
  /** cgroup v2 files and what to write to them. */
  readonly unified?: StringMap | undefined;
  readonly memorySwapLimitInBytes?: number | undefined;
}

/** `pageSize` as the kernel names it: `2MB`, `1GB`. */
export interface HugepageLimit {
  readonly pageSize: string;
  readonly limit: number;
}
