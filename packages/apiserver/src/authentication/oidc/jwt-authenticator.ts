/** JWTs of one outside issuer: OpenID Connect's ID tokens. Source: apiserver's authenticator/token/oidc. */

import { messageOf } from "@kubets/apimachinery";
import type { TokenAnswer, TokenAuthenticator } from "../token.ts";
import { rejected } from "../union.ts";
import type { ClaimRules, Claims } from "./claim-rules.ts";
import type { DistributedClaims } from "./distributed-claims.ts";
import { issuerNamed, type JwtVerifier } from "./jwt-verifier.ts";

export interface JwtAuthenticatorOptions {
  readonly issuer: string;
  readonly verifier: Pick<JwtVerifier, "verify">;
  readonly rules: ClaimRules;
  /** Undefined where groups are no claim. */
  readonly distributed: DistributedClaims | undefined;
}

export class JwtAuthenticator implements TokenAuthenticator {
  readonly #options: JwtAuthenticatorOptions;

  constructor(options: JwtAuthenticatorOptions) {
    this.#options = options;
  }

  async authenticateToken(token: string): Promise<TokenAnswer | undefined> {
    const { issuer, verifier, distributed, rules } = this.#options;
    if (issuerNamed(token) !== issuer) return undefined;
    let claims: Claims = await verifier.verify(token).catch(because("oidc: verify token: "));
    if (distributed?.isNeeded(claims))
      claims = await distributed.expand(claims).catch(because("oidc: could not expand distributed claims: "));
    try {
      return { user: rules.userOf(claims) };
    } catch (error) {
      throw rejected(messageOf(error), error);
    }
  }
}

function because(what: string): (error: unknown) => never {
  return (error) => {
    throw rejected(`${what}${messageOf(error)}`, error);
  };
}
