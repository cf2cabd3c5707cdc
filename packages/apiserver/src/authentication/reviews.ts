/** TokenReview and SelfSubjectReview: object in, object out. Source: kubernetes' registry/authentication. */

import type { UserInfo as ApiUserInfo, SelfSubjectReview, TokenReview, TokenReviewStatus } from "@kubets/api";
import { badRequest, type Clock, formatTime, StatusError } from "@kubets/apimachinery";
import type { UserInfo } from "./authenticator.ts";
import type { TokenAuthenticator } from "./token.ts";
import { withAuthenticatedGroup } from "./union.ts";

/** As the API spells a user: empty parts are left out. */
function apiUserOf({ name, uid, groups, extra }: UserInfo): ApiUserInfo {
  return {
    username: name,
    ...(uid ? { uid } : {}),
    ...(groups.length === 0 ? {} : { groups: [...groups] }),
    ...(extra === undefined || Object.keys(extra).length === 0
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
}

/** @throws StatusError 400 without a token */
export async function reviewToken(
  review: TokenReview,
  tokens: TokenAuthenticator,
  apiAudiences: readonly string[],
): Promise<TokenReview> {
  const { token, audiences = [] } = review.spec ?? { token: "" };
  if (!token) throw badRequest("token is required for TokenReview in authentication");
  const status = await statusOf(tokens, token, audiences.length > 0 ? audiences : apiAudiences);
  const { metadata, spec } = review;
  return {
    kind: "TokenReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: metadata ?? {},
    ...(spec === undefined ? {} : { spec }),
    status,
  };
}

async function statusOf(
  tokens: TokenAuthenticator,
  token: string,
  audiences: readonly string[],
): Promise<TokenReviewStatus> {
  try {
    const answer = await tokens.authenticateToken(token, audiences);
    if (answer === undefined) return { user: {}, error: "invalid bearer token" };
    const common = answer.audiences ?? audiences;
    return {
      authenticated: true,
      user: apiUserOf(withAuthenticatedGroup(answer.user)),
      ...(common.length === 0 ? {} : { audiences: [...common] }),
    };
  } catch (error) {
    // Why a token is bad is what this review is for; in any other answer it would be too much said.
    const { cause } = error as Error;
    if (!(error instanceof StatusError) || !(cause instanceof Error)) throw error;
    return { user: {}, error: cause.message };
  }
}

export function reviewSelf(review: SelfSubjectReview, user: UserInfo, clock: Clock): SelfSubjectReview {
  return {
    kind: "SelfSubjectReview",
    apiVersion: "authentication.k8s.io/v1",
    metadata: { ...review.metadata, creationTimestamp: formatTime(clock.now()) },
    status: { userInfo: apiUserOf(user) },
  };
}
