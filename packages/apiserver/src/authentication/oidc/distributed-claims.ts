/**
 * A claim that is not in the token but at a URL that the token tells, in a JWT of its own: OpenID Connect Core 1.0, 5.6.2. Issuers use it for users of
 * very many groups. Source: apiserver's authenticator/token/oidc.
 */

import type { Claims } from "./claim-rules.ts";
import { issuerNamed, type JwtVerifier } from "./jwt-verifier.ts";

export interface DistributedClaimsOptions {
  /** The one claim that is looked for elsewhere: that of the groups. */
  readonly claim: string;
  /** Reads a text. @throws Error */
  get(url: string, accessToken: string | undefined): Promise<string>;
  /** For JWTs of this issuer, which may be another than the token's. */
  verifierOf(issuer: string): Pick<JwtVerifier, "verify">;
}

interface Source {
  readonly endpoint?: unknown;
  readonly access_token?: unknown;
}

export class DistributedClaims {
  readonly #options: DistributedClaimsOptions;

  constructor(options: DistributedClaimsOptions) {
    this.#options = options;
  }

  /** Whether the claim is not there, and others are told to be elsewhere. */
  isNeeded(claims: Claims): boolean {
    return !Object.hasOwn(claims, this.#options.claim) && Object.hasOwn(claims, "_claim_names");
  }

  /** The claims with the one that is elsewhere, if it is. @throws Error with upstream's words */
  async expand(claims: Claims): Promise<Claims> {
    const { claim } = this.#options;
    const names = textsOf(claims["_claim_names"], "oidc: error parsing distributed claim names");
    if (!Object.hasOwn(claims, "_claim_sources")) throw new Error("oidc: no claim sources");
    const sources = sourcesOf(claims["_claim_sources"]);
    const name = names.get(claim);
    if (name === undefined) return claims;
    const source = sources.get(name);
    if (source === undefined)
      throw new Error(`id token _claim_names contained a source ${name} missing in _claims_sources`);
    // An aggregated claim, which upstream does not know either.
    if (source.endpoint === "") return claims;
    return { ...claims, [claim]: await this.#resolve(source.endpoint, source.accessToken) };
  }

  async #resolve(endpoint: string, accessToken: string | undefined): Promise<unknown> {
    const { claim, get, verifierOf } = this.#options;
    const jwt = (await get(endpoint, accessToken).catch(because(`while getting distributed claim "${claim}"`))).trim();
    const issuer = issuerNamed(jwt);
    if (issuer === undefined)
      throw new Error(
        `getting untrusted issuer from endpoint ${endpoint} failed for claim "${claim}": malformed token`,
      );
    const claims = await verifierOf(issuer).verify(jwt).catch(because("verify distributed claim token"));
    if (!Object.hasOwn(claims, claim))
      throw new Error(`jwt returned by distributed claim endpoint "${endpoint}" did not contain claim: ${claim}`);
    return claims[claim];
  }
}

function because(what: string): (error: unknown) => never {
  return (cause) => {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown, what: string): ReadonlyMap<string, string> {
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (entries?.every((entry): entry is [string, string] => typeof entry[1] === "string") !== true)
    throw new Error(`${what}: it is not a map of strings`);
  return new Map(entries as [string, string][]);
}

function sourcesOf(value: unknown): ReadonlyMap<string, { endpoint: string; accessToken: string | undefined }> {
  const failed = () => new Error("oidc: could not parse claim sources: they are not a map of endpoints");
  if (!isObject(value)) throw failed();
  return new Map(
    Object.entries(value).map(([name, source]) => {
      if (!isObject(source)) throw failed();
      const { endpoint = "", access_token: accessToken = "" } = source as Source;
      if (typeof endpoint !== "string" || typeof accessToken !== "string") throw failed();
      return [name, { endpoint, accessToken: accessToken === "" ? undefined : accessToken }];
    }),
  );
}
