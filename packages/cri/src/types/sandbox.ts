/** Pod sandboxes: the namespaces, network and cgroup parent that a pod's containers share. */

import type {
  LinuxContainerResources,
  NamespaceOption,
  SELinuxOption,
  SecurityProfile,
  StringMap,
  SupplementalGroupsPolicy,
  Wrapped,
} from "./common.ts";
import type { ContainerStatus } from "./container.ts";

/** Identifies the sandbox; `attempt` counts the sandboxes made for this pod. */
export interface PodSandboxMetadata {
  readonly name: string;
  readonly uid: string;
  readonly namespace: string;
  readonly attempt: number;
}

/** What goes to the pod's /etc/resolv.conf. */
export interface DNSConfig {
  readonly servers?: readonly string[] | undefined;
  readonly searches?: readonly string[] | undefined;
  readonly options?: readonly string[] | undefined;
}

export interface PortMapping {
  readonly protocol?: "TCP" | "UDP" | "SCTP" | undefined;
  readonly containerPort: number;
  readonly hostPort?: number | undefined;
  readonly hostIp?: string | undefined;
}

export interface LinuxSandboxSecurityContext {
  readonly namespaceOptions?: NamespaceOption | undefined;
  readonly selinuxOptions?: SELinuxOption | undefined;
  readonly runAsUser?: Wrapped | undefined;
  /** Only together with `runAsUser`. */
  readonly runAsGroup?: Wrapped | undefined;
  readonly readonlyRootfs?: boolean | undefined;
  readonly supplementalGroups?: readonly number[] | undefined;
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy | undefined;
  /** Needed when any container of the pod is privileged. */
  readonly privileged?: boolean | undefined;
  readonly seccomp?: SecurityProfile | undefined;
  readonly apparmor?: SecurityProfile | undefined;
}

export interface LinuxPodSandboxConfig {
  /** `/kubepods/pod<uid>` with the cgroupfs driver, `kubepods-pod<uid>.slice` with systemd's. */
  readonly cgroupParent?: string | undefined;
  readonly securityContext?: LinuxSandboxSecurityContext | undefined;
  readonly sysctls?: StringMap | undefined;
  readonly overhead?: LinuxContainerResources | undefined;
  /** The sum of the containers' resources. */
  readonly resources?: LinuxContainerResources | undefined;
}

export interface PodSandboxConfig {
  readonly metadata: PodSandboxMetadata;
  /** Empty when the pod uses the host's network. */
  readonly hostname?: string | undefined;
  /** Directory on the node under which each container's `logPath` lies. */
  readonly logDirectory?: string | undefined;
  readonly dnsConfig?: DNSConfig | undefined;
  readonly portMappings?: readonly PortMapping[] | undefined;
  readonly labels?: StringMap | undefined;
  readonly annotations?: StringMap | undefined;
  readonly linux?: LinuxPodSandboxConfig | undefined;
}

export interface RunPodSandboxRequest {
  readonly config: PodSandboxConfig;
  readonly runtimeHandler?: string | undefined;
}

export interface RunPodSandboxResponse {
  readonly podSandboxId: string;
}

/** Stopping kills the sandbox's containers and gives its network back; removing does that first when needed. Both may be repeated. */
export interface PodSandboxRequest {
  readonly podSandboxId: string;
}

export interface PodSandboxStatusRequest extends PodSandboxRequest {
  readonly verbose?: boolean | undefined;
}

export type PodSandboxState = "SANDBOX_READY" | "SANDBOX_NOTREADY";

export interface PodSandboxNetworkStatus {
  readonly ip: string;
  readonly additionalIps: readonly { readonly ip: string }[];
}

export interface PodSandboxStatus {
  readonly id: string;
  readonly metadata: PodSandboxMetadata | null;
  readonly state: PodSandboxState;
  /** Nanoseconds since the epoch. */
  readonly createdAt: number;
  /** Null or an empty `ip` on the host's network. */
  readonly network: PodSandboxNetworkStatus | null;
  readonly linux: { readonly namespaces: { readonly options: NamespaceOption | null } | null } | null;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}

export interface PodSandboxStatusResponse {
  readonly status: PodSandboxStatus | null;
  readonly info: StringMap;
  /** Filled only by runtimes with container events. */
  readonly containersStatuses: readonly ContainerStatus[];
  readonly timestamp: number;
}

export interface PodSandbox {
  readonly id: string;
  readonly metadata: PodSandboxMetadata | null;
  readonly state: PodSandboxState;
  readonly createdAt: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly runtimeHandler: string;
}

export interface PodSandboxFilter {
  readonly id?: string | undefined;
  readonly state?: { readonly state: PodSandboxState } | undefined;
  readonly labelSelector?: StringMap | undefined;
}

export interface ListPodSandboxRequest {
  readonly filter?: PodSandboxFilter | undefined;
}

export interface ListPodSandboxResponse {
  readonly items: readonly PodSandbox[];
}

export interface UpdatePodSandboxResourcesRequest extends PodSandboxRequest {
  readonly overhead?: LinuxContainerResources | undefined;
  readonly resources?: LinuxContainerResources | undefined;
}
