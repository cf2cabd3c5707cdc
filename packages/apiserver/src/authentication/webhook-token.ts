/** Another server knows the tokens: `--authentication-token-webhook-config-file`. Source: apiserver's authenticator/token/webhook. */

import type { TokenReviewStatus } from "@kubets/api";
import { type Clock, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import { postWithRetry, type RetryBackoff, type WebhookCaller } from "../authorization/webhook-retry.ts";
import type { TokenAnswer, TokenAuthenticator } from "./token.ts";
import { rejected } from "./union.ts";

export interface WebhookTokenOptions {
  readonly caller: WebhookCaller;
  /** Of the TokenReview that is sent: `--authentication-token-webhook-version`. */
  readonly version: "v1" | "v1beta1";
  /** Whom a token is taken to be for when the answer does not say: `--api-audiences`. */
  readonly implicitAudiences: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly timeoutMs?: number;
  readonly backoff?: RetryBackoff;
  /** Ends the asking: an answer is for all who come with the same token. */
  readonly signal: AbortSignal;
}

/** Upstream's. */
const defaultTimeoutMs = 10_000;

export function webhookTokenAuthenticator(options: WebhookTokenOptions): TokenAuthenticator {
  const { implicitAudiences, timeoutMs = defaultTimeoutMs } = options;
  return {
    async authenticateToken(token, audiences) {
      const spec = { token, ...(audiences.length === 0 ? {} : { audiences: [...audiences] }) };
      const review = {
        kind: "TokenReview",
        apiVersion: `authentication.k8s.io/${options.version}`,
        metadata: {},
        spec,
        status: { user: {} },
      };
      const status = await ask(options, review, timeoutMs);
      return answerOf(status, audiences, implicitAudiences);
    },
  };
}

async function ask(options: WebhookTokenOptions, review: object, timeoutMs: number): Promise<TokenReviewStatus> {
  try {
    const answer = await postWithRetry(options.caller, review, { ...options, timeoutMs });
    return (answer as { status?: TokenReviewStatus } | null)?.status ?? {};
  } catch (error) {
    options.logger.error("Failed to make webhook authenticator request", { err: messageOf(error) });
    throw rejected(messageOf(error), error);
  }
}

function answerOf(
  status: TokenReviewStatus,
  wanted: readonly string[],
  implicit: readonly string[],
): TokenAnswer | undefined {
  const given = status.audiences?.length ? status.audiences : implicit;
  const audiences = wanted.filter((audience) => given.includes(audience));
  if (wanted.length > 0 && audiences.length === 0) return undefined;
  if (status.authenticated !== true) {
    if (!status.error) return undefined;
    throw rejected(status.error);
  }
  const { username = "", uid = "", groups, extra } = status.user ?? {};
  return {
    user: {
      name: username,
      ...(uid === "" ? {} : { uid }),
      groups: groups ?? [],
      ...(extra === undefined || extra === null ? {} : { extra }),
    },
    ...(wanted.length === 0 ? {} : { audiences }),
  };
}
