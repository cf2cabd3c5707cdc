/** Conditions and names of a CustomResourceDefinition. Source: apiextensions' apihelpers. */

import { formatTime } from "@kubets/apimachinery";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition,
  CustomResourceDefinitionVersion,
} from "../generated/types.ts";

/** Holds a CRD until all objects of its kind are gone. */
export const customResourceCleanupFinalizer = "customresourcecleanup.apiextensions.k8s.io";

export type CrdConditionType =
  | "Established"
  | "NamesAccepted"
  | "NonStructuralSchema"
  | "Terminating"
  | "KubernetesAPIApprovalPolicyConformant";

export interface CrdCondition {
  readonly type: CrdConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Undefined as long as nobody has written it. */
export function findCrdCondition(
  crd: CustomResourceDefinition,
  type: CrdConditionType,
): CustomResourceDefinitionCondition | undefined {
  return crd.status?.conditions?.find((condition) => condition.type === type);
}

/** False also for one that is Unknown, or not there. */
export function isCrdConditionTrue(crd: CustomResourceDefinition, type: CrdConditionType): boolean {
  return findCrdCondition(crd, type)?.status === "True";
}

/** Adds or replaces a condition, in place; its time changes with its status. */
export function setCrdCondition(crd: CustomResourceDefinition, condition: CrdCondition, nowMs: number): void {
  crd.status ??= {};
  crd.status.conditions ??= [];
  const present = findCrdCondition(crd, condition.type);
  const now = formatTime(nowMs);
  if (present === undefined) {
    crd.status.conditions.push({ lastTransitionTime: now, ...condition });
    return;
  }
  if (present.status !== condition.status || !present.lastTransitionTime) present.lastTransitionTime = now;
  Object.assign(present, condition);
}

/** The version objects are stored in. A valid CRD has exactly one. */
export function storageVersionOf(crd: CustomResourceDefinition): CustomResourceDefinitionVersion | undefined {
  return crd.spec?.versions?.find((version) => version.storage);
}
