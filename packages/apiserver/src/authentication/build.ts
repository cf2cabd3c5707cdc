/** The API server's authenticator, from its configuration, in upstream's order. */

import type { Clock } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { Authenticator } from "./authenticator.ts";
import { bootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import type { VerificationKey } from "./service-account-keys.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import {
  bearerAuthenticator,
  cachedTokenAuthenticator,
  type TokenAuthenticator,
  unionTokenAuthenticator,
} from "./token.ts";
import { anonymousAuthenticator, authenticatedGroup, failingUnionAuthenticator, unionAuthenticator } from "./union.ts";
import { X509Authenticator } from "./x509.ts";

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly reader: ObjectReader;
  /** PEM: `--client-ca-file`. */
  readonly clientCA?: string;
  /** From `tokenFileAuthenticator`: `--token-auth-file`. */
  readonly tokenFile?: TokenAuthenticator;
  readonly serviceAccounts?: { readonly issuers: readonly string[]; readonly keys: readonly VerificationKey[] };
  /** `--enable-bootstrap-token-auth` */
  readonly bootstrapTokens?: boolean;
  /** `--anonymous-auth`. Default true. */
  readonly anonymous?: boolean;
  /** `--api-audiences`; the issuers when undefined. */
  readonly apiAudiences?: readonly string[];
}

export interface Authentication {
  readonly request: Authenticator;
  /** For TokenReview; answers carry no `system:authenticated` yet. */
  readonly token: TokenAuthenticator;
  readonly apiAudiences: readonly string[];
}

export function buildAuthentication(options: AuthenticationOptions): Authentication {
  const { clock, clientCA, anonymous = true, serviceAccounts } = options;
  const apiAudiences = options.apiAudiences ?? serviceAccounts?.issuers ?? [];
  const token = cachedTokenAuthenticator(unionTokenAuthenticator(tokenAuthenticators(options, apiAudiences)), clock);
  const known = authenticatedGroup(
    unionAuthenticator([
      ...(clientCA === undefined ? [] : [new X509Authenticator({ clientCA, clock })]),
      bearerAuthenticator(token, apiAudiences),
    ]),
  );
  const request = anonymous ? failingUnionAuthenticator([known, anonymousAuthenticator()]) : known;
  return { request, token, apiAudiences };
}

function tokenAuthenticators(options: AuthenticationOptions, audiences: readonly string[]): TokenAuthenticator[] {
  const { clock, reader, tokenFile, serviceAccounts, bootstrapTokens } = options;
  const result: TokenAuthenticator[] = [];
  if (tokenFile !== undefined) result.push(tokenFile);
  if (serviceAccounts !== undefined)
    result.push(new ServiceAccountTokenAuthenticator({ ...serviceAccounts, audiences, reader, clock }));
  if (bootstrapTokens) result.push(bootstrapTokenAuthenticator(reader, clock));
  return result;
}
