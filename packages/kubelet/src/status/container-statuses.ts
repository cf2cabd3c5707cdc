/**
 * `status.containerStatuses`, `initContainerStatuses` and `ephemeralContainerStatuses` from what the runtime has, what was last reported, and
 * why containers could not be started. Source of the rules: `convertToAPIContainerStatuses` in pkg/kubelet/kubelet_pods.go.
 */

import type { Container, ContainerState, ContainerStatus, Pod } from "@kubets/api";
import { formatTime } from "@kubets/apimachinery";
import type { RuntimeContainer, RuntimePod } from "../runtime/pod-status.ts";
import { latestContainer } from "../runtime/pod-status.ts";
import { shouldBeRestarted } from "../runtime/restart-policy.ts";

/** Why a container is not running although it should: `CrashLoopBackOff`, `ErrImagePull`. */
export interface StartFailure {
  readonly reason: string;
  readonly message: string;
}

export interface ContainerStatusInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod;
  readonly containers: readonly Container[];
  readonly isInit: boolean;
  /** What was reported last. */
  readonly old: readonly ContainerStatus[];
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** The pod had ended before: what was reported of its containers stays, though the runtime may have forgotten them. */
  readonly podEnded: boolean;
  /** `containerd`: prefixes container ids. */
  readonly runtimeName: string;
}

export const unknownReason = "ContainerStatusUnknown";

export function containerStatuses(input: ContainerStatusInput): ContainerStatus[] {
  const statuses = input.containers.map((container) => statusOf(input, container));
  return input.isInit ? statuses : statuses.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function statusOf(input: ContainerStatusInput, container: Container): ContainerStatus {
  const old = input.old.find((s) => s.name === container.name);
  const instances = input.runtime.containers.filter((c) => c.name === container.name);
  const [newest, previous] = instances;
  let status =
    newest === undefined
      ? missingStatus(input, container, old)
      : { ...convert(input, container, newest), ...lastState(input, newest, previous, old) };
  const failure = waitingReason(input, container);
  if (failure !== undefined) {
    const { terminated } = status.state ?? {};
    status = {
      ...status,
      ...(terminated === undefined ? {} : { lastState: { terminated } }),
      state: { waiting: waiting(failure.reason, failure.message) },
    };
  }
  return status;
}

function waiting(reason: string, message: string): NonNullable<ContainerState["waiting"]> {
  return { ...(reason === "" ? {} : { reason }), ...(message === "" ? {} : { message }) };
}

function defaultWaitingReason(input: ContainerStatusInput): string {
  return (input.pod.spec?.initContainers ?? []).length > 0 ? "PodInitializing" : "ContainerCreating";
}

/** The runtime has no such container: it was not made yet, or has been removed. */
function missingStatus(input: ContainerStatusInput, container: Container, old: ContainerStatus | undefined) {
  if ((input.isInit || input.podEnded) && old?.state?.terminated !== undefined) return { ...old };
  const status: ContainerStatus = {
    name: container.name,
    image: container.image ?? "",
    imageID: "",
    ready: false,
    restartCount: old?.restartCount ?? 0,
    started: false,
    lastState: old?.lastState ?? {},
    state: { waiting: { reason: defaultWaitingReason(input) } },
  };
  if (old?.state?.running === undefined || status.lastState?.terminated !== undefined) return status;
  // It ran, and nobody saw it end.
  status.lastState = {
    terminated: {
      reason: unknownReason,
      message: "The container could not be located when the pod was deleted.  The container used to be Running",
      exitCode: 137,
    },
  };
  if (input.pod.metadata?.deletionTimestamp === undefined) status.restartCount += 1;
  return status;
}

function convert(input: ContainerStatusInput, container: Container, current: RuntimeContainer): ContainerStatus {
  return {
    name: current.name,
    image: current.image,
    imageID: current.imageId,
    containerID: `${input.runtimeName}://${current.id}`,
    ready: false,
    started: false,
    restartCount: current.restartCount,
    state: stateOf(input, current),
    lastState: {},
    ...(container.resources === undefined ? {} : resourcesOf(container)),
    ...volumeMountsOf(container),
    ...(current.user === undefined || current.state !== "running"
      ? {}
      : { user: { linux: { ...current.user, supplementalGroups: [...current.user.supplementalGroups] } } }),
  };
}

function resourcesOf(container: Container): Partial<ContainerStatus> {
  const requests = container.resources?.requests;
  return {
    resources: { ...container.resources },
    ...(requests === undefined || Object.keys(requests).length === 0 ? {} : { allocatedResources: { ...requests } }),
  };
}

function volumeMountsOf(container: Container): Partial<ContainerStatus> {
  const mounts = container.volumeMounts ?? [];
  if (mounts.length === 0) return {};
  return {
    volumeMounts: mounts.map((mount) => ({
      name: mount.name,
      mountPath: mount.mountPath,
      ...(mount.readOnly ? { readOnly: true, recursiveReadOnly: mount.recursiveReadOnly ?? "Disabled" } : {}),
    })),
  };
}

export function stateOf(input: Pick<ContainerStatusInput, "runtimeName">, current: RuntimeContainer): ContainerState {
  switch (current.state) {
    case "running":
      return { running: { startedAt: formatTime(current.startedAt) } };
    case "exited":
      return {
        terminated: {
          exitCode: current.exitCode,
          ...(current.reason === "" ? {} : { reason: current.reason }),
          ...(current.message === "" ? {} : { message: current.message }),
          startedAt: formatTime(current.startedAt),
          finishedAt: formatTime(current.finishedAt),
          containerID: `${input.runtimeName}://${current.id}`,
        },
      };
    case "unknown":
      return {
        terminated: {
          reason: unknownReason,
          message: "The container could not be located when the pod was terminated",
          exitCode: 137,
        },
      };
    case "created":
      return { waiting: {} };
  }
}

function lastState(
  input: ContainerStatusInput,
  newest: RuntimeContainer,
  previous: RuntimeContainer | undefined,
  old: ContainerStatus | undefined,
): Pick<ContainerStatus, "lastState"> {
  if (previous !== undefined) return { lastState: stateOf(input, previous) };
  // The previous one was removed meanwhile; what was reported of it still holds.
  const sameContainer = old?.containerID === `${input.runtimeName}://${newest.id}`;
  if (sameContainer || newest.restartCount > 0) return { lastState: old?.lastState ?? {} };
  return { lastState: {} };
}

function waitingReason(input: ContainerStatusInput, container: Container): StartFailure | undefined {
  const failure = input.failures.get(container.name);
  if (failure === undefined) return undefined;
  const current = latestContainer(input.runtime, container.name);
  if (current?.state === "running") return undefined;
  if (input.isInit && current?.state === "exited" && current.exitCode === 0 && container.restartPolicy !== "Always") {
    return undefined;
  }
  return shouldBeRestarted(container, input.pod, input.runtime) || input.isInit ? failure : undefined;
}
