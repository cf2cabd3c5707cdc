/** Who is started again. Source: pkg/kubelet/container/helpers.go, `ShouldContainerBeRestarted`, and KEP-5307 for container-level policies. */

import type { Container, Pod } from "@kubets/api";
import type { RuntimePod } from "./pod-status.ts";
import { latestContainer } from "./pod-status.ts";

/** The pod restarts containers that fail. */
export function restartsOnFailure(pod: Pod): boolean {
  return pod.spec?.restartPolicy !== "Never";
}

/** The newest container of this name ended with exit code 0. */
export function succeeded(name: string, status: RuntimePod): boolean {
  const container = latestContainer(status, name);
  return container?.state === "exited" && container.exitCode === 0;
}

/** A main container that is not running: is it to be started? */
export function shouldBeRestarted(container: Container, pod: Pod, status: RuntimePod): boolean {
  if (pod.metadata?.deletionTimestamp !== undefined) return false;
  const current = latestContainer(status, container.name);
  if (current === undefined) return true;
  if (current.state === "running") return false;
  // Never been started, or lost from sight: start it whatever the policy says.
  if (current.state === "unknown" || current.state === "created") return true;
  switch (restartPolicyOf(container, pod, current.exitCode)) {
    case "Never":
      return false;
    case "OnFailure":
      return current.exitCode !== 0;
    default:
      return true;
  }
}

/** The container's own policy and rules, else the pod's. */
export function restartPolicyOf(container: Container, pod: Pod, exitCode: number): string {
  const rules = (container as { restartPolicyRules?: readonly RestartRule[] }).restartPolicyRules ?? [];
  for (const rule of rules) {
    if (matches(rule, exitCode)) return "Always";
  }
  return container.restartPolicy ?? pod.spec?.restartPolicy ?? "Always";
}

interface RestartRule {
  readonly action?: string;
  readonly exitCodes?: { readonly operator?: string; readonly values?: readonly number[] };
}

function matches(rule: RestartRule, exitCode: number): boolean {
  if (rule.action !== "Restart" || rule.exitCodes === undefined) return false;
  const listed = (rule.exitCodes.values ?? []).includes(exitCode);
  return rule.exitCodes.operator === "NotIn" ? !listed : listed;
}
