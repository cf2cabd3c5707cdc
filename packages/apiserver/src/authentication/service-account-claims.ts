/** What a service account token says. Source: kubernetes' pkg/serviceaccount (claims.go, legacy.go). */

/** Seconds since the epoch are `NumericDate`s of RFC 7519. */
export interface TokenClaims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly "kubernetes.io"?: KubernetesClaim;
  readonly "kubernetes.io/serviceaccount/namespace"?: string;
  readonly "kubernetes.io/serviceaccount/secret.name"?: string;
  readonly "kubernetes.io/serviceaccount/service-account.name"?: string;
  readonly "kubernetes.io/serviceaccount/service-account.uid"?: string;
}

export interface KubernetesClaim {
  readonly namespace?: string;
  readonly serviceaccount?: ObjectClaim;
  readonly pod?: ObjectClaim;
  readonly secret?: ObjectClaim;
  readonly node?: ObjectClaim;
  /** From then on a use of the token is one that a shorter lived token would have failed at. */
  readonly warnafter?: number;
}

export interface ObjectClaim {
  readonly name: string;
  readonly uid?: string;
}

/** Issuer of tokens in secrets of type kubernetes.io/service-account-token. */
export const legacyIssuer = "kubernetes/serviceaccount";

/** The claims without a look at the signature; undefined when the text is not a JWT. */
export function unverifiedClaims(token: string): TokenClaims | undefined {
  const [, payload, , ...rest] = token.split(".");
  if (payload === undefined || rest.length > 0) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, "base64url").toString());
    return typeof claims === "object" && claims !== null ? claims : undefined;
  } catch {
    return undefined; // Some other kind of token, for another authenticator.
  }
}

export function audiencesOf({ aud }: TokenClaims): readonly string[] {
  return aud === undefined ? [] : typeof aud === "string" ? [aud] : aud;
}
