/** The annotation that APIs in Kubernetes' own groups need. Source: apiextensions' apihelpers. */

import { type FieldError, invalidValue, path, required } from "@kubets/apimachinery";
import type { CustomResourceDefinition } from "../generated/types.ts";

const apiApprovedAnnotation = "api-approved.kubernetes.io";
const policy = "see https://github.com/kubernetes/enhancements/pull/1111";

export type ApprovalState = "Invalid" | "Approved" | "Bypassed" | "Missing";

export interface ApiApproval {
  readonly state: ApprovalState;
  readonly reason: string;
}

/** Groups of the Kubernetes community: `*.k8s.io` and `*.kubernetes.io`. */
export function isProtectedCommunityGroup(group: string): boolean {
  return ["k8s.io", "kubernetes.io"].some((domain) => group === domain || group.endsWith(`.${domain}`));
}

/** How the annotation stands, and the sentence of the KubernetesAPIApprovalPolicyConformant condition. */
export function apiApprovalOf({ metadata }: CustomResourceDefinition): ApiApproval {
  const value = metadata?.annotations?.[apiApprovedAnnotation] ?? "";
  const needed = `protected groups must have approval annotation ${JSON.stringify(apiApprovedAnnotation)}`;
  if (value === "") return { state: "Missing", reason: `${needed}, ${policy}` };
  if (value.startsWith("unapproved")) return { state: "Bypassed", reason: `not approved: ${JSON.stringify(value)}` };
  if (URL.canParse(value) && new URL(value).host !== "") return { state: "Approved", reason: `approved in ${value}` };
  return { state: "Invalid", reason: `${needed} with either a URL or a reason starting with "unapproved", ${policy}` };
}

/** A state that did not change is never an error: whoever changes the spec alone must not be refused. */
export function validateApiApproval(crd: CustomResourceDefinition, old?: CustomResourceDefinition): FieldError[] {
  if (!isProtectedCommunityGroup(crd.spec?.group ?? "")) return [];
  const { state, reason } = apiApprovalOf(crd);
  if (old !== undefined && apiApprovalOf(old).state === state) return [];
  const at = path("metadata.annotations").key(apiApprovedAnnotation);
  if (state === "Missing") return [required(at, reason)];
  if (state !== "Invalid") return [];
  return [invalidValue(at, crd.metadata?.annotations?.[apiApprovedAnnotation], reason)];
}
