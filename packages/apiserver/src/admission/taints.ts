/** Tolerations that every pod gets, and the taint that every new node gets. Source: kubernetes' admission plugins defaulttolerationseconds and nodetaint. */

import type { Node, Pod, Toleration } from "@kubets/api";
import { onlyAbout } from "./errors.ts";
import type { AdmissionPlugin } from "./plugin.ts";

const notReady = "node.kubernetes.io/not-ready";
const unreachable = "node.kubernetes.io/unreachable";

/**
 * How long a pod stays on a node that is not ready or not reachable.
 * @param seconds `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds`
 */
export function defaultTolerationSeconds(seconds = { notReady: 300, unreachable: 300 }): AdmissionPlugin {
  return {
    name: "DefaultTolerationSeconds",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    concerns: onlyAbout("", "pods"),
    mutate(attributes) {
      const { spec } = attributes.object as Pod;
      if (spec === undefined) return;
      const given = spec.tolerations ?? [];
      const missing = [
        ...(tolerates(given, notReady) ? [] : [evictAfter(notReady, seconds.notReady)]),
        ...(tolerates(given, unreachable) ? [] : [evictAfter(unreachable, seconds.unreachable)]),
      ];
      if (missing.length > 0) spec.tolerations = [...given, ...missing];
    },
  };
}

function tolerates(tolerations: readonly Toleration[], key: string): boolean {
  return tolerations.some(
    (toleration) =>
      (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === "NoExecute"),
  );
}

function evictAfter(key: string, tolerationSeconds: number): Toleration {
  return { key, operator: "Exists", effect: "NoExecute", tolerationSeconds };
}

/** A node starts out as not ready, or pods would land on it before anyone knows. */
export const taintNodesByCondition: AdmissionPlugin = {
  name: "TaintNodesByCondition",
  handles: (operation) => operation === "CREATE",
  concerns: onlyAbout("", "nodes"),
  mutate(attributes) {
    const node = attributes.object as Node;
    node.spec ??= {};
    const taint = { key: notReady, effect: "NoSchedule" };
    const isThere = node.spec.taints?.some(({ key, effect }) => key === taint.key && effect === taint.effect);
    if (!isThere) node.spec.taints = [...(node.spec.taints ?? []), taint];
  },
};
