import { type HostPort, hostPortsOf } from "../framework/node-info.ts";
import type { Plugin } from "../framework/plugin.ts";
import { skip, unschedulable } from "../framework/status.ts";

const stateKey = "NodePorts";

/** Host ports are free on the node. */
export const nodePorts: Plugin = {
  name: "NodePorts",
  preFilter(state, pod) {
    const ports = hostPortsOf(pod);
    if (ports.length === 0) return skip;
    state.set(stateKey, ports);
    return undefined;
  },
  filter(state, _pod, node) {
    const ports = state.get(stateKey) as readonly HostPort[];
    if (!ports.some((port) => node.usedPorts.conflicts(port))) return undefined;
    return unschedulable("node(s) didn't have free ports for the requested pod ports");
  },
  isHelpfulEvent(event, pod) {
    if (event.kind === "NodeAdd") return true;
    if (event.kind !== "AssignedPodDelete") return false;
    const wanted = hostPortsOf(pod);
    return hostPortsOf(event.pod).some((freed) =>
      wanted.some((p) => p.port === freed.port && p.protocol === freed.protocol),
    );
  },
};
