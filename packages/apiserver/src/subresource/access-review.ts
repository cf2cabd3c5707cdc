/** SubjectAccessReview and its relatives: the authorizer's answer as an object. Source: pkg/registry/authorization. */

import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
  SubjectAccessReviewStatus,
} from "@kubets/api";
import { badRequest, type FieldError, invalid, invalidValue, path } from "@kubets/apimachinery";
import type { UserInfo } from "../authentication/authenticator.ts";
import { reviewSelf } from "../authentication/reviews.ts";
import type { AuthorizationAttributes, Authorizer } from "../authorization/authorizer.ts";
import type { VirtualHandler } from "../server/context.ts";

type Spec = NonNullable<SubjectAccessReview["spec"]>;

const apiVersion = "authorization.k8s.io/v1";

/** By `group/plural`. */
export const accessReviews: Readonly<Record<string, VirtualHandler>> = {
  "authorization.k8s.io/subjectaccessreviews": async ({ server }, object) => {
    const review = object as SubjectAccessReview;
    requireSubject(review.spec ?? {}, "SubjectAccessReview");
    return await answered(server.authorizer, review, "SubjectAccessReview", subjectOf(review.spec ?? {}));
  },
  "authorization.k8s.io/localsubjectaccessreviews": async ({ server, info }, object) => {
    const review = object as LocalSubjectAccessReview;
    requireSubject(review.spec ?? {}, "LocalSubjectAccessReview");
    if (review.spec?.resourceAttributes?.namespace !== info.namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${info.namespace}`);
    }
    return await answered(server.authorizer, review, "LocalSubjectAccessReview", subjectOf(review.spec ?? {}));
  },
  "authorization.k8s.io/selfsubjectaccessreviews": async ({ server, user }, object) => {
    const review = object as SelfSubjectAccessReview;
    requireOneKind((review.spec ?? {}) as Spec, "SelfSubjectAccessReview");
    return await answered(server.authorizer, review as SubjectAccessReview, "SelfSubjectAccessReview", user);
  },
  "authorization.k8s.io/selfsubjectrulesreviews": async ({ server, user }, object) => {
    const { metadata = {}, spec } = object as SelfSubjectRulesReview;
    const namespace = spec?.namespace ?? "";
    if (namespace === "") throw badRequest("no namespace on request");
    const rules = server.authorizer.rulesFor?.(user, namespace);
    const status = {
      resourceRules: rules?.resourceRules ?? [],
      nonResourceRules: rules?.nonResourceRules ?? [],
      incomplete: rules?.incomplete ?? true,
    };
    return { kind: "SelfSubjectRulesReview", apiVersion, metadata, spec, status };
  },
  "authentication.k8s.io/selfsubjectreviews": async ({ server, user }, object) =>
    reviewSelf(object as SelfSubjectReview, user, server.clock),
};

async function answered(
  authorizer: Authorizer,
  { metadata = {}, spec = {} }: Pick<SubjectAccessReview, "metadata" | "spec">,
  kind: string,
  user: UserInfo,
): Promise<object> {
  return { kind, apiVersion, metadata, spec, status: await statusOf(authorizer, attributesOf(spec, user)) };
}

async function statusOf(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
): Promise<SubjectAccessReviewStatus> {
  const { decision, reason } = await authorizer.authorize(attributes);
  return {
    allowed: decision === "Allow",
    ...(decision === "Deny" ? { denied: true } : {}),
    ...(reason === "" ? {} : { reason }),
  };
}

function subjectOf({ user = "", uid, groups = [], extra }: Spec): UserInfo {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra === undefined ? {} : { extra }) };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Spec, user: UserInfo): AuthorizationAttributes {
  const {
    namespace = "",
    verb = "",
    group = "",
    version = "",
    resource = "",
    subresource = "",
    name = "",
  } = resourceAttributes ?? {};
  return {
    user,
    verb: resourceAttributes === undefined ? (nonResourceAttributes?.verb ?? "") : verb,
    isResourceRequest: resourceAttributes !== undefined,
    namespace,
    apiGroup: group,
    apiVersion: version,
    resource,
    subresource,
    name,
    path: nonResourceAttributes?.path ?? "",
  };
}

function requireSubject(spec: Spec, kind: string): void {
  requireOneKind(spec, kind);
  if (spec.user || (spec.groups ?? []).length > 0) return;
  const error = invalidValue(path("spec.user"), spec.user ?? "", "at least one of user or group must be specified");
  throw invalid("authorization.k8s.io", kind, "", [error]);
}

function requireOneKind({ resourceAttributes, nonResourceAttributes }: Spec, kind: string): void {
  const errors: FieldError[] = [];
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const why = "cannot be specified in combination with resourceAttributes";
    errors.push(invalidValue(path("spec.nonResourceAttributes"), nonResourceAttributes, why));
  }
  if (resourceAttributes === undefined && nonResourceAttributes === undefined) {
    const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
    errors.push(invalidValue(path("spec.resourceAttributes"), null, why));
  }
  if (errors.length > 0) throw invalid("authorization.k8s.io", kind, "", errors);
}
