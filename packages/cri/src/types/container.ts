/** Containers: what to run inside a sandbox, and how it fares. */

import type {
  IDMapping,
  LinuxContainerResources,
  NamespaceOption,
  SELinuxOption,
  SecurityProfile,
  StringMap,
  SupplementalGroupsPolicy,
  Wrapped,
} from "./common.ts";
import type { ImageSpec } from "./image.ts";
import type { PodSandboxConfig } from "./sandbox.ts";

/** `attempt` is the container's restart count. */
export interface ContainerMetadata {
  readonly name: string;
  readonly attempt: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: Uint8Array;
}

export type MountPropagation = "PROPAGATION_PRIVATE" | "PROPAGATION_HOST_TO_CONTAINER" | "PROPAGATION_BIDIRECTIONAL";

export interface Mount {
  readonly containerPath: string;
  readonly hostPath?: string | undefined;
  readonly readonly?: boolean | undefined;
  readonly selinuxRelabel?: boolean | undefined;
  readonly propagation?: MountPropagation | undefined;
  readonly uidMappings?: readonly IDMapping[] | undefined;
  readonly gidMappings?: readonly IDMapping[] | undefined;
  readonly recursiveReadOnly?: boolean | undefined;
  /** An image to mount instead of a host path. */
  readonly image?: ImageSpec | null | undefined;
  readonly imageSubPath?: string | undefined;
  readonly mountOptions?: readonly string[] | undefined;
}

/** `permissions` is some of `rwm`: read, write, make nodes. */
export interface Device {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly permissions: string;
}

export interface Capability {
  readonly addCapabilities?: readonly string[] | undefined;
  readonly dropCapabilities?: readonly string[] | undefined;
  readonly addAmbientCapabilities?: readonly string[] | undefined;
}

export interface LinuxContainerSecurityContext {
  readonly capabilities?: Capability | undefined;
  readonly privileged?: boolean | undefined;
  readonly namespaceOptions?: NamespaceOption | undefined;
  readonly selinuxOptions?: SELinuxOption | undefined;
  /** At most one of `runAsUser` and `runAsUsername`. */
  readonly runAsUser?: Wrapped | undefined;
  readonly runAsUsername?: string | undefined;
  readonly runAsGroup?: Wrapped | undefined;
  readonly readonlyRootfs?: boolean | undefined;
  readonly supplementalGroups?: readonly number[] | undefined;
  readonly supplementalGroupsPolicy?: SupplementalGroupsPolicy | undefined;
  readonly noNewPrivs?: boolean | undefined;
  readonly maskedPaths?: readonly string[] | undefined;
  readonly readonlyPaths?: readonly string[] | undefined;
  readonly seccomp?: SecurityProfile | undefined;
  readonly apparmor?: SecurityProfile | undefined;
}

export interface LinuxContainerConfig {
  readonly resources?: LinuxContainerResources | undefined;
  readonly securityContext?: LinuxContainerSecurityContext | undefined;
}

export interface ContainerConfig {
  readonly metadata: ContainerMetadata;
  readonly image: ImageSpec;
  /** Replaces the image's entrypoint. */
  readonly command?: readonly string[] | undefined;
  /** Replaces the image's command. */
  readonly args?: readonly string[] | undefined;
  readonly workingDir?: string | undefined;
  readonly envs?: readonly KeyValue[] | undefined;
  readonly mounts?: readonly Mount[] | undefined;
  readonly devices?: readonly Device[] | undefined;
  readonly labels?: StringMap | undefined;
  readonly annotations?: StringMap | undefined;
  /** Relative to the sandbox's `logDirectory`. */
  readonly logPath?: string | undefined;
  readonly stdin?: boolean | undefined;
  readonly stdinOnce?: boolean | undefined;
  readonly tty?: boolean | undefined;
  readonly linux?: LinuxContainerConfig | undefined;
  readonly CDIDevices?: readonly { readonly name: string }[] | undefined;
  /** An index of `stopSignals`; 0 leaves the choice to the image and the runtime. */
  readonly stopSignal?: number | undefined;
}

export interface CreateContainerRequest {
  readonly podSandboxId: string;
  readonly config: ContainerConfig;
  /** The sandbox's, as it was created. */
  readonly sandboxConfig: PodSandboxConfig;
}

export interface CreateContainerResponse {
  readonly containerId: string;
}

export interface ContainerRequest {
  readonly containerId: string;
}

export interface StopContainerRequest extends ContainerRequest {
  /** Seconds between the stop signal and SIGKILL; zero kills at once. */
  readonly timeout: number;
}

export interface ContainerStatusRequest extends ContainerRequest {
  readonly verbose?: boolean | undefined;
}

export type ContainerState = "CONTAINER_CREATED" | "CONTAINER_RUNNING" | "CONTAINER_EXITED" | "CONTAINER_UNKNOWN";

export interface ContainerStatus {
  readonly id: string;
  readonly metadata: ContainerMetadata | null;
  readonly state: ContainerState;
  /** This and the two next: nanoseconds since the epoch, zero before it happened. */
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  readonly image: ImageSpec | null;
  readonly imageRef: string;
  /** `Completed`, `Error`, `OOMKilled`, `ContainerCannotRun`... */
  readonly reason: string;
  readonly message: string;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly mounts: readonly Mount[];
  /** Absolute path on the node. */
  readonly logPath: string;
  readonly resources: { readonly linux: LinuxContainerResources | null } | null;
  readonly imageId: string;
  readonly user: { readonly linux: LinuxContainerUser | null } | null;
  readonly stopSignal: number;
}

export interface LinuxContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly supplementalGroups: readonly number[];
}

export interface ContainerStatusResponse {
  readonly status: ContainerStatus | null;
  readonly info: StringMap;
}

export interface Container {
  readonly id: string;
  readonly podSandboxId: string;
  readonly metadata: ContainerMetadata | null;
  readonly image: ImageSpec | null;
  readonly imageRef: string;
  readonly state: ContainerState;
  readonly createdAt: number;
  readonly labels: StringMap;
  readonly annotations: StringMap;
  readonly imageId: string;
}

export interface ContainerFilter {
  readonly id?: string | undefined;
  readonly state?: { readonly state: ContainerState } | undefined;
  readonly podSandboxId?: string | undefined;
  readonly labelSelector?: StringMap | undefined;
}

export interface ListContainersRequest {
  readonly filter?: ContainerFilter | undefined;
}

export interface ListContainersResponse {
  readonly containers: readonly Container[];
}

export interface UpdateContainerResourcesRequest extends ContainerRequest {
  readonly linux: LinuxContainerResources;
  readonly annotations?: StringMap | undefined;
}

export interface ExecSyncRequest extends ContainerRequest {
  readonly cmd: readonly string[];
  /** Seconds; zero waits for ever. The runtime answers DEADLINE_EXCEEDED when it passes. */
  readonly timeout?: number | undefined;
}

/** Each stream is cut at 16 MiB by the runtime. */
export interface ExecSyncResponse {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number;
}

/** At least one stream must be asked for; `tty` and `stderr` exclude each other. */
export interface ExecRequest extends AttachRequest {
  readonly cmd: readonly string[];
}

export interface AttachRequest extends ContainerRequest {
  readonly stdin?: boolean | undefined;
  readonly stdout?: boolean | undefined;
  readonly stderr?: boolean | undefined;
  readonly tty?: boolean | undefined;
}

export interface PortForwardRequest {
  readonly podSandboxId: string;
  /** Informative: the stream itself names its ports. */
  readonly port?: readonly number[] | undefined;
}

/** Where the runtime's streaming server takes up this one session, over SPDY/3.1 or WebSocket. */
export interface StreamingResponse {
  readonly url: string;
}

/** The protocol's numbers of stop signals: `stopSignals.indexOf("SIGTERM")` is what goes to `ContainerConfig.stopSignal`. */
export const stopSignals: readonly string[] = [
  ...["", "SIGABRT", "SIGALRM", "SIGBUS", "SIGCHLD", "SIGCLD", "SIGCONT", "SIGFPE", "SIGHUP", "SIGILL", "SIGINT"],
  ...["SIGIO", "SIGIOT", "SIGKILL", "SIGPIPE", "SIGPOLL", "SIGPROF", "SIGPWR", "SIGQUIT", "SIGSEGV", "SIGSTKFLT"],
  ...["SIGSTOP", "SIGSYS", "SIGTERM", "SIGTRAP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGUSR1", "SIGUSR2"],
  ...["SIGVTALRM", "SIGWINCH", "SIGXCPU", "SIGXFSZ", "SIGRTMIN"],
  ...Array.from({ length: 15 }, (_, i) => `SIGRTMIN+${i + 1}`),
  ...Array.from({ length: 14 }, (_, i) => `SIGRTMAX-${14 - i}`),
  "SIGRTMAX",
];
