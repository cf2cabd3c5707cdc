/** What the runtime says about one pod: the input of every decision. Times are epoch milliseconds; 0 when there is none. */

import type { PodRef } from "../pods/pod-ref.ts";

export type RuntimeContainerState = "created" | "running" | "exited" | "unknown";

export interface RuntimeContainer {
  readonly id: string;
  readonly name: string;
  readonly sandboxId: string;
  readonly state: RuntimeContainerState;
  readonly createdAt: number;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`. */
  readonly reason: string;
  /** The termination message; read from its file or the log for containers that have exited. */
  readonly message: string;
  /** As the spec named it. */
  readonly image: string;
  /** The digest reference a status reports as `imageID`. */
  readonly imageId: string;
  readonly hash: string;
  readonly restartCount: number;
  readonly logPath: string;
  readonly stopSignal?: string;
  readonly user?: { readonly uid: number; readonly gid: number; readonly supplementalGroups: readonly number[] };
}

export interface RuntimeSandbox {
  readonly id: string;
  readonly ready: boolean;
  readonly attempt: number;
  readonly createdAt: number;
  /** First the primary address. Empty for host network. */
  readonly ips: readonly string[];
  /** Shares the node's network. */
  readonly hostNetwork: boolean;
}

export interface RuntimePod extends PodRef {
  /** Newest first. */
  readonly sandboxes: readonly RuntimeSandbox[];
  /** Newest first. */
  readonly containers: readonly RuntimeContainer[];
  /** Of the newest sandbox when it is ready. */
  readonly ips: readonly string[];
}

/** The newest container of this name. */
export function latestContainer(status: RuntimePod, name: string): RuntimeContainer | undefined {
  return status.containers.find((container) => container.name === name);
}

export function hasRunningParts(status: RuntimePod): boolean {
  return status.sandboxes.some((s) => s.ready) || status.containers.some((c) => c.state === "running");
}
