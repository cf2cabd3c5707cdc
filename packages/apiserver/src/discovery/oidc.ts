/** What lets others verify service account tokens without asking the API server about each. */

import { discoveryDocument, jwksPath, keySet, openIdConfigurationPath } from "../authentication/oidc-discovery.ts";
import type { VerificationKey } from "../authentication/service-account-keys.ts";
import { type Answer, text } from "../request/request.ts";
import type { NonResourceHandler } from "../server/chain.ts";

const cacheControl = { "cache-control": "public, max-age=3600" };

/** @param jwksUri where the keys are found from outside */
export function oidcDiscovery(issuer: string, jwksUri: string, keys: readonly VerificationKey[]): NonResourceHandler {
  return ({ info }): Answer | undefined => {
    if (info.path === openIdConfigurationPath) {
      const document = JSON.stringify(discoveryDocument(issuer, jwksUri, keys));
      return { ...text(200, document, "application/json"), headers: cacheControl };
    }
    if (info.path !== jwksPath) return undefined;
    return { ...text(200, JSON.stringify(keySet(keys)), "application/jwk-set+json"), headers: cacheControl };
  };
}
