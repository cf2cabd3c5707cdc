/** The priority classes of every cluster. Source: kubernetes' registry/scheduling/rest. */

import { type PriorityClass, priorityClasses } from "@kubets/api";
import { isAlreadyExists } from "@kubets/apimachinery";
import type { PolicyWriter } from "../authorization/bootstrap-policy/reconcile.ts";

const systemPriorityClasses: readonly PriorityClass[] = [
  systemClass(
    "system-node-critical",
    2_000_001_000,
    "Used for system critical pods that must not be moved from their current node.",
  ),
  systemClass(
    "system-cluster-critical",
    2_000_000_000,
    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  ),
];

function systemClass(name: string, value: number, description: string): PriorityClass {
  const apiVersion = "scheduling.k8s.io/v1";
  return {
    kind: "PriorityClass",
    apiVersion,
    metadata: { name },
    value,
    description,
    preemptionPolicy: "PreemptLowerPriority",
  };
}

/** Makes those that are missing. */
export async function ensureSystemPriorityClasses(writer: PolicyWriter): Promise<void> {
  await Promise.all(
    systemPriorityClasses.map(async (wanted) => {
      if ((await writer.get(priorityClasses, "", wanted.metadata?.name ?? "")) !== undefined) return;
      await writer.create(priorityClasses, wanted).catch((error: unknown) => {
        if (!isAlreadyExists(error)) throw error; // Another server was first.
      });
    }),
  );
}
