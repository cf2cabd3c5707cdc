/** Node conditions. Source of reasons and messages: pkg/kubelet/nodestatus/setters.go. Pure. */

import type { NodeCondition } from "@kubets/api";

export interface NodeHealth {
  readonly memoryPressure: boolean;
  readonly diskPressure: boolean;
  readonly pidPressure: boolean;
  /** Why the node is not ready; empty when it is. */
  readonly problems: readonly string[];
}

type Bare = Pick<NodeCondition, "type" | "status" | "reason" | "message">;

function pressure(type: string, under: boolean, reasons: [string, string], messages: [string, string]): Bare {
  const index = under ? 0 : 1;
  return { type, status: under ? "True" : "False", reason: reasons[index], message: messages[index] };
}

function bareConditions(health: NodeHealth): Bare[] {
  const ready = health.problems.length === 0;
  return [
    pressure(
      "MemoryPressure",
      health.memoryPressure,
      ["KubeletHasInsufficientMemory", "KubeletHasSufficientMemory"],
      ["kubelet has insufficient memory available", "kubelet has sufficient memory available"],
    ),
    pressure(
      "DiskPressure",
      health.diskPressure,
      ["KubeletHasDiskPressure", "KubeletHasNoDiskPressure"],
      ["kubelet has disk pressure", "kubelet has no disk pressure"],
    ),
    pressure(
      "PIDPressure",
      health.pidPressure,
      ["KubeletHasInsufficientPID", "KubeletHasSufficientPID"],
      ["kubelet has insufficient PID available", "kubelet has sufficient PID available"],
    ),
    ready
      ? { type: "Ready", status: "True", reason: "KubeletReady", message: "kubelet is posting ready status" }
      : { type: "Ready", status: "False", reason: "KubeletNotReady", message: problemText(health.problems) },
  ];
}

function problemText(problems: readonly string[]): string {
  return problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`;
}

/** @param now RFC 3339 @param old those reported last: what did not change keeps its time */
export function nodeConditions(health: NodeHealth, old: readonly NodeCondition[], now: string): NodeCondition[] {
  return bareConditions(health).map((condition) => {
    const before = old.find((c) => c.type === condition.type);
    const unchanged = before?.status === condition.status;
    return {
      ...condition,
      lastHeartbeatTime: now,
      lastTransitionTime: unchanged ? (before?.lastTransitionTime ?? now) : now,
    };
  });
}

/** The events of conditions that have changed: `NodeReady`, `NodeHasSufficientMemory`. */
export function conditionEvents(old: readonly NodeCondition[], now: readonly NodeCondition[]): string[] {
  const names: Record<string, [whenTrue: string, whenFalse: string]> = {
    MemoryPressure: ["NodeHasInsufficientMemory", "NodeHasSufficientMemory"],
    DiskPressure: ["NodeHasDiskPressure", "NodeHasNoDiskPressure"],
    PIDPressure: ["NodeHasInsufficientPID", "NodeHasSufficientPID"],
    Ready: ["NodeReady", "NodeNotReady"],
  };
  const events: string[] = [];
  for (const { type, status } of now) {
    const name = names[type];
    const before = old.find((c) => c.type === type);
    if (name === undefined || before?.status === status) continue;
    // A node that was never ready has not become unready.
    if (type === "Ready" && status !== "True" && before === undefined) continue;
    events.push(name[status === "True" ? 0 : 1]);
  }
  return events;
}
