import type { KubeAuthenticationOptions, OidcFlags } from "@kubets/apiserver";
import { textOf } from "./files.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";

/** What the flags say about who is who. @throws Error for a file that cannot be read */
export function authenticationOptions(flags: KubeApiServerFlags): KubeAuthenticationOptions {
  const clientCAFile = flags["client-ca-file"];
  const configFile = flags["authentication-config"];
  const webhook = flags["authentication-token-webhook-config-file"];
  const audiences = flags["api-audiences"];
  const oidc = oidcFlags(flags);
  return {
    ...serviceAccounts(flags),
    bootstrapTokens: flags["enable-bootstrap-token-auth"],
    ...requestHeader(flags),
    ...(clientCAFile ? { clientCA: textOf("client-ca-file", clientCAFile), clientCAFile } : {}),
    // A configuration file may say it instead, but then nobody else.
    ...(configFile && flags["anonymous-auth"] ? {} : { anonymous: flags["anonymous-auth"] }),
    ...(audiences.length === 0 ? {} : { apiAudiences: audiences }),
    ...(oidc === undefined ? {} : { oidc }),
    ...(configFile ? { configFile } : {}),
    ...(webhook
      ? {
          webhook: {
            configFile: webhook,
            version: flags["authentication-token-webhook-version"] === "v1" ? "v1" : "v1beta1",
            cacheTtlMs: flags["authentication-token-webhook-cache-ttl"],
          },
        }
      : {}),
  };
}

function serviceAccounts(flags: KubeApiServerFlags): KubeAuthenticationOptions {
  const signingKeyFile = flags["service-account-signing-key-file"];
  const longestMs = flags["service-account-max-token-expiration"];
  const jwksUri = flags["service-account-jwks-uri"];
  return {
    issuers: flags["service-account-issuer"],
    verificationKeys: flags["service-account-key-file"].map((file) => textOf("service-account-key-file", file)),
    ...(signingKeyFile ? { signingKey: textOf("service-account-signing-key-file", signingKeyFile) } : {}),
    ...(longestMs > 0 ? { maxTokenExpirationSeconds: longestMs / 1000 } : {}),
    lookup: flags["service-account-lookup"],
    extendTokenExpiration: flags["service-account-extend-token-expiration"],
    ...(jwksUri ? { jwksUri } : {}),
  };
}

/** Nobody is believed without the authority of front proxies, nor without a header to believe. */
function requestHeader(flags: KubeApiServerFlags): Pick<KubeAuthenticationOptions, "requestHeader"> {
  const caFile = flags["requestheader-client-ca-file"];
  if (!caFile || flags["requestheader-username-headers"].length === 0) return {};
  return {
    requestHeader: {
      ca: textOf("requestheader-client-ca-file", caFile),
      caFile,
      allowedNames: flags["requestheader-allowed-names"].filter((name) => name !== ""),
      usernameHeaders: flags["requestheader-username-headers"],
      uidHeaders: flags["requestheader-uid-headers"],
      groupHeaders: flags["requestheader-group-headers"],
      extraHeaderPrefixes: flags["requestheader-extra-headers-prefix"],
    },
  };
}

function oidcFlags(flags: KubeApiServerFlags): OidcFlags | undefined {
  const issuerUrl = flags["oidc-issuer-url"];
  const clientId = flags["oidc-client-id"];
  if (!issuerUrl || !clientId) return undefined;
  const caFile = flags["oidc-ca-file"];
  const usernamePrefix = flags["oidc-username-prefix"];
  const groupsClaim = flags["oidc-groups-claim"];
  const groupsPrefix = flags["oidc-groups-prefix"];
  return {
    issuerUrl,
    clientId,
    usernameClaim: flags["oidc-username-claim"],
    ...(usernamePrefix === undefined ? {} : { usernamePrefix }),
    ...(groupsClaim === undefined ? {} : { groupsClaim }),
    ...(groupsPrefix === undefined ? {} : { groupsPrefix }),
    requiredClaims: flags["oidc-required-claim"],
    signingAlgorithms: flags["oidc-signing-algs"],
    ...(caFile ? { ca: textOf("oidc-ca-file", caFile) } : {}),
  };
}
