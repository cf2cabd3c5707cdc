/** Reviews of the authentication group: questions that are answered and not stored. */

import { define } from "../define.ts";
import type { SelfSubjectReview, TokenReview } from "../generated/types.ts";

const group = "authentication.k8s.io";
const rules = { virtual: true };

export const selfSubjectReviewDefinition = define<SelfSubjectReview>(group, "v1", "selfsubjectreviews", rules);
export const tokenReviewDefinition = define<TokenReview>(group, "v1", "tokenreviews", rules);
