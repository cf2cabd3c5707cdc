/** What is told when a namespace becomes stricter than its pods are. Source: k8s.io/pod-security-admission (EvaluatePodsInNamespace). */

import type { Pod } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import { reasonsOf, violations } from "./evaluate.ts";
import { formatLevelVersion, type LevelVersion } from "./policy.ts";

const maxPods = 3000;
const maxMs = 1000;

export function existingPodWarnings(
  namespace: string,
  present: readonly Pod[],
  enforce: LevelVersion,
  clock: Clock,
): string[] {
  const pods = prioritized(present).slice(0, maxPods);
  const found = new Map<string, string[]>();
  const start = clock.monotonic();
  let checked = 0;
  for (const { spec, metadata } of pods) {
    checked++;
    const reasons = reasonsOf(violations(enforce, spec ?? { containers: [] }, metadata ?? {}));
    if (reasons !== "") found.set(reasons, [...(found.get(reasons) ?? []), metadata?.name ?? ""]);
    if (clock.monotonic() - start > maxMs) break;
  }
  const level = JSON.stringify(formatLevelVersion(enforce));
  return [
    ...(checked < present.length
      ? [`new PodSecurity enforce level only checked against the first ${checked} of ${present.length} existing pods`]
      : []),
    ...(found.size > 0
      ? [`existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${level}`]
      : []),
    ...[...found].map(([reasons, names]) => `${firstOf(names)}: ${reasons}`).sort(),
  ];
}

/** One pod of each controller first: its others are alike. */
function prioritized(pods: readonly Pod[]): Pod[] {
  const seen = new Set<string>();
  const alike: Pod[] = [];
  const first = pods.filter((pod) => {
    const uid = pod.metadata?.ownerReferences?.find(({ controller }) => controller)?.uid;
    if (uid === undefined) return true;
    if (!seen.has(uid)) {
      seen.add(uid);
      return true;
    }
    alike.push(pod);
    return false;
  });
  return [...first, ...alike];
}

function firstOf(names: string[]): string {
  const [first = ""] = names.sort();
  const others = names.length - 1;
  return others === 0 ? first : `${first} (and ${others} other ${others === 1 ? "pod" : "pods"})`;
}
