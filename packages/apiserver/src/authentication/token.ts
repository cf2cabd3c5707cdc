/** Bearer tokens: where they are in a request, what knows them, and how long an answer is remembered. */

import { createHash } from "node:crypto";
import type { Clock } from "@kubets/apimachinery";
import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
import { rejected } from "./union.ts";

export interface TokenAnswer {
  readonly user: UserInfo;
  /** The audiences the token and the caller have in common. */
  readonly audiences?: readonly string[];
}

export interface TokenAuthenticator {
  /**
   * Undefined when the token is not of this kind.
   * @param audiences whom it must be for: any of these; empty for no demand
   * @throws StatusError 401
   */
  authenticateToken(token: string, audiences: readonly string[]): Promise<TokenAnswer | undefined>;
}

const webSocketProtocolPrefix = "base64url.bearer.authorization.k8s.io.";

/** `Authorization: Bearer ...`, or the WebSocket subprotocol that browsers must use instead. */
export function bearerTokenOf({ headers }: Credentials): string | undefined {
  const authorization = [headers["authorization"] ?? []].flat()[0]?.trim() ?? "";
  const [scheme = "", token = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() === "bearer" && token !== "") return token;
  const protocols = [headers["sec-websocket-protocol"] ?? []].flat().flatMap((value) => value.split(","));
  const encoded = protocols.map((p) => p.trim()).find((p) => p.startsWith(webSocketProtocolPrefix));
  if (encoded === undefined) return undefined;
  return Buffer.from(encoded.slice(webSocketProtocolPrefix.length), "base64url").toString();
}

/** Asks each in turn, as the union of request authenticators does. */
export function unionTokenAuthenticator(authenticators: readonly TokenAuthenticator[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      const failures: unknown[] = [];
      for (const authenticator of authenticators) {
        try {
          const answer = await authenticator.authenticateToken(token, audiences);
          if (answer !== undefined) return answer;
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
      return undefined;
    },
  };
}

/** @param audiences the API server's own: `--api-audiences` */
export function bearerAuthenticator(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  return {
    async authenticate(credentials) {
      const token = bearerTokenOf(credentials);
      if (token === undefined) return undefined;
      const answer = await tokens.authenticateToken(token, audiences);
      if (answer === undefined) throw rejected("invalid bearer token");
      return answer.user;
    },
  };
}

/** As upstream: long enough to spare a signature check to each request, short enough for a deleted pod's token to stop working. */
const successTtlMs = 10_000;
const maxCached = 4096;

/** Remembers good answers, by a digest of the token. */
export function cachedTokenAuthenticator(inner: TokenAuthenticator, clock: Clock): TokenAuthenticator {
  const cache = new Map<string, { readonly answer: TokenAnswer; readonly until: number }>();
  return {
    async authenticateToken(token, audiences) {
      const key = createHash("sha256")
        .update(token)
        .update(`\0${audiences.join("\0")}`)
        .digest("base64");
      const cached = cache.get(key);
      if (cached !== undefined && cached.until > clock.monotonic()) return cached.answer;
      cache.delete(key);
      const answer = await inner.authenticateToken(token, audiences);
      if (answer === undefined) return undefined;
      if (cache.size >= maxCached) cache.delete(cache.keys().next().value!);
      cache.set(key, { answer, until: clock.monotonic() + successTtlMs });
      return answer;
    },
  };
}
