/** Signature and standard claims of one issuer's JWTs. Source of what is checked: coreos/go-oidc, as apiserver's authenticator/token/oidc asks for it. */

import type { Clock } from "@kubets/apimachinery";
import type { Claims } from "./claim-rules.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export interface JwtVerifierOptions {
  /** A token must be for one of them. */
  readonly audiences: readonly string[];
  readonly signingAlgorithms: readonly string[];
  readonly keys: IssuerKeys;
  readonly clock: Clock;
}

/** go-oidc's: an issuer's clock may be ahead. */
const notBeforeLeewaySeconds = 5 * 60;

export class JwtVerifier {
  readonly #options: JwtVerifierOptions;

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
  }

  /** @throws Error that says what is wrong: with the signature, the audience, the time */
  async verify(token: string): Promise<Claims> {
    const claims = await this.#signed(token);
    this.#check(claims);
    return claims;
  }

  /** @throws Error when no key of the issuer made the signature */
  async #signed(token: string): Promise<Claims> {
    const { decodeProtectedHeader } = await import("jose");
    const { alg, kid } = decodeProtectedHeader(token);
    if (alg === undefined || !this.#options.signingAlgorithms.includes(alg)) {
      const supported = this.#options.signingAlgorithms.map((each) => JSON.stringify(each)).join(" ");
      throw new Error(
        `oidc: id token signed with unsupported algorithm, expected [${supported}] got ${JSON.stringify(alg ?? "")}`,
      );
    }
    const before = this.#options.keys.known;
    const claims = await this.#try(token, alg, kid);
    if (claims !== undefined) return claims;
    // A key may have been replaced under the same name.
    const keys = this.#options.keys.known;
    if (keys !== undefined && keys === before && (await this.#options.keys.refresh()) !== keys) {
      const again = await this.#try(token, alg, kid);
      if (again !== undefined) return again;
    }
    throw new Error("failed to verify signature: failed to verify id token signature");
  }

  async #try(token: string, alg: string, kid: string | undefined): Promise<Claims | undefined> {
    const { compactVerify } = await import("jose");
    for (const key of await this.#options.keys.candidates(kid)) {
      if (key.alg !== undefined && key.alg !== alg) continue;
      try {
        const { payload } = await compactVerify(token, key.key, { algorithms: [alg] });
        return JSON.parse(Buffer.from(payload).toString()) as Claims;
      } catch {
        // Not this key's; the next may be it.
      }
    }
    return undefined;
  }

  #check(claims: Claims): void {
    const { audiences, clock } = this.#options;
    const now = clock.now() / 1000;
    const { exp, nbf, aud } = claims as { exp?: unknown; nbf?: unknown; aud?: unknown };
    const given = (Array.isArray(aud) ? aud : [aud]).filter((each): each is string => typeof each === "string");
    const list = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(" ")}]`;
    if (!given.some((audience) => audiences.includes(audience))) {
      const wanted = audiences.length === 1 ? JSON.stringify(audiences[0]) : `in ${list([...audiences].sort())}`;
      throw new Error(`oidc: expected audience ${wanted} got ${list(given)}`);
    }
    const expiry = typeof exp === "number" ? exp : 0;
    if (expiry < now) throw new Error(`oidc: token is expired (Token Expiry: ${dateOf(expiry)})`);
    if (typeof nbf === "number" && now + notBeforeLeewaySeconds < nbf)
      throw new Error(`oidc: current time ${dateOf(now)} before the nbf (not before) time: ${dateOf(nbf)}`);
  }
}

function dateOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}

/** What the token claims, unverified, to be from; undefined for what is no JWT. */
export function issuerNamed(token: string): string | undefined {
  const [, payload, , ...rest] = token.split(".");
  if (payload === undefined || rest.length > 0) return undefined;
  try {
    const { iss } = JSON.parse(Buffer.from(payload, "base64url").toString()) as { iss?: unknown };
    // What Google's tokens said before they said it with the scheme.
    return iss === "accounts.google.com" ? "https://accounts.google.com" : typeof iss === "string" ? iss : undefined;
  } catch {
    return undefined; // Some other kind of token, for another authenticator.
  }
}
