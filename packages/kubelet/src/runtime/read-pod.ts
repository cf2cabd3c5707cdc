/** Reads one pod from the container runtime. */

import type { Logger } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";
import { isNotFound, stopSignals } from "@kubets/cri";
import type { PodRef } from "../pods/pod-ref.ts";
import { containerNameLabel, podOfLabels, podUidLabel, rememberedContainer } from "./labels.ts";
import type { RuntimeContainer, RuntimeContainerState, RuntimePod, RuntimeSandbox } from "./pod-status.ts";
import { readTerminationMessage } from "./termination-message.ts";

const states: Record<cri.ContainerState, RuntimeContainerState> = {
  CONTAINER_CREATED: "created",
  CONTAINER_RUNNING: "running",
  CONTAINER_EXITED: "exited",
  CONTAINER_UNKNOWN: "unknown",
};

const toMs = (nanoseconds: number): number => Math.floor(nanoseconds / 1e6);

/**
 * All sandboxes and containers of the pod, newest first. Containers of `previous` that had exited are taken from there: nothing about them changes.
 */
export async function readPod(
  runtime: cri.RuntimeService,
  ref: PodRef,
  previous: RuntimePod | undefined,
  logger: Logger,
  signal?: AbortSignal,
): Promise<RuntimePod> {
  const filter = { labelSelector: { [podUidLabel]: ref.uid } };
  const [sandboxList, containerList] = await Promise.all([
    runtime.listPodSandbox({ filter }, { signal }),
    runtime.listContainers({ filter }, { signal }),
  ]);
  const [sandboxes, containers] = await Promise.all([
    Promise.all(sandboxList.items.map((item) => readSandbox(runtime, item, signal))),
    Promise.all(containerList.containers.map((item) => readContainer(runtime, item, previous, logger, signal))),
  ]);
  return assemble(ref, present(sandboxes), present(containers));
}

function assemble(ref: PodRef, sandboxes: RuntimeSandbox[], containers: RuntimeContainer[]): RuntimePod {
  sandboxes.sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt);
  containers.sort((a, b) => b.createdAt - a.createdAt || b.restartCount - a.restartCount);
  const newest = sandboxes[0];
  return { ...ref, sandboxes, containers, ips: newest?.ready === true ? newest.ips : [] };
}

function present<T>(items: readonly (T | undefined)[]): T[] {
  return items.filter((item): item is T => item !== undefined);
}

/** Undefined when it was removed between the list and now. */
async function orGone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function readSandbox(
  runtime: cri.RuntimeService,
  item: cri.PodSandbox,
  signal: AbortSignal | undefined,
): Promise<RuntimeSandbox | undefined> {
  const answer = await orGone(runtime.podSandboxStatus({ podSandboxId: item.id }, { signal }));
  const status = answer?.status;
  if (status === undefined || status === null) return undefined;
  const { network } = status;
  const ips = network === null ? [] : [network.ip, ...network.additionalIps.map(({ ip }) => ip)];
  return {
    id: status.id,
    ready: status.state === "SANDBOX_READY",
    attempt: status.metadata?.attempt ?? 0,
    createdAt: toMs(status.createdAt),
    ips: ips.filter((ip) => ip !== ""),
    hostNetwork: status.linux?.namespaces?.options?.network === "NODE",
  };
}

async function readContainer(
  runtime: cri.RuntimeService,
  item: cri.Container,
  previous: RuntimePod | undefined,
  logger: Logger,
  signal: AbortSignal | undefined,
): Promise<RuntimeContainer | undefined> {
  const known = previous?.containers.find((container) => container.id === item.id);
  if (known?.state === "exited") return known;
  const status = (await orGone(runtime.containerStatus({ containerId: item.id }, { signal })))?.status;
  if (status === undefined || status === null) return undefined;
  return fromStatus(status, item.podSandboxId, await exitMessage(status, logger));
}

async function exitMessage(status: cri.ContainerStatus, logger: Logger): Promise<string> {
  if (status.state !== "CONTAINER_EXITED") return "";
  const own = await readTerminationMessage(status, rememberedContainer(status.annotations), logger);
  return [status.message, own].filter((text) => text !== "").join(": ");
}

function fromStatus(status: cri.ContainerStatus, sandboxId: string, message: string): RuntimeContainer {
  const remembered = rememberedContainer(status.annotations);
  const user = status.user?.linux;
  const stopSignal = stopSignals[status.stopSignal] ?? "";
  return {
    id: status.id,
    name: status.labels[containerNameLabel] ?? status.metadata?.name ?? "",
    sandboxId,
    state: states[status.state],
    createdAt: toMs(status.createdAt),
    startedAt: toMs(status.startedAt),
    finishedAt: toMs(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message,
    image: status.image?.image ?? "",
    imageId: status.imageRef !== "" ? status.imageRef : status.imageId,
    hash: remembered.hash,
    restartCount: remembered.restartCount,
    logPath: status.logPath,
    ...(stopSignal === "" ? {} : { stopSignal }),
    ...(user === null || user === undefined ? {} : { user }),
  };
}

/** The pods that have a sandbox or container, running or not, with the ids of both. */
export async function listPods(runtime: cri.RuntimeService, signal?: AbortSignal): Promise<Map<string, ListedPod>> {
  const [sandboxes, containers] = await Promise.all([
    runtime.listPodSandbox({}, { signal }),
    runtime.listContainers({}, { signal }),
  ]);
  const pods = new Map<string, ListedPod>();
  const add = (labels: Readonly<Record<string, string>>, id: string, state: string, running: boolean) => {
    const ref = podOfLabels(labels);
    if (ref === undefined) return;
    const pod = pods.get(ref.uid) ?? { ref, parts: new Map<string, string>(), running: false };
    pod.parts.set(id, state);
    pod.running ||= running;
    pods.set(ref.uid, pod);
  };
  for (const s of sandboxes.items) add(s.labels, s.id, s.state, s.state === "SANDBOX_READY");
  for (const c of containers.containers) add(c.labels, c.id, c.state, c.state === "CONTAINER_RUNNING");
  return pods;
}

export interface ListedPod {
  readonly ref: PodRef;
  /** Sandbox and container ids, and their states. */
  readonly parts: Map<string, string>;
  running: boolean;
}
