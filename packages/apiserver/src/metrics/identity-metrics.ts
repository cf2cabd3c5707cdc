/** Who came and what they were allowed: authentication_*, authorization_*, authenticated_user_requests. Source: apiserver's endpoints/filters/metrics.go. */

import type { Clock } from "@kubets/apimachinery";
import type { Authenticator, UserInfo } from "../authentication/authenticator.ts";
import type { AuthorizationDecision, Authorizer } from "../authorization/authorizer.ts";
import {
  exponentialBuckets,
  type Histogram,
  type HistogramFamily,
  type MetricsRegistry,
  type NumberFamily,
  type Series,
} from "./families.ts";

const buckets = exponentialBuckets(0.001, 2, 15);

interface Result {
  readonly attempts: Series;
  readonly seconds: Histogram;
}

/** The results of one of the two questions, by the name of the result. */
class Results {
  readonly #clock: Clock;
  readonly #attempts: NumberFamily;
  readonly #seconds: HistogramFamily;
  readonly #known = new Map<string, Result>();

  constructor(clock: Clock, attempts: NumberFamily, seconds: HistogramFamily) {
    this.#clock = clock;
    this.#attempts = attempts;
    this.#seconds = seconds;
  }

  record(result: string, start: number): void {
    let known = this.#known.get(result);
    if (known === undefined) {
      known = { attempts: this.#attempts.with(result), seconds: this.#seconds.with(result) };
      this.#known.set(result, known);
    }
    known.attempts.value++;
    known.seconds.observe((this.#clock.monotonic() - start) / 1000);
  }
}

/** Asks `inner`, and counts what it says. */
export function meteredAuthenticator(inner: Authenticator, metrics: MetricsRegistry, clock: Clock): Authenticator {
  const results = new Results(
    clock,
    metrics.counter("authentication_attempts", "ALPHA", "Attempts to authenticate, by result.", ["result"]),
    metrics.histogram(
      "authentication_duration_seconds",
      "ALPHA",
      "How long authentication took, by result.",
      ["result"],
      buckets,
    ),
  );
  const users = metrics.counter(
    "authenticated_user_requests",
    "ALPHA",
    "Authenticated requests, by a few kinds of names.",
    ["username"],
  );
  const other = users.with("other");
  const found = (user: UserInfo | undefined, start: number) => {
    results.record(user === undefined ? "failure" : "success", start);
    if (user !== undefined) {
      const kind = kindOfName(user.name);
      (kind === "other" ? other : users.with(kind)).value++;
    }
    return user;
  };
  const failed = (error: unknown, start: number): never => {
    results.record("error", start);
    throw error;
  };
  return {
    authenticate(credentials) {
      const start = clock.monotonic();
      try {
        const user = inner.authenticate(credentials);
        if (!(user instanceof Promise)) return found(user, start);
        return user.then(
          (each) => found(each, start),
          (error: unknown) => failed(error, start),
        );
      } catch (error) {
        return failed(error, start);
      }
    },
  };
}

const namedUsers: ReadonlySet<string> = new Set([
  ...["admin", "client", "kube_proxy", "kubelet", "system:serviceaccount:kube-system:default"],
]);

/** Names are not for dashboards, and there may be any number of them. */
function kindOfName(name: string): string {
  if (namedUsers.has(name)) return name;
  return name.includes("@") ? "email_id" : "other";
}

/** Asks `inner`, and counts what it decides. */
export function meteredAuthorizer(inner: Authorizer, metrics: MetricsRegistry, clock: Clock): Authorizer {
  const results = new Results(
    clock,
    metrics.counter("authorization_attempts_total", "ALPHA", "Requests that were authorized or not, by result.", [
      "result",
    ]),
    metrics.histogram(
      "authorization_duration_seconds",
      "ALPHA",
      "How long authorization took, by result.",
      ["result"],
      buckets,
    ),
  );
  const decided = (answer: AuthorizationDecision, start: number) => {
    const { decision, error } = answer;
    const result =
      decision === "Allow" ? "allowed" : error !== undefined ? "error" : decision === "Deny" ? "denied" : "no-opinion";
    results.record(result, start);
    return answer;
  };
  return {
    authorize(attributes) {
      const start = clock.monotonic();
      const answer = inner.authorize(attributes);
      return answer instanceof Promise ? answer.then((each) => decided(each, start)) : decided(answer, start);
    },
  };
}
