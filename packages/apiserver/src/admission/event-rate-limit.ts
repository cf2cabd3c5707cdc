/** A storm of events does not drown the rest. Source: kubernetes' plugin/pkg/admission/eventratelimit. */

import type { Event } from "@kubets/api";
import { type Clock, StatusError } from "@kubets/apimachinery";
import { onlyAbout } from "./errors.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

export type EventLimitType = "Server" | "Namespace" | "User" | "SourceAndObject";

export interface EventLimit {
  readonly type: EventLimitType;
  /** Events a second. */
  readonly qps: number;
  readonly burst: number;
  /** How many namespaces, users or sources are told apart. Default 4096. */
  readonly cacheSize?: number;
}

const defaultCacheSize = 4096;

export function eventRateLimit(limits: readonly EventLimit[], clock: Clock): AdmissionPlugin {
  const enforcers = limits.map((limit) => new Enforcer(limit, clock));
  return {
    name: "EventRateLimit",
    handles: (operation) => operation === "CREATE" || operation === "UPDATE",
    concerns: onlyAbout("", "events"),
    validate(attributes) {
      if (attributes.dryRun) return;
      // Every limit counts the event, and the last that refuses it is told.
      let refusal: string | undefined;
      for (const enforcer of enforcers) refusal = enforcer.refusal(attributes) ?? refusal;
      if (refusal !== undefined) throw new StatusError(429, "TooManyRequests", `Too many requests: ${refusal}`);
    },
  };
}

class Enforcer {
  readonly #limit: EventLimit;
  readonly #clock: Clock;
  /** By key, least recently used first. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limit: EventLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  refusal(attributes: AdmissionAttributes): string | undefined {
    const { type } = this.#limit;
    const key = keyOf(type, attributes);
    return this.#bucket(key).take() ? undefined : `limit reached on type ${type} for key ${key}`;
  }

  #bucket(key: string): TokenBucket {
    const found = this.#buckets.get(key) ?? new TokenBucket(this.#limit, this.#clock);
    this.#buckets.delete(key);
    this.#buckets.set(key, found);
    if (this.#buckets.size > (this.#limit.cacheSize || defaultCacheSize)) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    return found;
  }
}

class TokenBucket {
  readonly #limit: EventLimit;
  readonly #clock: Clock;
  #tokens: number;
  #filledAt: number;

  constructor(limit: EventLimit, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
    this.#tokens = limit.burst;
    this.#filledAt = clock.monotonic();
  }

  take(): boolean {
    const now = this.#clock.monotonic();
    const { qps, burst } = this.#limit;
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) / 1000) * qps);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

function keyOf(type: EventLimitType, { namespace, user, object }: AdmissionAttributes): string {
  switch (type) {
    case "Server":
      return "";
    case "Namespace":
      return namespace;
    case "User":
      return user.name;
    case "SourceAndObject": {
      const { source, involvedObject: about } = object as Event;
      const parts = [source?.component, source?.host, about?.kind, about?.namespace, about?.name, about?.uid];
      return [...parts, about?.apiVersion].map((part) => part ?? "").join("");
    }
  }
}
