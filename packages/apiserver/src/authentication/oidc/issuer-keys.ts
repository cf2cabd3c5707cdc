/**
 * An issuer's signing keys: found by its discovery document when the first token comes, fetched again when a token names a key that is not known.
 * Source of what is checked: coreos/go-oidc's provider and remote key set.
 */

import { createPublicKey, type KeyObject, type webcrypto } from "node:crypto";
import { type Clock, messageOf } from "@kubets/apimachinery";

export interface IssuerKey {
  readonly kid: string | undefined;
  readonly alg: string | undefined;
  readonly key: KeyObject;
}

export interface IssuerKeysOptions {
  readonly issuer: string;
  /** Instead of the issuer's own well-known URL. */
  readonly discoveryUrl?: string;
  readonly clock: Clock;
  get(url: string): Promise<unknown>;
}

/** A token can name any key: it makes us ask at most so often. */
const refetchMs = 10_000;
const maxKeys = 100;

export class IssuerKeys {
  readonly #options: IssuerKeysOptions;
  #jwksUrl: string | undefined;
  #keys: readonly IssuerKey[] | undefined;
  #fetching: Promise<readonly IssuerKey[]> | undefined;
  #lastAttempt = Number.NEGATIVE_INFINITY;
  #lastFailure: Error | undefined;

  constructor(options: IssuerKeysOptions) {
    this.#options = options;
  }

  /** What is known already; undefined before anything is. */
  get known(): readonly IssuerKey[] | undefined {
    return this.#keys;
  }

  /** Keys that may have made a signature. @throws Error when the issuer cannot be asked and nothing fitting is known */
  async candidates(kid: string | undefined): Promise<readonly IssuerKey[]> {
    const fitting = (keys: readonly IssuerKey[]) => keys.filter((key) => kid === undefined || key.kid === kid);
    const known = fitting(this.#keys ?? []);
    if (known.length > 0) return known;
    return fitting(await this.refresh());
  }

  /** Asks the issuer, at most once at a time and every ten seconds. @throws Error */
  async refresh(): Promise<readonly IssuerKey[]> {
    if (this.#fetching !== undefined) return await this.#fetching;
    const now = this.#options.clock.monotonic();
    if (now - this.#lastAttempt < refetchMs) {
      if (this.#lastFailure !== undefined && this.#keys === undefined) throw this.#lastFailure;
      return this.#keys ?? [];
    }
    this.#lastAttempt = now;
    this.#fetching = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    return await this.#fetching;
  }

  async #fetch(): Promise<readonly IssuerKey[]> {
    try {
      this.#jwksUrl ??= await this.#discover();
      const keys = parseKeys(await this.#options.get(this.#jwksUrl));
      this.#keys = keys;
      this.#lastFailure = undefined;
      return keys;
    } catch (error) {
      this.#lastFailure = error instanceof Error ? error : new Error(messageOf(error));
      throw this.#lastFailure;
    }
  }

  async #discover(): Promise<string> {
    const { issuer, discoveryUrl, get } = this.#options;
    const url = discoveryUrl ?? `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    const document = (await get(url)) as { issuer?: unknown; jwks_uri?: unknown } | null;
    if (document?.issuer !== issuer) {
      const got = JSON.stringify(document?.issuer ?? "");
      throw new Error(
        `oidc: issuer URL provided to client (${JSON.stringify(issuer)}) did not match the issuer URL returned by provider (${got})`,
      );
    }
    if (typeof document.jwks_uri !== "string" || document.jwks_uri === "")
      throw new Error("provider did not return JWKS URL");
    return document.jwks_uri;
  }
}

/** Keys that cannot be read, or are not for signatures, are passed over. */
function parseKeys(document: unknown): IssuerKey[] {
  const { keys } = (document ?? {}) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error("oidc: the key set has no keys");
  return keys.slice(0, maxKeys).flatMap((jwk: unknown): IssuerKey[] => {
    const { kid, alg, use, kty } = (jwk ?? {}) as { kid?: unknown; alg?: unknown; use?: unknown; kty?: unknown };
    if ((use !== undefined && use !== "sig") || (kty !== "RSA" && kty !== "EC")) return [];
    try {
      const key = createPublicKey({ key: jwk as webcrypto.JsonWebKey, format: "jwk" });
      return [{ kid: textOrNothing(kid), alg: textOrNothing(alg), key }];
    } catch {
      return []; // A key of a kind that is not known here; others may be.
    }
  });
}

function textOrNothing(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
