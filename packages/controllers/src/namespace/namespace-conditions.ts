/** How far the deletion of a namespace has got, as conditions. Texts are upstream's. Pure. */

import type { NamespaceCondition } from "@kubets/api";
import { formatTime, messageOf } from "@kubets/apimachinery";

export interface DeletionProgress {
  readonly discoveryFailures: ReadonlyMap<string, unknown>;
  readonly contentErrors: readonly unknown[];
  /** `pods.` or `deployments.apps` and how many are left. */
  readonly remaining: ReadonlyMap<string, number>;
  /** Finalizers on what is left, and on how many. */
  readonly finalizers: ReadonlyMap<string, number>;
}

const removed = { reason: "ContentRemoved", message: "All content successfully removed" };
const fine: Record<string, { reason: string; message: string }> = {
  NamespaceDeletionDiscoveryFailure: {
    reason: "ResourcesDiscovered",
    message: "All resources successfully discovered",
  },
  NamespaceDeletionGroupVersionParsingFailure: {
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
  },
  NamespaceDeletionContentFailure: {
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
  },
  NamespaceContentRemaining: removed,
  NamespaceFinalizersRemaining: removed,
};

/** The conditions as they should be; times move only where a status does. */
export function deletionConditions(
  old: readonly NamespaceCondition[],
  progress: DeletionProgress,
  nowMs: number,
): NamespaceCondition[] {
  const problems = problemsOf(progress);
  const others = old.filter(({ type }) => !(type in fine));
  const ours = Object.entries(fine).map(([type, ok]): NamespaceCondition => {
    const problem = problems.get(type);
    const status = problem === undefined ? "False" : "True";
    const before = old.find((condition) => condition.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    return { type, status, lastTransitionTime: since ?? formatTime(nowMs), ...(problem ?? ok) };
  });
  return [...others, ...ours];
}

function problemsOf(progress: DeletionProgress): Map<string, { reason: string; message: string }> {
  const problems = new Map<string, { reason: string; message: string }>();
  const { discoveryFailures, contentErrors, remaining, finalizers } = progress;
  if (discoveryFailures.size > 0) {
    const causes = [...discoveryFailures].map(([groupVersion, error]) => `${groupVersion}: ${messageOf(error)}`).sort();
    const list = `unable to retrieve the complete list of server APIs: ${causes.join(", ")}`;
    const message = `Discovery failed for some groups, ${discoveryFailures.size} failing: ${list}`;
    problems.set("NamespaceDeletionDiscoveryFailure", { reason: "DiscoveryFailed", message });
  }
  if (contentErrors.length > 0) {
    const texts = contentErrors.map(messageOf).sort().join(", ");
    const message = `Failed to delete all resource types, ${contentErrors.length} remaining: ${texts}`;
    problems.set("NamespaceDeletionContentFailure", { reason: "ContentDeletionFailed", message });
  }
  if (remaining.size > 0) {
    const texts = [...remaining].map(([resource, count]) => `${resource} has ${count} resource instances`).sort();
    const message = `Some resources are remaining: ${texts.join(", ")}`;
    problems.set("NamespaceContentRemaining", { reason: "SomeResourcesRemain", message });
  }
  if (finalizers.size > 0) {
    const texts = [...finalizers].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).sort();
    const message = `Some finalizers are remaining: ${texts.join(", ")}`;
    problems.set("NamespaceFinalizersRemaining", { reason: "SomeFinalizerRemain", message });
  }
  return problems;
}
