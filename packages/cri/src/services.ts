/** The two services of the container runtime interface, as a kubelet calls them. */

import type * as t from "./types.ts";

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the runtime may take; two minutes when left out, as the kubelet's `runtimeRequestTimeout`. Infinity waits for ever. */
  readonly deadlineMs?: number | undefined;
  /** Extra gRPC headers. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** One request, one answer. Rejects with a CriError, or with the signal's reason when it aborts. */
export type Call<Request, Response> = (request: Request, options?: CallOptions) => Promise<Response>;

export type Empty = Readonly<Record<string, never>>;

export interface RuntimeService {
  readonly version: Call<t.VersionRequest, t.VersionResponse>;
  readonly status: Call<t.StatusRequest, t.StatusResponse>;
  /** UNIMPLEMENTED by containerd before 2.0. */
  readonly runtimeConfig: Call<Empty, t.RuntimeConfigResponse>;
  readonly updateRuntimeConfig: Call<t.UpdateRuntimeConfigRequest, Empty>;

  /** Creates and starts; on success the sandbox is ready. */
  readonly runPodSandbox: Call<t.RunPodSandboxRequest, t.RunPodSandboxResponse>;
  readonly stopPodSandbox: Call<t.PodSandboxRequest, Empty>;
  readonly removePodSandbox: Call<t.PodSandboxRequest, Empty>;
  /** NOT_FOUND when there is none. */
  readonly podSandboxStatus: Call<t.PodSandboxStatusRequest, t.PodSandboxStatusResponse>;
  readonly listPodSandbox: Call<t.ListPodSandboxRequest, t.ListPodSandboxResponse>;
  readonly updatePodSandboxResources: Call<t.UpdatePodSandboxResourcesRequest, Empty>;

  readonly createContainer: Call<t.CreateContainerRequest, t.CreateContainerResponse>;
  readonly startContainer: Call<t.ContainerRequest, Empty>;
  /** Give it a deadline longer than its `timeout`. */
  readonly stopContainer: Call<t.StopContainerRequest, Empty>;
  readonly removeContainer: Call<t.ContainerRequest, Empty>;
  readonly containerStatus: Call<t.ContainerStatusRequest, t.ContainerStatusResponse>;
  readonly listContainers: Call<t.ListContainersRequest, t.ListContainersResponse>;
  readonly updateContainerResources: Call<t.UpdateContainerResourcesRequest, Empty>;
  readonly reopenContainerLog: Call<t.ContainerRequest, Empty>;

  readonly execSync: Call<t.ExecSyncRequest, t.ExecSyncResponse>;
  readonly exec: Call<t.ExecRequest, t.StreamingResponse>;
  readonly attach: Call<t.AttachRequest, t.StreamingResponse>;
  readonly portForward: Call<t.PortForwardRequest, t.StreamingResponse>;

  readonly containerStats: Call<t.ContainerRequest, t.ContainerStatsResponse>;
  readonly listContainerStats: Call<t.ListContainerStatsRequest, t.ListContainerStatsResponse>;
  /** This and the next: containerd 1.6 has them, other runtimes may answer UNIMPLEMENTED. */
  readonly podSandboxStats: Call<t.PodSandboxRequest, t.PodSandboxStatsResponse>;
  readonly listPodSandboxStats: Call<t.ListPodSandboxStatsRequest, t.ListPodSandboxStatsResponse>;
}

export interface ImageService {
  readonly listImages: Call<t.ListImagesRequest, t.ListImagesResponse>;
  readonly imageStatus: Call<t.ImageStatusRequest, t.ImageStatusResponse>;
  /** Upstream gives it no deadline: pass `deadlineMs: Infinity` with a signal. */
  readonly pullImage: Call<t.PullImageRequest, t.PullImageResponse>;
  readonly removeImage: Call<t.RemoveImageRequest, Empty>;
  readonly imageFsInfo: Call<Empty, t.ImageFsInfoResponse>;
}

/**
 * Something happened to a sandbox or container.
 * `Relist` says that earlier events may have been missed (sent first after every connection): list everything once.
 * The other events are sent when the runtime's own answers show the change, so inspecting the pod on an event sees it.
 * A sandbox's own events carry its id in both `containerId` and `sandboxId`.
 */
export type RuntimeEvent = { readonly type: "Relist" } | ContainerEvent;

export interface ContainerEvent {
  readonly type: "ContainerCreated" | "ContainerStarted" | "ContainerStopped" | "ContainerDeleted" | "ContainerOOM";
  readonly containerId: string;
  readonly sandboxId: string;
  readonly podUid: string;
}

/** A connection to one container runtime. */
export interface RuntimeClient {
  readonly runtime: RuntimeService;
  readonly image: ImageService;
  /** Follows the runtime until `signal` aborts, reconnecting as needed; then ends without an error. Never polls where the runtime has events. */
  events(signal: AbortSignal): AsyncIterable<RuntimeEvent>;
  close(): void;
}
