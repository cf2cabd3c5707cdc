/**
 * What to do to make a pod's containers what its spec says. Pure: (pod, what the runtime has, probe results) -> actions.
 * The rules are upstream's `computePodActions` (pkg/kubelet/kuberuntime).
 */

import type { Container, Pod } from "@kubets/api";
import { isHostNetwork } from "../pods/pod-ref.ts";
import type { KillReason, PodActions, ProbeVerdicts } from "./actions.ts";
import { isChanged, killUnknown, noVerdicts } from "./actions.ts";
import { computeInitActions } from "./init-actions.ts";
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from "./pod-status.ts";
import { latestContainer } from "./pod-status.ts";
import { restartsOnFailure, shouldBeRestarted, succeeded } from "./restart-policy.ts";

export function computePodActions(pod: Pod, status: RuntimePod, verdicts: ProbeVerdicts = noVerdicts): PodActions {
  const sandbox = sandboxChange(pod, status);
  const actions: PodActions = {
    killPod: sandbox.create,
    createSandbox: sandbox.create,
    sandboxId: sandbox.id,
    attempt: sandbox.attempt,
    initContainersToStart: [],
    containersToStart: [],
    ephemeralContainersToStart: [],
    containersToKill: [],
  };
  if (sandbox.create) return forNewSandbox(pod, status, actions);

  for (const [index, container] of (pod.spec?.ephemeralContainers ?? []).entries()) {
    // Ephemeral containers start even while the pod initializes, and never again.
    if (latestContainer(status, container.name) === undefined) actions.ephemeralContainersToStart.push(index);
  }
  const initialized = computeInitActions(pod, status, verdicts, actions);
  if (actions.killPod || !initialized) return actions;
  computeMainActions(pod, status, verdicts, actions);
  return actions;
}

/** Does the pod need a new sandbox, and which attempt would it be? */
export function sandboxChange(pod: Pod, status: RuntimePod): { create: boolean; attempt: number; id: string } {
  const newest: RuntimeSandbox | undefined = status.sandboxes[0];
  if (newest === undefined) return { create: true, attempt: 0, id: "" };
  const readyCount = status.sandboxes.filter((s) => s.ready).length;
  const next = { create: true, attempt: newest.attempt + 1, id: newest.id };
  if (readyCount > 1 || !newest.ready) return next;
  if (newest.hostNetwork !== isHostNetwork(pod)) return { ...next, id: "" };
  // A sandbox without an address is one whose network was never set up.
  if (!isHostNetwork(pod) && newest.ips.length === 0) return next;
  return { create: false, attempt: newest.attempt, id: newest.id };
}

function forNewSandbox(pod: Pod, status: RuntimePod, actions: PodActions): PodActions {
  const never = !restartsOnFailure(pod);
  if (never && actions.attempt !== 0 && status.containers.length !== 0) {
    actions.createSandbox = false;
    return actions;
  }
  const toStart: number[] = [];
  for (const [index, container] of (pod.spec?.containers ?? []).entries()) {
    if (pod.spec?.restartPolicy === "OnFailure" && succeeded(container.name, status)) continue;
    toStart.push(index);
  }
  if (toStart.length === 0 && hasAnyMainContainer(pod, status)) {
    actions.createSandbox = false;
    return actions;
  }
  if ((pod.spec?.initContainers ?? []).length > 0) actions.initContainersToStart = [0];
  else actions.containersToStart = toStart;
  return actions;
}

function hasAnyMainContainer(pod: Pod, status: RuntimePod): boolean {
  return (pod.spec?.containers ?? []).some((container) => {
    const state = latestContainer(status, container.name)?.state;
    return state !== undefined && state !== "unknown";
  });
}

function computeMainActions(pod: Pod, status: RuntimePod, verdicts: ProbeVerdicts, actions: PodActions): void {
  let kept = 0;
  for (const [index, container] of (pod.spec?.containers ?? []).entries()) {
    const current = latestContainer(status, container.name);
    if (current === undefined || current.state !== "running") {
      if (!shouldBeRestarted(container, pod, status)) continue;
      actions.containersToStart.push(index);
      if (current?.state === "unknown") actions.containersToKill.push(killUnknown(current, container, "Container"));
      continue;
    }
    const fault = faultOf(container, current, verdicts);
    if (fault === undefined) {
      kept++;
      continue;
    }
    const restart = fault.changed || restartsOnFailure(pod);
    if (restart) actions.containersToStart.push(index);
    actions.containersToKill.push({
      id: current.id,
      name: current.name,
      container,
      message: restart ? `${fault.message}, will be restarted` : fault.message,
      reason: fault.reason,
    });
  }
  if (kept === 0 && actions.containersToStart.length === 0) {
    actions.killPod = true;
    // Sidecars must not keep a finished pod alive.
    actions.initContainersToStart = [];
  }
}

interface Fault {
  readonly message: string;
  readonly reason: KillReason;
  readonly changed: boolean;
}

/** Why a running container has to go. */
function faultOf(container: Container, current: RuntimeContainer, verdicts: ProbeVerdicts): Fault | undefined {
  if (isChanged(container, current)) {
    return { message: `Container ${container.name} definition changed`, reason: "", changed: true };
  }
  if (verdicts.liveness(current.id) === "failure") {
    return { message: `Container ${container.name} failed liveness probe`, reason: "LivenessProbe", changed: false };
  }
  if (verdicts.startup(current.id) === "failure") {
    return { message: `Container ${container.name} failed startup probe`, reason: "StartupProbe", changed: false };
  }
  return undefined;
}

/** Nothing to do: the pod is as its spec says. */
export function isIdle(actions: PodActions): boolean {
  return (
    !actions.killPod &&
    !actions.createSandbox &&
    actions.initContainersToStart.length === 0 &&
    actions.containersToStart.length === 0 &&
    actions.ephemeralContainersToStart.length === 0 &&
    actions.containersToKill.length === 0
  );
}
