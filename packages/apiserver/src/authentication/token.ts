/** Bearer tokens: where they are in a request, and what knows them. */

import type { Authenticator, Credentials, UserInfo } from "./authenticator.ts";
import { aggregateFailures, rejected } from "./union.ts";

export interface TokenAnswer {
  readonly user: UserInfo;
  /** The audiences the token and the caller have in common. */
  readonly audiences?: readonly string[];
  /** For Warning headers. */
  readonly warnings?: readonly string[];
  /** For the audit event. */
  readonly annotations?: Readonly<Record<string, string>>;
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
const spaceWarning = "the provided Authorization header contains extra space before the bearer token, and is ignored";

/** `Authorization: Bearer ...`, or the WebSocket subprotocol that browsers must use instead. @throws StatusError 401 */
function bearerTokenOf(credentials: Credentials): string | undefined {
  const { headers } = credentials;
  const given = headers["authorization"];
  const authorization = (typeof given === "string" ? given : given?.[0])?.trim() ?? "";
  if (authorization !== "") {
    const [scheme = "", token = "", rest] = authorization.split(" ", 3);
    const isBearer = scheme.toLowerCase() === "bearer";
    if (isBearer && token !== "") return token;
    if (isBearer && rest !== undefined) credentials.warn?.(spaceWarning);
  }
  const protocol = headers["sec-websocket-protocol"];
  return protocol === undefined ? undefined : tokenInProtocols([protocol].flat());
}

/** A `Sec-WebSocket-Protocol` header as others may see it: without the token; undefined when nothing else is in it. */
export function withoutBearerProtocol(value: string | readonly string[]): string | undefined {
  const protocols = protocolsIn([value].flat()).filter((protocol) => !protocol.startsWith(webSocketProtocolPrefix));
  return protocols.length === 0 ? undefined : protocols.join(", ");
}

function protocolsIn(headers: readonly string[]): string[] {
  return headers.flatMap((value) => value.split(",")).map((protocol) => protocol.trim());
}

function tokenInProtocols(headers: readonly string[]): string | undefined {
  const protocols = protocolsIn(headers);
  const encoded = protocols.filter((protocol) => protocol.startsWith(webSocketProtocolPrefix));
  if (encoded.length === 0) return undefined;
  if (encoded.length > 1) throw rejected("multiple base64.bearer.authorization tokens specified");
  const text = encoded[0]!.slice(webSocketProtocolPrefix.length);
  if (!/^[A-Za-z0-9_-]+$/.test(text)) throw rejected("invalid base64.bearer.authorization token encoding");
  // Without another protocol there is none that the answer could name.
  if (protocols.every((protocol) => protocol.startsWith(webSocketProtocolPrefix) || protocol === ""))
    throw rejected("missing additional subprotocol");
  return Buffer.from(text, "base64url").toString();
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
      if (failures.length > 0) throw aggregateFailures(failures);
      return undefined;
    },
  };
}

/** @param audiences the API server's own: `--api-audiences` */
export function bearerAuthenticator(tokens: TokenAuthenticator, audiences: readonly string[]): Authenticator {
  const userOf = async (token: string, credentials: Credentials) => {
    const answer = await tokens.authenticateToken(token, audiences);
    if (answer === undefined) throw rejected("invalid bearer token");
    for (const warning of answer.warnings ?? []) credentials.warn?.(warning);
    if (answer.annotations !== undefined)
      for (const [key, value] of Object.entries(answer.annotations)) credentials.annotate?.(key, value);
    return answer.user;
  };
  return {
    authenticate(credentials) {
      const token = bearerTokenOf(credentials);
      return token === undefined ? undefined : userOf(token, credentials);
    },
  };
}

/**
 * For authenticators whose tokens say nothing of whom they are for: they are for this API server.
 * @param implicit `--api-audiences`
 */
export function audienceAgnostic(inner: TokenAuthenticator, implicit: readonly string[]): TokenAuthenticator {
  return {
    async authenticateToken(token, audiences) {
      if (audiences.length === 0) return await inner.authenticateToken(token, audiences);
      const common = implicit.filter((audience) => audiences.includes(audience));
      if (common.length === 0) return undefined;
      const answer = await inner.authenticateToken(token, audiences);
      return answer === undefined ? undefined : { ...answer, audiences: common };
    },
  };
}
