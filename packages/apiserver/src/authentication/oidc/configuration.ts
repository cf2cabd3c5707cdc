/** `--authentication-config`: AuthenticationConfiguration, and the `--oidc-*` flags as one. Source: apiserver's pkg/apis/apiserver and kubernetes' kubeapiserver/options. */

import { decodeConfig, flag, listOf, object, text } from "../../configuration/config-object.ts";
import type { CompiledExpressions } from "./claim-expressions.ts";
import { validateAuthenticationConfiguration } from "./validation.ts";

export interface AuthenticationConfiguration {
  readonly jwt?: readonly JwtAuthenticatorConfiguration[];
  readonly anonymous?: AnonymousConfiguration;
}

export interface AnonymousConfiguration {
  readonly enabled?: boolean;
  readonly conditions?: readonly { readonly path?: string }[];
}

export interface JwtAuthenticatorConfiguration {
  readonly issuer?: IssuerConfiguration;
  readonly claimValidationRules?: readonly ClaimValidationRule[];
  readonly claimMappings?: ClaimMappings;
  readonly userValidationRules?: readonly { readonly expression?: string; readonly message?: string }[];
}

export interface IssuerConfiguration {
  readonly url?: string;
  readonly discoveryURL?: string;
  /** PEM */
  readonly certificateAuthority?: string;
  readonly audiences?: readonly string[];
  readonly audienceMatchPolicy?: string;
  readonly egressSelectorType?: string;
}

export interface ClaimValidationRule {
  readonly claim?: string;
  readonly requiredValue?: string;
  readonly expression?: string;
  readonly message?: string;
}

export interface ClaimMappings {
  readonly username?: PrefixedClaimOrExpression;
  readonly groups?: PrefixedClaimOrExpression;
  readonly uid?: ClaimOrExpression;
  readonly extra?: readonly { readonly key?: string; readonly valueExpression?: string }[];
}

export interface ClaimOrExpression {
  readonly claim?: string;
  readonly expression?: string;
}

export interface PrefixedClaimOrExpression extends ClaimOrExpression {
  readonly prefix?: string;
}

/** A configuration that is valid, and its expressions in the order of its issuers. */
export interface ReadAuthenticationConfiguration {
  readonly config: AuthenticationConfiguration;
  readonly compiled: readonly CompiledExpressions[];
}

const claimOrExpression = { claim: text, expression: text };
const prefixed = object({ ...claimOrExpression, prefix: text });

const jwtSchema = object({
  issuer: object({
    url: text,
    discoveryURL: text,
    certificateAuthority: text,
    audiences: listOf(text),
    audienceMatchPolicy: text,
    egressSelectorType: text,
  }),
  claimValidationRules: listOf(object({ ...claimOrExpression, requiredValue: text, message: text })),
  claimMappings: object({
    username: prefixed,
    groups: prefixed,
    uid: object(claimOrExpression),
    extra: listOf(object({ key: text, valueExpression: text })),
  }),
  userValidationRules: listOf(object({ expression: text, message: text })),
});

/**
 * @param disallowedIssuers the API server's own: their tokens are service accounts'
 * @throws Error for text that is no such configuration, or one that is not valid
 */
export async function readAuthenticationConfiguration(
  content: string,
  disallowedIssuers: readonly string[],
): Promise<ReadAuthenticationConfiguration> {
  const config = await decodeConfig<AuthenticationConfiguration>(content, {
    group: "apiserver.config.k8s.io",
    kind: "AuthenticationConfiguration",
    versions: ["v1", "v1beta1", "v1alpha1"],
    fields: {
      jwt: listOf(jwtSchema),
      anonymous: object({ enabled: flag, conditions: listOf(object({ path: text })) }),
    },
  });
  return await checked(config, disallowedIssuers);
}

/** @throws Error for a configuration that is not valid */
export async function checked(
  config: AuthenticationConfiguration,
  disallowedIssuers: readonly string[],
): Promise<ReadAuthenticationConfiguration> {
  const { compiled, problems } = await validateAuthenticationConfiguration(config, disallowedIssuers);
  if (problems !== undefined) throw new Error(problems);
  return { config, compiled };
}

/** The `--oidc-*` flags. */
export interface OidcFlags {
  /** `--oidc-issuer-url` */
  readonly issuerUrl: string;
  /** `--oidc-client-id` */
  readonly clientId: string;
  /** `--oidc-username-claim`. Default `sub`. */
  readonly usernameClaim?: string;
  /** `--oidc-username-prefix`: `-` for none. Default the issuer and `#`, but none for the claim `email`. */
  readonly usernamePrefix?: string;
  /** `--oidc-groups-claim` */
  readonly groupsClaim?: string;
  /** `--oidc-groups-prefix` */
  readonly groupsPrefix?: string;
  /** `--oidc-required-claim`: values by claim. */
  readonly requiredClaims?: Readonly<Record<string, string>>;
  /** `--oidc-signing-algs`. Default RS256. */
  readonly signingAlgorithms?: readonly string[];
  /** PEM, from `--oidc-ca-file`; the system's authorities when undefined. */
  readonly ca?: string;
}

export function configurationOfFlags(flags: OidcFlags): JwtAuthenticatorConfiguration {
  const { issuerUrl, clientId, usernameClaim = "sub", usernamePrefix = "", groupsClaim = "", ca } = flags;
  const otherwise = usernameClaim === "email" ? "" : `${issuerUrl}#`;
  const prefix = usernamePrefix === "" ? otherwise : usernamePrefix === "-" ? "" : usernamePrefix;
  const groups = groupsClaim === "" ? {} : { groups: { claim: groupsClaim, prefix: flags.groupsPrefix ?? "" } };
  return {
    issuer: { url: issuerUrl, audiences: [clientId], ...(ca === undefined ? {} : { certificateAuthority: ca }) },
    claimMappings: { username: { claim: usernameClaim, prefix }, ...groups },
    claimValidationRules: Object.entries(flags.requiredClaims ?? {}).map(([claim, requiredValue]) => ({
      claim,
      requiredValue,
    })),
  };
}
