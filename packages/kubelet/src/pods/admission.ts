/** Whether a pod that was bound here really fits. The scheduler's view may have been old. Source of reasons and texts: pkg/kubelet/lifecycle/predicate.go. */

import type { Node, Pod } from "@kubets/api";
import { matchesNodeAffinity, podRequests } from "@kubets/api";
import { parseQuantity, Quantity } from "@kubets/apimachinery";

export interface Rejection {
  readonly reason: string;
  readonly message: string;
}

export interface AdmissionInput {
  readonly pod: Pod;
  /** Pods on the node that have not ended, without this one. */
  readonly others: readonly Pod[];
  readonly allocatable: Readonly<Record<string, string>>;
  /** Undefined before the node is known. */
  readonly node: Node | undefined;
}

function amount(list: ReadonlyMap<string, Quantity>, name: string): Quantity {
  return list.get(name) ?? Quantity.zero;
}

/** As upstream counts: cores in thousandths, everything else in whole units. */
function count(name: string, quantity: Quantity): number {
  return name === "cpu" ? quantity.milliValue() : quantity.value();
}

/** Undefined when the pod may run here; of several reasons the one that upstream finds first. */
export function admit(input: AdmissionInput): Rejection | undefined {
  return resourceRejection(input) ?? nodeAffinityRejection(input);
}

function nodeAffinityRejection({ pod, node }: AdmissionInput): Rejection | undefined {
  if (node === undefined || matchesNodeAffinity(pod.spec, node)) return undefined;
  return {
    reason: "NodeAffinity",
    message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
  };
}

function resourceRejection({ pod, others, allocatable }: AdmissionInput): Rejection | undefined {
  const limit = Number(allocatable["pods"] ?? "0");
  if (limit > 0 && others.length + 1 > limit) return outOf("pods", 1, others.length, limit);
  const wanted = podRequests(pod);
  for (const name of ["cpu", "memory", "ephemeral-storage"]) {
    const requested = count(name, amount(wanted, name));
    if (requested === 0) continue;
    const capacity = count(name, parseQuantity(allocatable[name] ?? "0"));
    const used = others.reduce((sum, other) => sum + count(name, amount(podRequests(other), name)), 0);
    if (used + requested > capacity) return outOf(name, requested, used, capacity);
  }
  return undefined;
}

function outOf(resource: string, requested: number, used: number, capacity: number): Rejection {
  const amounts = `requested: ${requested}, used: ${used}, capacity: ${capacity}`;
  return {
    reason: `OutOf${resource}`,
    message: `Pod was rejected: Node didn't have enough resource: ${resource}, ${amounts}`,
  };
}
