/** Nodes without containers, each with an identity of its own, in the control plane's process. */

import type { Component } from "@kubets/apimachinery";
import type { ControlPlaneMeans } from "./control-plane.ts";

export async function simulatedNodes(count: number, means: ControlPlaneMeans): Promise<Component> {
  const { SimulatedNodes } = await import("@kubets/kubelet");
  return new SimulatedNodes({
    ...means,
    client: means.clientFor("system:kubets", ["system:masters", "system:authenticated"]),
    clientFor: (node) => means.clientFor(`system:node:${node}`, ["system:nodes", "system:authenticated"]),
    count,
  });
}
