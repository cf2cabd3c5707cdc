/** The API server's authorizer, from its modes or its configuration file. Source: kubernetes' kubeapiserver/authorizer. */

import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type Clock, type Logger, parseDuration, path, type Random } from "@kubets/apimachinery";
import { followFile } from "../configuration/watched-file.ts";
import type { Dial } from "../egress/egress.ts";
import { MetricsRegistry } from "../metrics/families.ts";
import { ReloadMetrics } from "../metrics/reload-metrics.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import { kubeconfigCaller } from "../webhook/index.ts";
import { abacAuthorizer } from "./abac.ts";
import { alwaysAllowPaths } from "./always-allow-paths.ts";
import {
  type AuthorizationConfiguration,
  type AuthorizerConfiguration,
  type AuthorizerType,
  authorizerTypes,
  defaultAuthorizedTtlMs,
  defaultUnauthorizedTtlMs,
  readAuthorizationConfiguration,
  type WebhookConfiguration,
} from "./authorization-configuration.ts";
import type { Authorizer } from "./authorizer.ts";
import { compileMatchConditions } from "./match-conditions.ts";
import { NodeAuthorizer } from "./node.ts";
import { NodeGraph } from "./node-graph.ts";
import { rbacAuthorizer } from "./rbac.ts";
import { RbacIndex } from "./rbac-index.ts";
import { alwaysAllowAuthorizer, alwaysDenyAuthorizer, privilegedGroupAuthorizer, unionAuthorizer } from "./union.ts";
import { WebhookAuthorizer } from "./webhook.ts";
import type { WebhookCaller } from "./webhook-retry.ts";

/** Flags that give one webhook, of mode Webhook. */
export interface AuthorizationWebhookOptions {
  /** `--authorization-webhook-config-file` */
  readonly configFile: string;
  /** `--authorization-webhook-version`. Default v1beta1, as upstream's. */
  readonly version?: "v1" | "v1beta1";
  /** `--authorization-webhook-cache-authorized-ttl`. Default 5 minutes. */
  readonly authorizedTtlMs?: number;
  /** `--authorization-webhook-cache-unauthorized-ttl`. Default 30 seconds. */
  readonly unauthorizedTtlMs?: number;
}

/** Which authorizers are asked, in which order, and the means they work by. */
export interface AuthorizationOptions {
  readonly reader: ObjectReader;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How webhooks are reached where not directly. */
  readonly dial?: Dial | undefined;
  /** `--authorization-mode`, in order. Without it and without `configFile`: AlwaysAllow, as upstream. */
  readonly modes?: readonly AuthorizerType[];
  /** `--authorization-config`: instead of `modes` and what belongs to them. Looked at again while the server runs. */
  readonly configFile?: string;
  /** `--authorization-policy-file`, for mode ABAC. */
  readonly policyFile?: string;
  readonly webhook?: AuthorizationWebhookOptions;
  /** `--authorization-always-allow-paths`. Default none, as kube-apiserver: RBAC's default policy lets everyone see the health checks. */
  readonly alwaysAllowPaths?: readonly string[];
  readonly meters?: MetricsRegistry;
  /** What tells this API server from the others of the cluster, for metrics. Default the machine's name. */
  readonly host?: string | undefined;
}

export interface Authorization {
  readonly authorizer: Authorizer;
  /** Fed whether RBAC is a mode or not: escalation checks need it. */
  readonly rbac: RbacIndex;
}

/**
 * @param signal ends what follows the store and the files from now on
 * @throws Error for options or files that cannot be used
 */
export async function buildAuthorization(options: AuthorizationOptions, signal: AbortSignal): Promise<Authorization> {
  const { reader, configFile } = options;
  if (configFile !== undefined && (options.modes !== undefined || options.webhook !== undefined))
    throw new Error(
      "--authorization-config can not be specified when --authorization-mode or --authorization-webhook-* flags are defined",
    );
  const rbac = new RbacIndex();
  const graph = new NodeGraph();
  let inUse = new AbortController();
  const partsWhile = ({ signal: own }: AbortController): Parts => {
    return { options, rbac, graph, signal, following: AbortSignal.any([signal, own]) };
  };
  const parts = partsWhile(inUse);
  const content = configFile === undefined ? undefined : await readFile(configFile, "utf8");
  const authorizers = content === undefined ? await fromModes(parts) : await fromConfiguration(parts, content);
  const paths = options.alwaysAllowPaths ?? [];
  const first = [...(paths.length === 0 ? [] : [alwaysAllowPaths(paths)]), privilegedGroupAuthorizer];
  const current = new ReplaceableAuthorizer(unionAuthorizer([...first, ...authorizers]));
  // Both are followed even when not in use: a changed configuration may bring them in.
  await Promise.all([rbac.follow(reader, signal), graph.follow(reader, signal)]);
  if (configFile === undefined || content === undefined) return { authorizer: current.fixed, rbac };
  const apply = async (changed: string) => {
    const next = new AbortController();
    try {
      current.replace(unionAuthorizer([...first, ...(await fromConfiguration(partsWhile(next), changed))]));
    } catch (error) {
      next.abort();
      throw error;
    }
    inUse.abort();
    inUse = next;
  };
  // Ends with the signal, and tells its failures itself.
  const { clock, logger, meters = new MetricsRegistry() } = options;
  const metrics = new ReloadMetrics({ meters, clock, what: "authorization", host: options.host ?? hostname() });
  metrics.loaded(content);
  void followFile({ path: configFile, content, clock, logger, apply: metrics.applying(apply) }, signal);
  return { authorizer: current, rbac };
}

interface Parts {
  readonly signal: AbortSignal;
  /** Ends the looking for changes of what a configuration names, when it is no longer in use. */
  readonly following: AbortSignal;
  readonly options: AuthorizationOptions;
  readonly rbac: RbacIndex;
  readonly graph: NodeGraph;
}

/** What is asked can change while the server runs. */
class ReplaceableAuthorizer implements Authorizer {
  #inner: Authorizer;

  constructor(inner: Authorizer) {
    this.#inner = inner;
  }

  /** The one it has now, for whoever knows that it will not change. */
  get fixed(): Authorizer {
    return this.#inner;
  }

  replace(inner: Authorizer): void {
    this.#inner = inner;
  }

  authorize(attributes: Parameters<Authorizer["authorize"]>[0]) {
    return this.#inner.authorize(attributes);
  }

  rulesFor(...question: Parameters<NonNullable<Authorizer["rulesFor"]>>) {
    return this.#inner.rulesFor?.(...question) ?? { resourceRules: [], nonResourceRules: [], incomplete: true };
  }
}

async function fromModes(parts: Parts): Promise<Authorizer[]> {
  const { modes = ["AlwaysAllow"] } = parts.options;
  if (modes.length === 0) throw new Error("at least one authorization-mode must be passed");
  if (new Set(modes).size < modes.length)
    throw new Error(`authorization-mode ${JSON.stringify(modes)} has mode specified more than once`);
  return await Promise.all(modes.map((mode) => ofMode(mode, parts)));
}

async function ofMode(mode: AuthorizerType, parts: Parts): Promise<Authorizer> {
  const { webhook } = parts.options;
  if (mode !== "Webhook") return await ofType(mode, parts);
  if (webhook === undefined) throw new Error("authorization-mode Webhook's authorization config file not passed");
  const { version = "v1beta1", authorizedTtlMs = defaultAuthorizedTtlMs } = webhook;
  return await webhookFromFile(parts, webhook.configFile, {
    version,
    authorizedTtlMs,
    unauthorizedTtlMs: webhook.unauthorizedTtlMs ?? defaultUnauthorizedTtlMs,
    timeoutMs: 30_000,
    failurePolicy: "NoOpinion",
  });
}

async function ofType(type: Exclude<AuthorizerType, "Webhook">, parts: Parts): Promise<Authorizer> {
  switch (type) {
    case "AlwaysAllow":
      return alwaysAllowAuthorizer;
    case "AlwaysDeny":
      return alwaysDenyAuthorizer;
    case "RBAC":
      return rbacAuthorizer(parts.rbac);
    case "Node":
      return new NodeAuthorizer(parts.graph);
    case "ABAC":
      return await abacFromFile(parts.options);
    default:
      throw new Error(
        `authorization-mode ${JSON.stringify(type)} is not a valid mode; it is one of ${authorizerTypes.join(", ")}`,
      );
  }
}

async function abacFromFile({ policyFile, logger }: AuthorizationOptions): Promise<Authorizer> {
  if (policyFile === undefined) throw new Error("authorization-mode ABAC's authorization policy file not passed");
  return abacAuthorizer(await readFile(policyFile, "utf8"), policyFile, (message) => logger.warn(message));
}

type WebhookRules = Pick<
  ConstructorParameters<typeof WebhookAuthorizer>[0],
  "version" | "authorizedTtlMs" | "unauthorizedTtlMs" | "timeoutMs" | "failurePolicy" | "matchConditions"
>;

async function webhookFromFile(parts: Parts, file: string, rules: WebhookRules): Promise<Authorizer> {
  const { clock, random, logger, meters } = parts.options;
  const following = { logger, signal: parts.following, dial: parts.options.dial };
  const text = await readFile(file, "utf8");
  const caller: WebhookCaller = await kubeconfigCaller(text, file, clock, following, meters);
  return new WebhookAuthorizer({ ...rules, caller, clock, random, logger, signal: parts.signal });
}

async function fromConfiguration(parts: Parts, content: string): Promise<Authorizer[]> {
  const { authorizers = [] }: AuthorizationConfiguration = await readAuthorizationConfiguration(content);
  return await Promise.all(authorizers.map((configured) => ofConfigured(configured, parts)));
}

async function ofConfigured({ type, webhook }: AuthorizerConfiguration, parts: Parts): Promise<Authorizer> {
  // Validated: there is a webhook where the type asks for one.
  if (type !== "Webhook" || webhook === undefined)
    return await ofType(type as Exclude<AuthorizerType, "Webhook">, parts);
  const { connectionInfo, matchConditions = [] } = webhook;
  if (connectionInfo?.type !== "KubeConfigFile")
    throw new Error("connectionInfo.type InClusterConfig is not supported: the API server does not run in a pod");
  const { conditions } = await compileMatchConditions(matchConditions, path());
  const rules = { ...rulesOf(webhook), ...(conditions === undefined ? {} : { matchConditions: conditions }) };
  return await webhookFromFile(parts, connectionInfo.kubeConfigFile ?? "", rules);
}

function rulesOf(webhook: WebhookConfiguration): WebhookRules {
  const { cacheAuthorizedRequests = true, cacheUnauthorizedRequests = true } = webhook;
  const ms = (duration: string | undefined, otherwise: number) =>
    duration ? parseDuration(duration) || otherwise : otherwise;
  return {
    version: webhook.subjectAccessReviewVersion === "v1beta1" ? "v1beta1" : "v1",
    authorizedTtlMs: cacheAuthorizedRequests ? ms(webhook.authorizedTTL, defaultAuthorizedTtlMs) : 0,
    unauthorizedTtlMs: cacheUnauthorizedRequests ? ms(webhook.unauthorizedTTL, defaultUnauthorizedTtlMs) : 0,
    timeoutMs: ms(webhook.timeout, 30_000),
    failurePolicy: webhook.failurePolicy === "Deny" ? "Deny" : "NoOpinion",
  };
}
