/** Reviews of the authorization group: questions that are answered and not stored. */

import { define } from "../define.ts";
import type {
  LocalSubjectAccessReview,
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from "../generated/types.ts";

const group = "authorization.k8s.io";
const rules = { virtual: true };

export const localSubjectAccessReviewDefinition = define<LocalSubjectAccessReview>(
  group,
  "v1",
  "localsubjectaccessreviews",
  rules,
);
export const selfSubjectAccessReviewDefinition = define<SelfSubjectAccessReview>(
  group,
  "v1",
  "selfsubjectaccessreviews",
  rules,
);
export const selfSubjectRulesReviewDefinition = define<SelfSubjectRulesReview>(
  group,
  "v1",
  "selfsubjectrulesreviews",
  rules,
);
export const subjectAccessReviewDefinition = define<SubjectAccessReview>(group, "v1", "subjectaccessreviews", rules);
