/** The runtime itself: what it is, whether it works, what it can do. */

import type { StringMap } from "./common.ts";

export interface VersionRequest {
  /** The kubelet's runtime API version; upstream sends `0.1.0`. */
  readonly version?: string | undefined;
}

export interface VersionResponse {
  readonly version: string;
  /** `containerd`, `cri-o`, `docker`. */
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeApiVersion: string;
}

export interface StatusRequest {
  readonly verbose?: boolean | undefined;
}

export interface StatusResponse {
  readonly status: RuntimeStatus | null;
  /** With `verbose`: the runtime's own configuration as JSON, by topic. */
  readonly info: StringMap;
  readonly runtimeHandlers: readonly RuntimeHandler[];
  readonly features: RuntimeFeatures | null;
}

/** Holds at least the conditions `RuntimeReady` and `NetworkReady`. */
export interface RuntimeStatus {
  readonly conditions: readonly RuntimeCondition[];
}

export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

export interface RuntimeHandler {
  /** A RuntimeClass handler; empty for the default one. */
  readonly name: string;
  readonly features: { readonly recursiveReadOnlyMounts: boolean; readonly userNamespaces: boolean } | null;
}

export interface RuntimeFeatures {
  readonly supplementalGroupsPolicy: boolean;
  readonly userNamespacesHostNetwork: boolean;
  readonly mountOptions: boolean;
}

export type CgroupDriver = "SYSTEMD" | "CGROUPFS";

export interface RuntimeConfigResponse {
  readonly linux: { readonly cgroupDriver: CgroupDriver } | null;
}

export interface UpdateRuntimeConfigRequest {
  readonly runtimeConfig: { readonly networkConfig: { readonly podCidr: string } };
}
