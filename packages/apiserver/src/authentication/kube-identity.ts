/** Who is who in a cluster's API server: authentication as kubeadm sets it up, changed by what flags say, and the tokens the server makes. */

import type { TokenReview } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { ClusterCertificates } from "../certificates/cluster-certificates.ts";
import { oidcDiscovery } from "../discovery/oidc.ts";
import type { Egress } from "../egress/egress.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { ApiServerOptions } from "../server/options.ts";
import { serviceAccountToken } from "../subresource/service-account-token.ts";
import { type AuthenticationOptions, buildAuthentication } from "./build.ts";
import { trackLegacyTokens } from "./legacy-token-tracking.ts";
import { jwksPath } from "./oidc-discovery.ts";
import type { RequestHeaderNames } from "./request-header.ts";
import { reviewToken } from "./reviews.ts";
import { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { parseSigningKey, parseVerificationKeys } from "./service-account-keys.ts";
import { tokenFileAuthenticator } from "./token-file.ts";

/** Flags about authentication; what is left out is as the cluster's certificates imply. */
export interface KubeAuthenticationOptions
  extends Pick<
    AuthenticationOptions,
    | "clientCA"
    | "clientCAFile"
    | "bootstrapTokens"
    | "anonymous"
    | "apiAudiences"
    | "oidc"
    | "configFile"
    | "webhook"
    | "requestHeader"
  > {
  /** `--service-account-issuer`: the first makes tokens, all are accepted. */
  readonly issuers?: readonly string[];
  /** PEM: `--service-account-key-file`. */
  readonly verificationKeys?: readonly string[];
  /** PEM: `--service-account-signing-key-file`. */
  readonly signingKey?: string;
  /** `--service-account-max-token-expiration` */
  readonly maxTokenExpirationSeconds?: number;
  /** `--service-account-extend-token-expiration` */
  readonly extendTokenExpiration?: boolean;
  /** `--service-account-lookup`. Default true. */
  readonly lookup?: boolean;
  /** `--service-account-jwks-uri` */
  readonly jwksUri?: string;
}

export interface KubeIdentityOptions {
  readonly certificates?: ClusterCertificates;
  readonly authentication?: KubeAuthenticationOptions;
  /** The text of `--token-auth-file`, and its name for messages. */
  readonly tokenFile?: { readonly text: string; readonly path: string };
  readonly clusterDomain: string;
  /** `https://HOST:PORT`, as the server is reached from outside. */
  readonly externalUrl: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meters?: MetricsRegistry;
  readonly egress?: Egress | undefined;
  /** What tells this API server from the others of the cluster. */
  readonly hostname?: string;
  /** Sends a merge patch, as the API server itself; used once the server is there. */
  patchSecret(namespace: string, name: string, patch: object): Promise<unknown>;
}

export interface KubeIdentity {
  /** Signs service account tokens with the server's own key. */
  readonly tokens: ServiceAccountIssuer;
  readonly server: Pick<ApiServerOptions, "authenticator"> &
    Required<Pick<ApiServerOptions, "subresources" | "virtual" | "nonResource">>;
}

/** Kubeadm's. */
export const frontProxyHeaders: RequestHeaderNames = {
  allowedNames: ["front-proxy-client"],
  usernameHeaders: ["X-Remote-User"],
  uidHeaders: ["X-Remote-Uid"],
  groupHeaders: ["X-Remote-Group"],
  extraHeaderPrefixes: ["X-Remote-Extra-"],
};

function impliedBy({ ca, frontProxyCA }: ClusterCertificates) {
  return {
    clientCA: ca.certificate,
    requestHeader: { ...frontProxyHeaders, ca: frontProxyCA.certificate },
    bootstrapTokens: true,
  };
}

/** @throws Error for options or files that cannot be used */
export async function kubeIdentity(
  options: KubeIdentityOptions,
  reader: ObjectReader,
  signal: AbortSignal,
): Promise<KubeIdentity> {
  const { certificates, clock, random, logger, tokenFile, authentication: flags = {} } = options;
  const signingKey = flags.signingKey ?? certificates?.serviceAccountKey.privateKey;
  if (signingKey === undefined) throw new Error("there is no key to sign service account tokens with");
  const issuers = flags.issuers ?? [`https://kubernetes.default.svc.${options.clusterDomain}`];
  const issuer = issuers[0] ?? "";
  const verificationKeys = flags.verificationKeys ?? [certificates?.serviceAccountKey.publicKey ?? signingKey];
  const keys = verificationKeys.flatMap(parseVerificationKeys);
  const { request, token, apiAudiences } = await buildAuthentication(
    {
      ...(certificates === undefined ? {} : impliedBy(certificates)),
      ...flags,
      clock,
      random,
      logger,
      reader,
      ...(options.meters === undefined ? {} : { meters: options.meters }),
      ...{ host: options.hostname, egress: options.egress },
      serviceAccounts: { issuers, keys, lookup: flags.lookup !== false, tracking: trackLegacyTokens(options) },
      ...(tokenFile === undefined
        ? {}
        : { tokenFile: tokenFileAuthenticator(tokenFile.text, tokenFile.path, (message) => logger.warn(message)) }),
    },
    signal,
  );
  const { maxTokenExpirationSeconds, extendTokenExpiration } = flags;
  const tokens = new ServiceAccountIssuer({
    issuer,
    key: parseSigningKey(signingKey),
    audiences: apiAudiences,
    reader,
    clock,
    random,
    ...(maxTokenExpirationSeconds === undefined ? {} : { maxExpirationSeconds: maxTokenExpirationSeconds }),
    ...(extendTokenExpiration === undefined ? {} : { extendExpiration: extendTokenExpiration }),
  });
  return {
    tokens,
    server: {
      authenticator: request,
      subresources: { "/serviceaccounts/token": serviceAccountToken(tokens) },
      virtual: {
        "authentication.k8s.io/tokenreviews": (_call, review) =>
          reviewToken(review as TokenReview, token, apiAudiences),
      },
      nonResource: [oidcDiscovery(issuer, flags.jwksUri ?? `${options.externalUrl}${jwksPath}`, keys)],
    },
  };
}
