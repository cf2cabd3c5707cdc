/** The API server's authenticator, from its configuration, in upstream's order. Source: kubernetes' kubeapiserver/authenticator. */

import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, deepEqual, type Logger, type Random, realRandom, silentLogger } from "@kubets/apimachinery";
import { followFile } from "../configuration/watched-file.ts";
import type { Egress } from "../egress/egress.ts";
import { MetricsRegistry } from "../metrics/families.ts";
import { ReloadMetrics } from "../metrics/reload-metrics.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import { kubeconfigCaller } from "../webhook/index.ts";
import type { Authenticator } from "./authenticator.ts";
import { bootstrapTokenAuthenticator } from "./bootstrap-token.ts";
import { ClientCertificates } from "./client-certificates.ts";
import type { LegacyTokenTracking } from "./legacy-token-tracking.ts";
import type { AnonymousConfiguration, OidcFlags } from "./oidc/configuration.ts";
import { ReplaceableIssuers } from "./outside-issuers.ts";
import { type RequestHeaderNames, requestHeaderAuthenticator } from "./request-header.ts";
import type { VerificationKey } from "./service-account-keys.ts";
import { ServiceAccountTokenAuthenticator } from "./service-account-token.ts";
import { audienceAgnostic, bearerAuthenticator, type TokenAuthenticator, unionTokenAuthenticator } from "./token.ts";
import { cachedTokenAuthenticator } from "./token-cache.ts";
import { anonymousAuthenticator, authenticatedGroup, failingUnionAuthenticator, unionAuthenticator } from "./union.ts";
import { webhookTokenAuthenticator } from "./webhook-token.ts";
import { certificateExpirations, X509Authenticator } from "./x509.ts";

export interface AuthenticationOptions {
  readonly clock: Clock;
  readonly reader: ObjectReader;
  readonly random?: Random;
  /** Told why someone was refused; the answer never says. */
  readonly logger?: Logger;
  /** PEM: `--client-ca-file`. */
  readonly clientCA?: string;
  /** Where it was read from: looked at again while the server runs. */
  readonly clientCAFile?: string;
  /** Of a front proxy: `--requestheader-client-ca-file` and what belongs to it. */
  readonly requestHeader?: RequestHeaderNames & { readonly ca: string; readonly caFile?: string };
  /** From `tokenFileAuthenticator`: `--token-auth-file`. */
  readonly tokenFile?: TokenAuthenticator;
  readonly serviceAccounts?: {
    readonly issuers: readonly string[];
    readonly keys: readonly VerificationKey[];
    readonly lookup?: boolean;
    readonly tracking?: LegacyTokenTracking;
  };
  /** `--enable-bootstrap-token-auth` */
  readonly bootstrapTokens?: boolean;
  /** `--anonymous-auth`. Default true. Not together with a configuration file that says. */
  readonly anonymous?: boolean;
  /** `--api-audiences`; the issuers when undefined. */
  readonly apiAudiences?: readonly string[];
  readonly oidc?: OidcFlags;
  /** `--authentication-config`: instead of `oidc`. Looked at again while the server runs. */
  readonly configFile?: string;
  readonly webhook?: TokenWebhookOptions;
  readonly meters?: MetricsRegistry;
  /** How webhooks are reached, and issuers that say which way, where not directly. */
  readonly egress?: Egress | undefined;
  /** What tells this API server from the others of the cluster, for metrics. Default the machine's name. */
  readonly host?: string | undefined;
}

export interface TokenWebhookOptions {
  /** `--authentication-token-webhook-config-file` */
  readonly configFile: string;
  /** `--authentication-token-webhook-version`. Default v1beta1, as upstream's. */
  readonly version?: "v1" | "v1beta1";
  /** `--authentication-token-webhook-cache-ttl`. Default 2 minutes. */
  readonly cacheTtlMs?: number;
}

export interface Authentication {
  readonly request: ReturnType<typeof failingUnionAuthenticator>;
  /** For TokenReview; answers carry no `system:authenticated` yet. */
  readonly token: TokenAuthenticator;
  readonly apiAudiences: readonly string[];
}

const defaultWebhookTtlMs = 2 * 60_000;

/**
 * @param signal ends what follows files from now on
 * @throws Error for options or files that cannot be used
 */
export async function buildAuthentication(
  options: AuthenticationOptions,
  signal: AbortSignal = new AbortController().signal,
): Promise<Authentication> {
  const { clock, logger = silentLogger, serviceAccounts } = options;
  if (options.oidc !== undefined && options.configFile !== undefined)
    throw new Error("authentication-config file and oidc-* flags are mutually exclusive");
  const apiAudiences = options.apiAudiences ?? serviceAccounts?.issuers ?? [];
  const issuers = new ReplaceableIssuers({
    clock,
    egress: options.egress,
    disallowedIssuers: serviceAccounts?.issuers ?? [],
  });
  const configured = await readIssuers(options, issuers, signal);
  const known = await tokenAuthenticators(options, apiAudiences, issuers, signal);
  const token = cachedTokenAuthenticator(unionTokenAuthenticator(known), clock);
  const named = authenticatedGroup(
    unionAuthenticator([...certificateAuthenticators(options, signal), bearerAuthenticator(token, apiAudiences)]),
  );
  const { enabled = false, conditions = [] } = configured ?? { enabled: options.anonymous ?? true };
  const anonymous = enabled ? [anonymousAuthenticator(conditions.map(({ path = "" }) => path))] : [];
  return { request: failingUnionAuthenticator([named, ...anonymous], logger), token, apiAudiences };
}

/** The front proxy before the client's own certificate, which the proxy's CA may have signed too. */
function certificateAuthenticators(options: AuthenticationOptions, signal: AbortSignal): Authenticator[] {
  const { clock, clientCA, clientCAFile, requestHeader } = options;
  const result: Authenticator[] = [];
  const trusting = (pem: string, file: string | undefined) => {
    const certificates = new ClientCertificates(pem, clock);
    if (file !== undefined) followAuthorities(certificates, pem, file, options, signal);
    return certificates;
  };
  if (requestHeader !== undefined) {
    const { ca, caFile, ...names } = requestHeader;
    result.push(requestHeaderAuthenticator(trusting(ca, caFile), names));
  }
  const { meters = new MetricsRegistry() } = options;
  if (clientCA !== undefined) {
    const left = { clock, seconds: certificateExpirations(meters) };
    result.push(new X509Authenticator(trusting(clientCA, clientCAFile), left));
  }
  return result;
}

function followAuthorities(
  certificates: ClientCertificates,
  content: string,
  path: string,
  { clock, logger = silentLogger }: AuthenticationOptions,
  signal: AbortSignal,
): void {
  // Ends with the signal, and tells its failures itself.
  const apply = (changed: string) => certificates.replaceAuthorities(changed);
  void followFile({ path, content, clock, logger, apply }, signal);
}

/** @returns what the configuration file says of who comes without a name, which it may not say otherwise while the server runs */
async function readIssuers(
  options: AuthenticationOptions,
  issuers: ReplaceableIssuers,
  signal: AbortSignal,
): Promise<AnonymousConfiguration | undefined> {
  const { clock, logger = silentLogger, oidc, configFile } = options;
  if (oidc !== undefined) await issuers.useFlags(oidc);
  if (configFile === undefined) return undefined;
  const content = await readFile(configFile, "utf8");
  const first = await issuers.useConfiguration(content, (found) => {
    if (found.anonymous !== undefined && options.anonymous !== undefined)
      throw new Error("anonymous-auth can not be set when anonymous is configured in the authentication-config file");
  });
  const apply = async (changed: string) => {
    await issuers.useConfiguration(changed, (found) => {
      if (!deepEqual(found.anonymous, first.anonymous))
        throw new Error("anonymous: Forbidden: changed from initial configuration file");
    });
  };
  // Ends with the signal, and tells its failures itself.
  const { meters = new MetricsRegistry(), host = hostname() } = options;
  const metrics = new ReloadMetrics({ meters, clock, what: "authentication", host });
  metrics.loaded(content);
  void followFile({ path: configFile, content, clock, logger, apply: metrics.applying(apply) }, signal);
  return first.anonymous;
}

async function tokenAuthenticators(
  options: AuthenticationOptions,
  audiences: readonly string[],
  issuers: ReplaceableIssuers,
  signal: AbortSignal,
): Promise<TokenAuthenticator[]> {
  const { clock, reader, tokenFile, serviceAccounts, bootstrapTokens, oidc, configFile } = options;
  const result: TokenAuthenticator[] = [];
  if (tokenFile !== undefined) result.push(audienceAgnostic(tokenFile, audiences));
  if (serviceAccounts !== undefined)
    result.push(new ServiceAccountTokenAuthenticator({ ...serviceAccounts, audiences, reader, clock }));
  if (bootstrapTokens) result.push(audienceAgnostic(bootstrapTokenAuthenticator(reader, clock), audiences));
  if (oidc !== undefined || configFile !== undefined) result.push(audienceAgnostic(issuers, audiences));
  if (options.webhook !== undefined) result.push(await webhookFromFile(options, options.webhook, audiences, signal));
  return result;
}

async function webhookFromFile(
  { clock, random = realRandom, logger = silentLogger, meters, egress }: AuthenticationOptions,
  { configFile, version = "v1beta1", cacheTtlMs = defaultWebhookTtlMs }: TokenWebhookOptions,
  implicitAudiences: readonly string[],
  signal: AbortSignal,
): Promise<TokenAuthenticator> {
  const text = await readFile(configFile, "utf8");
  const caller = await kubeconfigCaller(
    text,
    configFile,
    clock,
    { logger, signal, dial: egress?.controlplane },
    meters,
  );
  const webhook = webhookTokenAuthenticator({ caller, version, implicitAudiences, clock, random, logger, signal });
  return cachedTokenAuthenticator(webhook, clock, { successTtlMs: cacheTtlMs, failureTtlMs: cacheTtlMs });
}
