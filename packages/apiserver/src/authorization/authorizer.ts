/** Whether they may. */

import type { FieldSelector } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";

export interface AuthorizationAttributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResourceRequest: boolean;
  readonly namespace: string;
  readonly apiGroup: string;
  readonly apiVersion: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** For non-resource requests. */
  readonly path: string;
  /** The selector of a list, watch or deletecollection, where there is one that can be read: the Node authorizer goes by it. */
  readonly fieldSelector?: FieldSelector;
}

export interface AuthorizationDecision {
  readonly decision: "Allow" | "Deny" | "NoOpinion";
  readonly reason: string;
}

export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision | Promise<AuthorizationDecision>;
  /** For SelfSubjectRulesReview. */
  rulesFor?(
    user: UserInfo,
    namespace: string,
  ): { resourceRules: ResourceRule[]; nonResourceRules: NonResourceRule[]; incomplete: boolean };
}
