/** Init containers and sidecars: which is next, which must be restarted. Source of the rules: upstream's `computeInitContainerActions`. */

import type { Container, Pod } from "@kubets/api";
import { isSidecar } from "../pods/pod-ref.ts";
import type { KillReason, PodActions, ProbeVerdicts } from "./actions.ts";
import { isChanged, killUnknown } from "./actions.ts";
import type { RuntimeContainer, RuntimePod } from "./pod-status.ts";
import { latestContainer } from "./pod-status.ts";
import { restartsOnFailure } from "./restart-policy.ts";

interface InitWalk {
  readonly actions: PodActions;
  readonly verdicts: ProbeVerdicts;
  readonly last: number;
  readonly restartOnFailure: boolean;
  /** A container after this one has been started, so this one was done before. */
  passed: boolean;
  initialized: boolean;
}

/** Adds to `actions`; true when the pod is initialized, so that main containers may be looked at. */
export function computeInitActions(
  pod: Pod,
  status: RuntimePod,
  verdicts: ProbeVerdicts,
  actions: PodActions,
): boolean {
  const containers = pod.spec?.initContainers ?? [];
  if (containers.length === 0) return true;
  const mainSeen = hasStartedMain(pod, status);
  const walk: InitWalk = {
    actions,
    verdicts,
    last: containers.length - 1,
    restartOnFailure: restartsOnFailure(pod),
    passed: mainSeen,
    initialized: mainSeen,
  };
  // From the last to the first: finished ones may have been removed from the runtime, so only the last that is known counts.
  for (let index = walk.last; index >= 0; index--) {
    const container = containers[index]!;
    const current = latestContainer(status, container.name);
    if (current === undefined) {
      if (walk.passed && isSidecar(container)) actions.initContainersToStart.push(index);
      continue;
    }
    if (walk.passed && !isSidecar(container)) continue;
    if (visit(walk, index, container, current) === "pod failed") {
      actions.killPod = true;
      actions.initContainersToStart = [];
      return false;
    }
    walk.passed = true;
  }
  if (!walk.passed) actions.initContainersToStart.push(0);
  actions.initContainersToStart = [...new Set(actions.initContainersToStart)].sort((a, b) => a - b);
  return walk.initialized;
}

/** A main container exists and has not merely exited: those may be of a sandbox that is gone (after a reboot). */
function hasStartedMain(pod: Pod, status: RuntimePod): boolean {
  return (pod.spec?.containers ?? []).some((container) => {
    const current = latestContainer(status, container.name);
    if (current === undefined) return false;
    if (current.state === "created" || current.state === "running") return true;
    return current.state === "exited" && current.sandboxId !== "" && current.sandboxId === status.sandboxes[0]?.id;
  });
}

function visit(walk: InitWalk, index: number, container: Container, current: RuntimeContainer): "pod failed" | "go on" {
  const { actions } = walk;
  switch (current.state) {
    case "created":
      // Created and never started: the runtime failed to start it.
      actions.initContainersToStart.push(index);
      return "go on";
    case "running":
      if (isSidecar(container)) visitRunningSidecar(walk, index, container, current);
      return "go on";
    case "exited":
      if (isSidecar(container)) actions.initContainersToStart.push(index);
      else if (current.exitCode !== 0) {
        if (!walk.restartOnFailure) return "pod failed";
        actions.initContainersToStart.push(index);
      } else done(walk, index);
      return "go on";
    case "unknown":
      if (!isSidecar(container) && !walk.restartOnFailure) return "pod failed";
      actions.containersToKill.push(killUnknown(current, container, "Init container"));
      actions.initContainersToStart.push(index);
      return "go on";
  }
}

/** This one is done (or, a sidecar, started): on with the next, or the pod is initialized. */
function done(walk: InitWalk, index: number): void {
  if (index === walk.last) walk.initialized = true;
  else if (!walk.passed) walk.actions.initContainersToStart.push(index + 1);
}

function visitRunningSidecar(walk: InitWalk, index: number, container: Container, current: RuntimeContainer): void {
  const { verdicts } = walk;
  if (container.startupProbe !== undefined) {
    const startup = verdicts.startup(current.id);
    if (startup === "failure") restart(walk, index, container, current, "failed startup probe", "StartupProbe");
    if (startup !== "success") return;
  }
  done(walk, index);
  if (isChanged(container, current)) return restart(walk, index, container, current, "definition changed", "");
  if (container.livenessProbe !== undefined && verdicts.liveness(current.id) === "failure") {
    restart(walk, index, container, current, "failed liveness probe", "LivenessProbe");
  }
}

function restart(
  walk: InitWalk,
  index: number,
  container: Container,
  current: RuntimeContainer,
  why: string,
  reason: KillReason,
): void {
  walk.actions.containersToKill.push({
    id: current.id,
    name: container.name,
    container,
    message: `Init container ${container.name} ${why}`,
    reason,
  });
  walk.actions.initContainersToStart.push(index);
}
