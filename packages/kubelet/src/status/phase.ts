/** `status.phase` from container statuses. Source of the rules: `getPhase` in pkg/kubelet/kubelet_pods.go. */

import type { ContainerStatus, Pod } from "@kubets/api";
import { isSidecar } from "../pods/pod-ref.ts";
import { restartPolicyOf } from "../runtime/restart-policy.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed";

export function isTerminalPhase(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

interface InitCount {
  pending: number;
  failed: number;
}

function countInit(pod: Pod, statuses: readonly ContainerStatus[]): InitCount {
  const count = { pending: 0, failed: 0 };
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.find((s) => s.name === container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    const sidecar = isSidecar(container);
    if (running !== undefined) {
      if (!sidecar || status?.started !== true) count.pending++;
    } else if (terminated !== undefined) {
      if (!sidecar && terminated.exitCode !== 0) count.failed++;
    } else if (waiting !== undefined && status?.lastState?.terminated !== undefined) {
      if (sidecar) count.pending++;
      else if (status.lastState.terminated.exitCode !== 0) count.failed++;
    } else count.pending++;
  }
  return count;
}

function countMain(pod: Pod, statuses: readonly ContainerStatus[]) {
  const count = { unknown: 0, running: 0, waiting: 0, stopped: 0, succeeded: 0, restarting: 0 };
  for (const container of pod.spec?.containers ?? []) {
    const status = statuses.find((s) => s.name === container.name);
    const { running, terminated, waiting } = status?.state ?? {};
    if (running !== undefined) count.running++;
    else if (terminated !== undefined) {
      count.stopped++;
      if (terminated.exitCode === 0) count.succeeded++;
      const policy = restartPolicyOf(container, pod, terminated.exitCode);
      if (policy === "Always" || (policy === "OnFailure" && terminated.exitCode !== 0)) count.restarting++;
    } else if (waiting !== undefined) {
      if (status?.lastState?.terminated === undefined) count.waiting++;
      else {
        count.stopped++;
        count.restarting++;
      }
    } else count.unknown++;
  }
  return count;
}

/** Some main container has been started at some time, so the pod was initialized. */
export function hasStartedMain(pod: Pod, statuses: readonly ContainerStatus[]): boolean {
  return (pod.spec?.containers ?? []).some((container) => {
    const status = statuses.find((s) => s.name === container.name);
    return (
      status?.state?.running !== undefined ||
      status?.state?.terminated !== undefined ||
      status?.lastState?.terminated !== undefined ||
      status?.started === true
    );
  });
}

/** @param isTerminal nothing of the pod will run again, whatever its restart policy says. */
export function phaseOf(
  pod: Pod,
  main: readonly ContainerStatus[],
  init: readonly ContainerStatus[],
  isTerminal: boolean,
): PodPhase {
  const initCount = countInit(pod, init);
  if (initCount.failed > 0 && pod.spec?.restartPolicy === "Never") return "Failed";
  const count = countMain(pod, main);
  if (initCount.pending + initCount.failed > 0 && !hasStartedMain(pod, main)) return isTerminal ? "Failed" : "Pending";
  if (count.waiting > 0) return isTerminal ? "Failed" : "Pending";
  if (count.running > 0 && count.unknown === 0) return "Running";
  if (count.stopped > 0 && count.unknown === 0) {
    const ended = count.stopped === count.succeeded ? "Succeeded" : "Failed";
    return isTerminal || count.restarting === 0 ? ended : "Running";
  }
  return isTerminal ? "Failed" : "Pending";
}
