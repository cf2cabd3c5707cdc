/** A pod's whole status, from everything the kubelet knows. Pure. Source of the rules: `generateAPIPodStatus`. */

import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from "@kubets/api";
import { formatTime } from "@kubets/apimachinery";
import { isHostNetwork, isSidecar } from "../pods/pod-ref.ts";
import { qosClassOf } from "../pods/qos.ts";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { kubeletConditions, podConditions, stampConditions } from "./conditions.ts";
import type { StartFailure } from "./container-statuses.ts";
import { containerStatuses, unknownReason } from "./container-statuses.ts";
import { isTerminalPhase, phaseOf } from "./phase.ts";

/** Answers of the probes of one pod, by container name and id. */
export interface Readiness {
  /** The startup probe has passed, or there is none. */
  started(containerName: string, containerId: string): boolean;
  /** The readiness probe passes, or there is none. */
  ready(containerName: string, containerId: string): boolean;
}

export const alwaysReady: Readiness = { started: () => true, ready: () => true };

export interface StatusInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod;
  /** What was reported last. */
  readonly old: PodStatus;
  readonly failures: ReadonlyMap<string, StartFailure>;
  readonly readiness: Readiness;
  readonly runtimeName: string;
  readonly hostIPs: readonly string[];
  /** Nothing of the pod will run again. */
  readonly isTerminal: boolean;
  /** Set when the kubelet itself ends the pod: deadline, eviction, rejection. */
  readonly verdict?: { readonly reason: string; readonly message: string };
  /** All containers are gone; missing ones are accounted for. */
  readonly isFinal?: boolean;
  readonly now: number;
}

export function generateStatus(input: StatusInput): PodStatus {
  const { pod, runtime, old } = input;
  const main = statusesFor(input, pod.spec?.containers ?? [], old.containerStatuses, false);
  const init = statusesFor(input, pod.spec?.initContainers ?? [], old.initContainerStatuses, true);
  const ephemeral = statusesFor(
    input,
    (pod.spec?.ephemeralContainers ?? []) as Container[],
    old.ephemeralContainerStatuses,
    false,
  );
  applyReadiness(input, main, init);
  let phase: string = phaseOf(pod, main, init, input.isTerminal);
  if (input.verdict !== undefined) phase = "Failed";
  if (isTerminalPhase(old.phase)) phase = old.phase!;
  if (input.isFinal) accountForMissing(pod, main, init);
  const foreign = (old.conditions ?? []).filter((c) => !kubeletConditions.includes(c.type));
  const conditions: PodCondition[] = [
    ...stampConditions(
      podConditions({ pod, runtime, main, init, phase, foreign }),
      old.conditions ?? [],
      formatTime(input.now),
      pod.metadata?.generation,
    ),
    ...foreign,
  ];
  return {
    ...(pod.metadata?.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    ...explanation(input, phase),
    ...(old.nominatedNodeName === undefined ? {} : { nominatedNodeName: old.nominatedNodeName }),
    conditions,
    ...addresses(input),
    startTime: old.startTime ?? formatTime(input.now),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    ...(ephemeral.length === 0 ? {} : { ephemeralContainerStatuses: ephemeral }),
    qosClass: old.qosClass ?? qosClassOf(pod),
  } as PodStatus;
}

function explanation({ verdict, old }: StatusInput, phase: string): { reason?: string; message?: string } {
  if (isTerminalPhase(old.phase) || verdict === undefined) {
    if (old.phase !== phase) return {};
    return {
      ...(old.reason === undefined ? {} : { reason: old.reason }),
      ...(old.message === undefined ? {} : { message: old.message }),
    };
  }
  return { reason: verdict.reason, message: verdict.message };
}

function statusesFor(
  input: StatusInput,
  containers: readonly Container[],
  old: readonly ContainerStatus[] | undefined,
  isInit: boolean,
): ContainerStatus[] {
  const { pod, runtime, failures, runtimeName } = input;
  const podEnded = isTerminalPhase(input.old.phase);
  return containerStatuses({ pod, runtime, failures, runtimeName, containers, isInit, podEnded, old: old ?? [] });
}

function idOf(status: ContainerStatus): string {
  return status.containerID?.split("://")[1] ?? "";
}

function applyReadiness({ pod, readiness }: StatusInput, main: ContainerStatus[], init: ContainerStatus[]): void {
  const apply = (status: ContainerStatus) => {
    const running = status.state?.running !== undefined;
    status.started = running && readiness.started(status.name, idOf(status));
    status.ready = status.started && readiness.ready(status.name, idOf(status));
  };
  for (const status of main) apply(status);
  for (const status of init) {
    const container = pod.spec?.initContainers?.find((c) => c.name === status.name);
    if (container !== undefined && isSidecar(container)) apply(status);
    else {
      status.started = false;
      status.ready = status.state?.terminated?.exitCode === 0;
    }
  }
}

function addresses({ pod, runtime, hostIPs, old }: StatusInput): Partial<PodStatus> {
  const reported = (old.podIPs ?? []).map((entry) => entry.ip).filter((ip): ip is string => ip !== undefined);
  const ips = isHostNetwork(pod) ? hostIPs : runtime.ips.length > 0 ? runtime.ips : reported;
  return {
    ...(hostIPs[0] === undefined ? {} : { hostIP: hostIPs[0], hostIPs: hostIPs.map((ip) => ({ ip })) }),
    ...(ips[0] === undefined ? {} : { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
  };
}

/** The pod has ended: a container of an initialized pod whose end nobody saw is taken as failed. */
function accountForMissing(pod: Pod, main: ContainerStatus[], init: ContainerStatus[]): void {
  const terminated = {
    reason: unknownReason,
    message: "The container could not be located when the pod was terminated",
    exitCode: 137,
  };
  const initialized = (pod.spec?.initContainers ?? []).length === 0 || main.some((s) => s.containerID !== undefined);
  if (initialized) {
    for (const status of main) if (status.state?.terminated === undefined) status.state = { terminated };
  }
  for (const status of init) if (status.state?.running !== undefined) status.state = { terminated };
}
