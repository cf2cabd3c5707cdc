/** The vocabulary of what is to be done to a pod's containers, and why. */

import type { Container } from "@kubets/api";
import { hashContainer } from "./container-hash.ts";
import type { RuntimeContainer } from "./pod-status.ts";

export type KillReason = "" | "Unknown" | "StartupProbe" | "LivenessProbe";

export interface ContainerToKill {
  readonly id: string;
  readonly name: string;
  readonly container: Container | undefined;
  /** The text of the Killing event. */
  readonly message: string;
  readonly reason: KillReason;
}

export interface PodActions {
  /** Stop all containers and the sandbox. */
  killPod: boolean;
  createSandbox: boolean;
  /** The sandbox in use, or the last one when a new one is to be created; "" when there was none. */
  sandboxId: string;
  /** Of the sandbox to create. */
  attempt: number;
  /** Indexes into the spec, in order of start. */
  initContainersToStart: number[];
  containersToStart: number[];
  ephemeralContainersToStart: number[];
  containersToKill: ContainerToKill[];
}

export type ProbeVerdict = "success" | "failure" | "unknown";

/** Results of the probes by container id; undefined when there is none yet, or no probe. */
export interface ProbeVerdicts {
  liveness(containerId: string): ProbeVerdict | undefined;
  startup(containerId: string): ProbeVerdict | undefined;
}

export const noVerdicts: ProbeVerdicts = { liveness: () => undefined, startup: () => undefined };

/** The container was made from another name or image. One without a hash is another kubelet's: leave it. */
export function isChanged(container: Container, current: RuntimeContainer): boolean {
  return current.hash !== "" && current.hash !== hashContainer(container);
}

export function killUnknown(current: RuntimeContainer, container: Container, what: string): ContainerToKill {
  return {
    id: current.id,
    name: current.name,
    container,
    message: `${what} is in "unknown" state, try killing it before restart`,
    reason: "Unknown",
  };
}
