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
import { selectorsOf } from "../authorization/selector-attributes.ts";
import type { VirtualHandler } from "../server/context.ts";

type Spec = NonNullable<SubjectAccessReview["spec"]>;

const apiVersion = "authorization.k8s.io/v1";

/** By `group/plural`. */
export const accessReviews: Readonly<Record<string, VirtualHandler>> = {
  "authorization.k8s.io/subjectaccessreviews": async ({ server }, object) => {
    const review = object as SubjectAccessReview;
    refuse("SubjectAccessReview", [...specErrors(review.spec ?? {}), ...metadataErrors(review)]);
    return await answered(server.authorizer, review, "SubjectAccessReview", subjectOf(review.spec ?? {}));
  },
  "authorization.k8s.io/localsubjectaccessreviews": async ({ server, info }, object) => {
    const review = object as LocalSubjectAccessReview;
    refuse("LocalSubjectAccessReview", localErrors(review, info.namespace));
    return await answered(server.authorizer, review, "LocalSubjectAccessReview", subjectOf(review.spec ?? {}));
  },
  "authorization.k8s.io/selfsubjectaccessreviews": async ({ server, user }, object) => {
    const review = object as SelfSubjectAccessReview;
    refuse("SelfSubjectAccessReview", [...attributeErrors((review.spec ?? {}) as Spec), ...metadataErrors(review)]);
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
      ...(rules?.error === undefined ? {} : { evaluationError: rules.error }),
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
  const ignored: string[] = [];
  const attributes = attributesOf(spec, user, (why) => ignored.push(why));
  return { kind, apiVersion, metadata, spec, status: await statusOf(authorizer, attributes, ignored) };
}

async function statusOf(
  authorizer: Authorizer,
  attributes: AuthorizationAttributes,
  ignored: readonly string[],
): Promise<SubjectAccessReviewStatus> {
  const { decision, reason, error } = await authorizer.authorize(attributes);
  const evaluationError = [...(error === undefined ? [] : [error]), ...ignored].join("; ");
  return {
    allowed: decision === "Allow",
    ...(decision === "Deny" ? { denied: true } : {}),
    ...(reason === "" ? {} : { reason }),
    ...(evaluationError === "" ? {} : { evaluationError }),
  };
}

function subjectOf({ user = "", uid, groups = [], extra }: Spec): UserInfo {
  return { name: user, groups, ...(uid ? { uid } : {}), ...(extra === undefined ? {} : { extra }) };
}

function attributesOf(
  { resourceAttributes, nonResourceAttributes }: Spec,
  user: UserInfo,
  ignored: (why: string) => void,
): AuthorizationAttributes {
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
    apiVersion: resourceAttributes !== undefined && version === "" ? "*" : version,
    resource,
    subresource,
    name,
    path: nonResourceAttributes?.path ?? "",
    ...(resourceAttributes === undefined ? {} : selectorsOf(resourceAttributes, ignored)),
  };
}

function refuse(kind: string, errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid("authorization.k8s.io", kind, "", errors);
}

function specErrors(spec: Spec): FieldError[] {
  const errors = attributeErrors(spec);
  if (!spec.user && (spec.groups ?? []).length === 0)
    errors.push(invalidValue(path("spec.user"), spec.user ?? "", "at least one of user or group must be specified"));
  return errors;
}

function attributeErrors({ resourceAttributes, nonResourceAttributes }: Spec): FieldError[] {
  if (resourceAttributes !== undefined && nonResourceAttributes !== undefined) {
    const why = "cannot be specified in combination with resourceAttributes";
    return [invalidValue(path("spec.nonResourceAttributes"), nonResourceAttributes, why)];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  const why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
  return [invalidValue(path("spec.resourceAttributes"), null, why)];
}

/** A review is a question, not a thing with a name. */
function metadataErrors({ metadata }: Pick<SubjectAccessReview, "metadata">): FieldError[] {
  const { managedFields: _unseen, creationTimestamp: _none, ...rest } = metadata ?? {};
  return Object.keys(rest).length === 0 ? [] : [invalidValue(path("metadata"), metadata, "must be empty")];
}

function localErrors({ metadata, spec = {} }: LocalSubjectAccessReview, namespace: string): FieldError[] {
  const errors = specErrors(spec);
  const { managedFields: _unseen, creationTimestamp: _none, namespace: _home, ...rest } = metadata ?? {};
  if (Object.keys(rest).length > 0)
    errors.push(invalidValue(path("metadata"), metadata, "must be empty except for namespace"));
  const { resourceAttributes, nonResourceAttributes } = spec;
  const asked = resourceAttributes?.namespace ?? "";
  if (resourceAttributes !== undefined && asked !== namespace)
    errors.push(invalidValue(path("spec.resourceAttributes.namespace"), asked, "must match metadata.namespace"));
  if (nonResourceAttributes !== undefined) {
    const why = "disallowed on this kind of request";
    errors.push(invalidValue(path("spec.nonResourceAttributes"), nonResourceAttributes, why));
  }
  return errors;
}
