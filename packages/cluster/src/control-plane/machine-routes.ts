/** The machine's routes to its own nodes, as `NodeRoutes` wants them. */

import type { RouteTable } from "@kubets/network";
import type { ClusterConfig } from "../config.ts";
import { type LocalNode, localNodes, subnetsOf } from "../local-nodes.ts";
import { routeServices } from "../node/cluster-network.ts";
import { routePods } from "../node/node-network.ts";

export function machineRoutes(config: ClusterConfig): RouteTable {
  const byName = new Map(localNodes(config).map((node) => [node.name, node]));
  const nodeOf = (name: string): LocalNode => {
    const node = byName.get(name);
    if (node === undefined) throw new Error(`${name} is not a node of this machine`);
    return node;
  };
  return {
    routePods: (podCIDR, name) => routePods(nodeOf(name).layout, podCIDR, nodeOf(name).address),
    routeServices: (names) => {
      const hops = names.map(nodeOf).map(({ address, layout }) => ({ address, hostInterface: layout.hostInterface }));
      return routeServices(subnetsOf(config), hops);
    },
  };
}
