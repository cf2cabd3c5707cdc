/** Ports of a Pod's containers that get in each other's way. Source: pkg/api/pod/warnings.go. */

import type { FieldPath } from "@kubets/apimachinery";
import type { ContainerPort, PodSpec } from "../generated/types.ts";
import { allContainers } from "./pod-helpers.ts";

export function portWarnings(spec: PodSpec, at: FieldPath): string[] {
  const warnings: string[] = [];
  const known = new Map<string, { port: ContainerPort; here: FieldPath }[]>();
  for (const { kind, index, container } of allContainers(spec))
    for (const [i, port] of (container.ports ?? []).entries()) {
      const here = at.child(kind).index(index).child("ports").index(i);
      if (port.hostIP && !port.hostPort) warnings.push(`${here}: hostIP set without hostPort: ${JSON.stringify(port)}`);
      const key = `${port.containerPort}/${port.protocol ?? ""}`;
      const others = known.get(key) ?? [];
      for (const other of others) {
        const problem = overlap(port, other.port);
        if (problem !== undefined) warnings.push(`${here}: ${problem} port definition with ${other.here}`);
      }
      known.set(key, [...others, { port, here }]);
    }
  return warnings;
}

function overlap(port: ContainerPort, other: ContainerPort): string | undefined {
  const { hostIP = "", hostPort = 0 } = port;
  const { hostIP: otherIP = "", hostPort: otherPort = 0 } = other;
  if (hostIP === otherIP && hostPort === otherPort) return "duplicate";
  if (hostPort === 0 || otherPort === 0) return "overlapping";
  const oneIsAnyIP = (hostIP === "") !== (otherIP === "");
  return hostPort === otherPort && oneIsAnyIP ? "dangerously ambiguous" : undefined;
}
