/** How long the answer about a token is remembered. Source: apiserver's authentication/token/cache. */

import { hash, randomBytes } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import type { TokenAnswer, TokenAuthenticator } from "./token.ts";

export interface TokenCacheOptions {
  /** Default 10 s, as upstream's: long enough to spare a signature check to each request, short enough for a deleted pod's token to stop working. */
  readonly successTtlMs?: number;
  /** For tokens nobody knows. Default 0: not at all. */
  readonly failureTtlMs?: number;
}

interface Remembered {
  readonly answer: TokenAnswer | undefined;
  readonly until: number;
}

/** Tokens nobody knows cannot push out those that are in use: each have their own room. */
const maxRemembered = 4096;

/** Remembers answers by a keyed digest of the token, so that no token stays in memory; the same question, asked while it is open, is asked once. */
export function cachedTokenAuthenticator(
  inner: TokenAuthenticator,
  clock: Clock,
  { successTtlMs = 10_000, failureTtlMs = 0 }: TokenCacheOptions = {},
): TokenAuthenticator {
  const secret = randomBytes(32).toString("base64");
  const known = new Map<string, Remembered>();
  const unknown = new Map<string, Remembered>();
  const asked = new Map<string, Promise<TokenAnswer | undefined>>();
  const ask = async (key: string, token: string, audiences: readonly string[]) => {
    const answer = await inner.authenticateToken(token, audiences);
    const ttl = answer === undefined ? failureTtlMs : successTtlMs;
    if (ttl > 0) remember(answer === undefined ? unknown : known, key, { answer, until: clock.monotonic() + ttl });
    return answer;
  };
  return {
    async authenticateToken(token, audiences) {
      const key = keyOf(secret, token, audiences);
      const found = known.get(key) ?? unknown.get(key);
      if (found !== undefined && found.until > clock.monotonic()) return found.answer;
      known.delete(key);
      unknown.delete(key);
      let answer = asked.get(key);
      if (answer === undefined) {
        answer = ask(key, token, audiences).finally(() => asked.delete(key));
        asked.set(key, answer);
      }
      return await answer;
    },
  };
}

function remember(cache: Map<string, Remembered>, key: string, found: Remembered): void {
  const [oldest] = cache.keys();
  if (cache.size >= maxRemembered && oldest !== undefined) cache.delete(oldest);
  cache.set(key, found);
}

/**
 * Each part with its length, so that no two questions have the same key. Hashed in one call: it is done for every request, and an HMAC, whose
 * strength against forgery nothing here needs, takes five times as long.
 */
function keyOf(secret: string, token: string, audiences: readonly string[]): string {
  let question = `${secret}${token.length}:${token}`;
  for (const audience of audiences) question += `${audience.length}:${audience}`;
  return hash("sha256", question, "base64");
}
