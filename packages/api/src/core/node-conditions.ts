import type { Node, NodeCondition } from "../generated/types.ts";

/** What the node's kubelet, or the node lifecycle controller in its stead, says of it. */
export function nodeCondition(node: Node, type: string): NodeCondition | undefined {
  return node.status?.conditions?.find((condition) => condition.type === type);
}

/** The `Ready` condition is true. Unknown, as when its kubelet is silent, is not ready. */
export function isNodeReady(node: Node): boolean {
  return nodeCondition(node, "Ready")?.status === "True";
}
