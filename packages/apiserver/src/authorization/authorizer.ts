/** Whether they may. */

import type { FieldSelector, LabelRequirement } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";

/** Who wants to do what. Where it is no resource request, only verb and path count. */
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
  /** Likewise. All hold, so an authorizer that knows only some of them errs on the side of refusing. */
  readonly labelSelector?: readonly LabelRequirement[];
}

/** What an authorizer says. NoOpinion leaves it to the next; where nobody has one, the answer is no. */
export interface AuthorizationDecision {
  readonly decision: "Allow" | "Deny" | "NoOpinion";
  readonly reason: string;
  /** What went wrong on the way: a webhook that could not be asked. A decision other than Allow that carries it is a server's failure, not a refusal. */
  readonly error?: string;
}

/** authorization.k8s.io's ResourceRule: what may be done to which resources. `*` is all of them. */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Likewise for paths that are no resources; a path may end in `*`. */
export interface NonResourceRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** All that a user may do in a namespace, as far as it can be told. */
export interface UserRules {
  readonly resourceRules: readonly ResourceRule[];
  readonly nonResourceRules: readonly NonResourceRule[];
  /** There may be more: an authorizer cannot tell its rules. */
  readonly incomplete: boolean;
  /** Why, for `status.evaluationError`. */
  readonly error?: string;
}

/** Says whether a request may go on. */
export interface Authorizer {
  authorize(attributes: AuthorizationAttributes): AuthorizationDecision | Promise<AuthorizationDecision>;
  /** For SelfSubjectRulesReview. */
  rulesFor?(user: UserInfo, namespace: string): UserRules;
}
