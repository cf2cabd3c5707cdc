/** The pod conditions a kubelet owns. Source of the rules and texts: pkg/kubelet/status/generate.go. Conditions here have no times yet. */

import type { ContainerStatus, Pod, PodCondition } from "@kubets/api";
import { isSidecar } from "../pods/pod-ref.ts";
import { sandboxChange } from "../runtime/pod-actions.ts";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { hasStartedMain } from "./phase.ts";

export const kubeletConditions: readonly string[] = [
  "PodReadyToStartContainers",
  "Initialized",
  "Ready",
  "ContainersReady",
  "PodScheduled",
];

export interface ConditionInput {
  readonly pod: Pod;
  readonly runtime: RuntimePod;
  readonly main: readonly ContainerStatus[];
  readonly init: readonly ContainerStatus[];
  readonly phase: string;
  /** Conditions not of the kubelet: readiness gates look here. */
  readonly foreign: readonly PodCondition[];
}

function condition(type: string, status: "True" | "False", reason = "", message = ""): PodCondition {
  return { type, status, ...(reason === "" ? {} : { reason }), ...(message === "" ? {} : { message }) } as PodCondition;
}

export function podConditions(input: ConditionInput): PodCondition[] {
  const containersReady = containersReadyCondition(input);
  return [
    condition("PodReadyToStartContainers", sandboxChange(input.pod, input.runtime).create ? "False" : "True"),
    initializedCondition(input),
    readyCondition(input, containersReady),
    containersReady,
    condition("PodScheduled", "True"),
  ];
}

function names(list: readonly string[]): string {
  return `[${list.join(" ")}]`;
}

function initializedCondition({ pod, main, init, phase }: ConditionInput): PodCondition {
  const containers = pod.spec?.initContainers ?? [];
  const unknown: string[] = [];
  const incomplete: string[] = [];
  for (const container of containers) {
    const status = init.find((s) => s.name === container.name);
    if (status === undefined) unknown.push(container.name);
    else if (isSidecar(container) ? status.started !== true : !status.ready) incomplete.push(container.name);
  }
  if (phase === "Succeeded" && unknown.length === 0) return condition("Initialized", "True", "PodCompleted");
  if (hasStartedMain(pod, main) || unknown.length + incomplete.length === 0) return condition("Initialized", "True");
  const messages = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${names(unknown)}`] : []),
    ...(incomplete.length > 0 ? [`containers with incomplete status: ${names(incomplete)}`] : []),
  ];
  return condition("Initialized", "False", "ContainersNotInitialized", messages.join(", "));
}

function containersReadyCondition({ pod, main, init, phase }: ConditionInput): PodCondition {
  const type = "ContainersReady";
  const unknown: string[] = [];
  const unready: string[] = [];
  const visit = (name: string, statuses: readonly ContainerStatus[]) => {
    const status = statuses.find((s) => s.name === name);
    if (status === undefined) unknown.push(name);
    else if (!status.ready) unready.push(name);
  };
  for (const container of pod.spec?.initContainers ?? []) if (isSidecar(container)) visit(container.name, init);
  for (const container of pod.spec?.containers ?? []) visit(container.name, main);
  if (phase === "Succeeded" && unknown.length === 0) return condition(type, "False", "PodCompleted");
  if (phase === "Failed" && unknown.length === 0) return condition(type, "False", "PodFailed");
  if (unknown.length + unready.length === 0) return condition(type, "True");
  const messages = [
    ...(unknown.length > 0 ? [`containers with unknown status: ${names(unknown)}`] : []),
    ...(unready.length > 0 ? [`containers with unready status: ${names(unready)}`] : []),
  ];
  return condition(type, "False", "ContainersNotReady", messages.join(", "));
}

function readyCondition({ pod, foreign }: ConditionInput, containersReady: PodCondition): PodCondition {
  if (containersReady.status !== "True") return { ...containersReady, type: "Ready" };
  const messages: string[] = [];
  for (const gate of pod.spec?.readinessGates ?? []) {
    const found = foreign.find((c) => c.type === gate.conditionType);
    if (found === undefined) {
      messages.push(`corresponding condition of pod readiness gate "${gate.conditionType}" does not exist.`);
    } else if (found.status !== "True") {
      messages.push(`the status of pod readiness gate "${gate.conditionType}" is not "True", but ${found.status}`);
    }
  }
  return messages.length === 0
    ? condition("Ready", "True")
    : condition("Ready", "False", "ReadinessGatesNotReady", messages.join(", "));
}

/** Gives conditions their times: unchanged ones keep theirs. `now` is RFC 3339. */
export function stampConditions(
  conditions: readonly PodCondition[],
  old: readonly PodCondition[],
  now: string,
  generation: number | undefined,
): PodCondition[] {
  return conditions.map((condition) => {
    const before = old.find((c) => c.type === condition.type);
    const unchanged = before !== undefined && before.status === condition.status;
    return {
      ...condition,
      lastTransitionTime: unchanged ? (before.lastTransitionTime ?? now) : now,
      ...(generation === undefined ? {} : { observedGeneration: generation }),
    };
  });
}
