/** What a plugin says of a pod and a node. Source: k8s.io/kube-scheduler/framework. */

export type StatusCode =
  | "Success"
  /** Not now; another event, or another node's pods going away, may change it. */
  | "Unschedulable"
  /** Not now, and removing pods from the node would not help. */
  | "UnschedulableAndUnresolvable"
  | "Error"
  /** Permit only: hold the pod until someone allows or rejects it. */
  | "Wait"
  /** PreFilter and PreScore: the plugin has nothing to say of this pod; its Filter or Score is not called. */
  | "Skip"
  /** PreEnqueue and gates: keep the pod out of the queue altogether. */
  | "Pending";

export interface SchedulingStatus {
  readonly code: StatusCode;
  readonly reasons: readonly string[];
  /** The plugin that did not say Success. */
  readonly plugin?: string;
  readonly error?: unknown;
}

/** Success is `undefined`, so that the common answer costs nothing. */
export type Result = SchedulingStatus | undefined;

/** The pod does not fit now; evicting others may make room. */
export function unschedulable(...reasons: string[]): SchedulingStatus {
  return { code: "Unschedulable", reasons };
}

/** The pod does not fit, and evicting others would not help. */
export function unresolvable(...reasons: string[]): SchedulingStatus {
  return { code: "UnschedulableAndUnresolvable", reasons };
}

/** The plugin has nothing to say of this pod: it is left out of the step that this one prepares. */
export const skip: SchedulingStatus = { code: "Skip", reasons: [] };

/** Neither success, which is undefined, nor a plugin that has nothing to say. */
export function isRejection(status: Result): status is SchedulingStatus {
  return status !== undefined && status.code !== "Skip";
}
