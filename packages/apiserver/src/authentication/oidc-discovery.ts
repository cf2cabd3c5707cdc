/** What lets others verify service account tokens: `/.well-known/openid-configuration` and `/openid/v1/jwks`. Source: kubernetes' serviceaccount/openidmetadata.go. */

import type { VerificationKey } from "./service-account-keys.ts";

export const openIdConfigurationPath = "/.well-known/openid-configuration";
export const jwksPath = "/openid/v1/jwks";

export interface DiscoveryDocument {
  readonly issuer: string;
  readonly jwks_uri: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly string[];
}

/** @param jwksUri `--service-account-jwks-uri`, or the API server's external address with {@link jwksPath} */
export function discoveryDocument(
  issuer: string,
  jwksUri: string,
  keys: readonly VerificationKey[],
): DiscoveryDocument {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(keys.map(({ algorithm }) => algorithm))].sort(),
  };
}

/** Served as `application/jwk-set+json`. */
export function keySet(keys: readonly VerificationKey[]): { keys: object[] } {
  return {
    keys: keys.map(({ id, algorithm, publicKey }) => ({
      use: "sig",
      ...publicKey.export({ format: "jwk" }),
      kid: id,
      alg: algorithm,
    })),
  };
}
