/** Another server decides: `--authorization-webhook-config-file` and authorizers of type Webhook. Source: apiserver's authorizer/webhook. */

import type { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from "@kubets/api";
import { type Clock, type Logger, messageOf, type Random } from "@kubets/apimachinery";
import { RememberedAnswers } from "../webhook/remembered-answers.ts";
import type { AuthorizationAttributes, AuthorizationDecision, Authorizer } from "./authorizer.ts";
import type { MatchConditions } from "./match-conditions.ts";
import { reviewSpecOf } from "./selector-attributes.ts";
import { postWithRetry, type RetryBackoff, type WebhookCaller } from "./webhook-retry.ts";

export interface WebhookAuthorizerOptions {
  readonly caller: WebhookCaller;
  /** Of the SubjectAccessReview that is sent. */
  readonly version: "v1" | "v1beta1";
  /** How long an answer is remembered; 0: not at all. */
  readonly authorizedTtlMs: number;
  readonly unauthorizedTtlMs: number;
  readonly timeoutMs: number;
  readonly failurePolicy: "NoOpinion" | "Deny";
  readonly matchConditions?: MatchConditions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly backoff?: RetryBackoff;
  /** Ends the asking: an answer is for all who asked the same. */
  readonly signal: AbortSignal;
}

/** Upstream's. */
const maxRemembered = 8192;
/** What a client chooses may not fill the memory. */
const maxRememberedLength = 10_000;

export class WebhookAuthorizer implements Authorizer {
  readonly #options: WebhookAuthorizerOptions;
  readonly #answers: RememberedAnswers<SubjectAccessReviewStatus>;
  /** What is being asked, so that a burst of the same question is one call. */
  readonly #asked = new Map<string, Promise<SubjectAccessReviewStatus>>();

  constructor(options: WebhookAuthorizerOptions) {
    this.#options = options;
    this.#answers = new RememberedAnswers(options.clock, maxRemembered);
  }

  authorize(attributes: AuthorizationAttributes): AuthorizationDecision | Promise<AuthorizationDecision> {
    const spec = reviewSpecOf(attributes);
    const matches = this.#options.matchConditions?.matches(spec) ?? true;
    if (matches === false) return { decision: "NoOpinion", reason: "" };
    if (matches !== true) return this.#failed(matches);
    const key = JSON.stringify(spec);
    const known = this.#answers.get(key);
    return known === undefined ? this.#ask(key, spec, attributes) : decisionOf(known);
  }

  rulesFor() {
    const error = "webhook authorizer does not support user rule resolution";
    return { resourceRules: [], nonResourceRules: [], incomplete: true, error };
  }

  #failed(error: unknown): AuthorizationDecision {
    return { decision: this.#options.failurePolicy, reason: "", error: messageOf(error) };
  }

  async #ask(
    key: string,
    spec: SubjectAccessReviewSpec,
    attributes: AuthorizationAttributes,
  ): Promise<AuthorizationDecision> {
    let asked = this.#asked.get(key);
    if (asked === undefined) {
      asked = this.#call(spec).finally(() => this.#asked.delete(key));
      this.#asked.set(key, asked);
    }
    try {
      const status = await asked;
      const { authorizedTtlMs, unauthorizedTtlMs } = this.#options;
      const ttlMs = status.allowed === true ? authorizedTtlMs : unauthorizedTtlMs;
      if (mayRemember(attributes)) this.#answers.set(key, status, ttlMs);
      return decisionOf(status);
    } catch (error) {
      this.#options.logger.error("Failed to make webhook authorizer request", { err: messageOf(error) });
      return this.#failed(error);
    }
  }

  async #call(spec: SubjectAccessReviewSpec): Promise<SubjectAccessReviewStatus> {
    const { caller, version } = this.#options;
    const review = {
      kind: "SubjectAccessReview",
      apiVersion: `authorization.k8s.io/${version}`,
      metadata: {},
      spec: version === "v1" ? spec : oldSpecOf(spec),
      status: { allowed: false },
    };
    const answer = (await postWithRetry(caller, review, this.#options)) as { status?: unknown } | null;
    const status = answer?.status;
    return typeof status === "object" && status !== null ? (status as SubjectAccessReviewStatus) : { allowed: false };
  }
}

/** v1beta1 says `group` where v1 says `groups`. */
function oldSpecOf({ groups, ...rest }: SubjectAccessReviewSpec): object {
  return groups === undefined ? rest : { ...rest, group: groups };
}

function mayRemember(attributes: AuthorizationAttributes): boolean {
  const { namespace, verb, apiGroup, apiVersion, resource, subresource, name, path } = attributes;
  const parts = [namespace, verb, apiGroup, apiVersion, resource, subresource, name, path];
  return parts.reduce((sum, part) => sum + part.length, 0) < maxRememberedLength;
}

function decisionOf({ allowed, denied, reason = "" }: SubjectAccessReviewStatus): AuthorizationDecision {
  if (denied === true) {
    const error = "webhook subject access review returned both allow and deny response";
    return { decision: "Deny", reason, ...(allowed === true ? { error } : {}) };
  }
  return { decision: allowed === true ? "Allow" : "NoOpinion", reason };
}
