import type { FlagSpecs } from "../../lib/flags.ts";

export const authentication = {
  "anonymous-auth": {
    type: "boolean",
    help: "whoever shows nothing is system:anonymous, of the group system:unauthenticated",
    default: true,
  },
  "api-audiences": {
    type: "strings",
    help: "names of this API, one of which a token has to be meant for. Left out: the issuers of service account tokens",
    default: [],
  },
  "authentication-config": {
    type: "string",
    value: "FILE",
    help: "an AuthenticationConfiguration, instead of the --oidc-* flags. Changes are taken while running",
  },
  "authentication-token-webhook-cache-ttl": {
    type: "duration",
    help: "how long an answer about a token counts",
    default: 120_000,
  },
  "authentication-token-webhook-config-file": {
    type: "string",
    value: "FILE",
    help: "ask the server in this kubeconfig about bearer tokens",
  },
  "authentication-token-webhook-version": {
    type: "string",
    help: "the version of the TokenReviews it is sent",
    default: "v1beta1",
  },
  "client-ca-file": {
    type: "string",
    value: "FILE",
    help: "clients with a certificate of one of these authorities are who its subject says. Changes are taken while running",
  },
  "enable-bootstrap-token-auth": {
    type: "boolean",
    help: "take the tokens in Secrets of type bootstrap.kubernetes.io/token in kube-system",
    default: false,
  },
  "oidc-ca-file": { type: "string", value: "FILE", help: "who signed the OpenID server's certificate" },
  "oidc-client-id": { type: "string", help: "whom an ID token has to be meant for; goes with --oidc-issuer-url" },
  "oidc-groups-claim": { type: "string", help: "the claim that has the groups, a text or a list of them" },
  "oidc-groups-prefix": { type: "string", help: "put before each group" },
  "oidc-issuer-url": { type: "string", value: "URL", help: "whose ID tokens are taken; https only" },
  "oidc-required-claim": { type: "map", help: "claims that a token has to have with these values", default: {} },
  "oidc-signing-algs": { type: "strings", help: "algorithms a token may be signed with", default: ["RS256"] },
  "oidc-username-claim": { type: "string", help: "the claim that has the user's name", default: "sub" },
  "oidc-username-prefix": {
    type: "string",
    help: "put before the name; - for nothing. Left out: the issuer and #, but nothing before an e-mail address",
  },
  "requestheader-allowed-names": {
    type: "strings",
    help: "common names of front proxies; any that --requestheader-client-ca-file vouches for when left out",
    default: [],
  },
  "requestheader-client-ca-file": {
    type: "string",
    value: "FILE",
    help: "who signs the certificates of front proxies, which say in headers who the user is. Changes are taken while running",
  },
  "requestheader-extra-headers-prefix": {
    type: "strings",
    help: "what headers with extra values begin with",
    default: [],
  },
  "requestheader-group-headers": { type: "strings", help: "headers that have the groups", default: [] },
  "requestheader-uid-headers": { type: "strings", help: "headers that have the UID", default: [] },
  "requestheader-username-headers": { type: "strings", help: "headers that have the user's name", default: [] },
  "service-account-extend-token-expiration": {
    type: "boolean",
    help: "let tokens that were mounted into pods the old way last a year, and note that they are used after an hour",
    default: true,
  },
  "service-account-issuer": {
    type: "texts",
    value: "URL",
    help: "who issues service account tokens. The first is written into new ones; with the flag repeated, tokens of all of them are taken",
    default: [],
  },
  "service-account-jwks-uri": {
    type: "string",
    value: "URL",
    help: "where OpenID discovery says the public keys are, when not at this server",
  },
  "service-account-key-file": {
    type: "texts",
    value: "FILE",
    help: "PEM of keys that service account tokens may be signed with, public or private. May be repeated",
    default: [],
  },
  "service-account-lookup": {
    type: "boolean",
    help: "take a service account token that is in a Secret only while the Secret and its account are there. Tokens of the TokenRequest API are always held against what they are bound to",
    default: true,
  },
  "service-account-max-token-expiration": {
    type: "duration",
    help: "the longest that a token lasts, whatever was asked for",
    default: 0,
  },
  "service-account-signing-endpoint": {
    type: "string",
    value: "SOCKET",
    help: "a socket of another program that signs service account tokens, instead of --service-account-signing-key-file",
  },
  "token-auth-file": {
    type: "string",
    value: "FILE",
    help: 'static tokens, one a line: token,user,uid,"group1,group2"',
  },
} as const satisfies FlagSpecs;
