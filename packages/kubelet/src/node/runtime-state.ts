/** Whether the container runtime and its network work. */

import type { RuntimeService, StatusResponse, VersionResponse } from "@kubets/cri";

export interface RuntimeState {
  readonly version: VersionResponse | undefined;
  readonly status: StatusResponse | undefined;
  /** Why containers cannot be run; undefined when they can. */
  readonly runtimeProblem: string | undefined;
  /** Why pods cannot have a network; undefined when they can. */
  readonly networkProblem: string | undefined;
}

export const unknownRuntime: RuntimeState = {
  version: undefined,
  status: undefined,
  runtimeProblem: "container runtime status check may not have completed yet",
  networkProblem: "container runtime status check may not have completed yet",
};

/** Asks the runtime. Never fails: that it does not answer is an answer. */
export async function readRuntimeState(
  runtime: RuntimeService,
  before: RuntimeState,
  signal: AbortSignal,
): Promise<RuntimeState> {
  try {
    const version = before.version ?? (await runtime.version({ version: "0.1.0" }, { signal }));
    const status = await runtime.status({}, { signal });
    return {
      version,
      status,
      runtimeProblem: problemOf(status, "RuntimeReady", "container runtime not ready"),
      networkProblem: problemOf(status, "NetworkReady", "container runtime network not ready"),
    };
  } catch (error) {
    signal.throwIfAborted();
    const text = `container runtime is down: ${(error as Error).message}`;
    return { ...before, runtimeProblem: text, networkProblem: before.networkProblem };
  }
}

function problemOf({ status }: StatusResponse, type: string, prefix: string): string | undefined {
  const condition = status?.conditions.find((c) => c.type === type);
  if (condition?.status === true) return undefined;
  if (condition === undefined) return `${prefix}: ${type} is not reported`;
  return `${prefix}: ${type}=false reason:${condition.reason} message:${condition.message}`;
}
