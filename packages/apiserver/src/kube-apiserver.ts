/** An API server as a cluster runs it: authentication, authorization, admission and the kinds that need cluster state, from plain options. */

import { readFile } from "node:fs/promises";
import { definitions, findDefinition, type RuntimeConfig, schemaSet } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import { keepCompacted, type Store } from "@kubets/storage";
import { clusterOf } from "./admission/cluster.ts";
import type { WebhookAdmissionConfiguration } from "./admission/configuration.ts";
import { type AdmissionOptions, admissionPlugins } from "./admission/default-plugins.ts";
import type { AdmissionAttributes } from "./admission/plugin.ts";
import { keepPolicyStatus, policyAdmission, policyHooks } from "./admission/policy/index.ts";
import { ensureSystemPriorityClasses } from "./admission/system-priority-classes.ts";
import { webhookAdmission, webhookConfigurationHooks } from "./admission/webhook/index.ts";
import { Aggregator } from "./aggregation/index.ts";
import {
  frontProxyHeaders,
  type KubeAuthenticationOptions,
  type KubeIdentityOptions,
  kubeIdentity,
} from "./authentication/kube-identity.ts";
import { ensureTrackingSince } from "./authentication/legacy-token-tracking.ts";
import type { ServiceAccountIssuer } from "./authentication/service-account-issuer.ts";
import { reconcileBootstrapPolicy } from "./authorization/bootstrap-policy/reconcile.ts";
import { type AuthorizationOptions, buildAuthorization } from "./authorization/build.ts";
import { EscalationCheck } from "./authorization/escalation.ts";
import type { ClusterCertificates } from "./certificates/cluster-certificates.ts";
import { type ObjectReader, StoreReader } from "./reader/object-reader.ts";
import { ApiServer, type ApiServerOptions } from "./server.ts";
import { apiServerIdentity } from "./services/default-objects.ts";
import { keepIdentityLease } from "./services/identity-lease.ts";
import { policyWriter } from "./services/policy-writer.ts";
import { EndpointResolver, WebhookClient, webhookUsers } from "./webhook/index.ts";

export interface KubeApiServerOptions {
  readonly store: Store;
  readonly certificates: ClusterCertificates;
  readonly serviceCIDR: string;
  /** Without it nothing listens. */
  readonly listen?: { readonly bindAddress: string; readonly port: number };
  readonly advertiseAddress: string;
  /** The text of `--token-auth-file`, and its name for messages. */
  readonly tokenFile?: { readonly text: string; readonly path: string };
  readonly clusterDomain: string;
  /** Beyond what the certificates imply: client certificates, bootstrap tokens, service accounts, the front proxy. */
  readonly authentication?: KubeAuthenticationOptions;
  /** Node and RBAC when it is not given. */
  readonly authorization?: Omit<AuthorizationOptions, "reader" | "clock" | "random" | "logger">;
  /** NodeRestriction runs unless `enable` is given without it or `disable` with it, as kubeadm has it. */
  readonly admission?: Pick<AdmissionOptions, "enable" | "disable" | "config" | "tolerationSeconds" | "plugins">;
  /** `--etcd-compaction-interval`: how long history is kept. Default 5 minutes. */
  readonly compactionIntervalMs?: number;
  /** `--event-ttl`. Default an hour. */
  readonly eventTtlMs?: number;
  /** What tells this server from others of the cluster. Default the machine's name. */
  readonly hostname?: string;
  readonly componentHealth?: NonNullable<ApiServerOptions["componentHealth"]>;
  /** `--runtime-config`: what is stable when it is not given. */
  readonly runtimeConfig?: RuntimeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

export interface KubeApiServer {
  readonly server: ApiServer;
  /** Signs service account tokens with the server's own key. */
  readonly tokens: ServiceAccountIssuer;
}

/** @param signal ends what follows the store from now on; the server itself has its own, given to `start` */
export async function createKubeApiServer(options: KubeApiServerOptions, signal: AbortSignal): Promise<KubeApiServer> {
  const { store, clock, random, logger } = options;
  const reader = new StoreReader(store, definitionOf, (err) => logger.error("A watch of the store broke", { err }));
  const externalUrl = `https://${options.advertiseAddress}:${options.listen?.port || 6443}`;
  const { authorization = { modes: ["Node", "RBAC"] } } = options;
  const [{ tokens, server: identity }, { authorizer, rbac }] = await Promise.all([
    kubeIdentity(
      {
        ...options,
        authentication: withoutAnonymous(options, authorization),
        externalUrl,
        patchSecret: secretPatcher(() => server),
      },
      reader,
      signal,
    ),
    buildAuthorization({ ...authorization, reader, clock, random, logger }, signal),
  ]);
  const config = options.admission?.config;
  const [webhooks, mutating, validating] = await Promise.all([
    webhookClient(options, reader, () => server, undefined, signal),
    webhookClient(options, reader, () => server, config?.MutatingAdmissionWebhook, signal),
    webhookClient(options, reader, () => server, config?.ValidatingAdmissionWebhook, signal),
  ]);
  const source = { reader, resources: () => server.resources };
  const webhookOptions = {
    ...{ source, clients: { mutating, validating }, authorizer, clock, random, logger },
    isUnasked: ({ user }: AdmissionAttributes) => user.name === apiServerIdentity.name && !server.healthz().ok,
  };
  const webhookPlugins = await webhookAdmission(webhookOptions, signal);
  const policyPlugins = await policyAdmission({ source, authorizer, logger }, signal);
  const plugins = await admissionPlugins(
    {
      enable: options.admission?.disable?.includes("NodeRestriction") ? [] : ["NodeRestriction"],
      ...options.admission,
      plugins: [...(options.admission?.plugins ?? []), ...webhookPlugins, ...policyPlugins],
      reader,
      authorizer,
      cluster: clusterOf(() => server),
      clock,
      random,
    },
    signal,
  );
  const aggregator = await aggregationLayer(options, reader, signal);
  const server: ApiServer = new ApiServer({
    ...identity,
    store,
    definitions: definitions(options.runtimeConfig),
    schemas: schemaSet,
    authorizer,
    admission: [...plugins, new EscalationCheck(rbac, authorizer)],
    aggregator,
    hooks: { ...webhookConfigurationHooks, ...policyHooks },
    conversionWebhooks: webhooks,
    bootstrap: [putDefaultsInPlace],
    background: [
      (_server, stopped) => keepCompacted(store, { clock, logger, ...compaction(options) }, stopped),
      (running, stopped) => {
        const transport = running.transport(apiServerIdentity, "kube-apiserver");
        return keepIdentityLease({ transport, ...identityHost(options), clock, random, logger }, stopped);
      },
      (running, stopped) => {
        const transport = running.transport(apiServerIdentity, "kube-apiserver");
        return keepPolicyStatus({ source, transport, clock, logger }, stopped);
      },
    ],
    ...(options.eventTtlMs === undefined ? {} : { eventTtlMs: options.eventTtlMs }),
    serviceCidrs: [options.serviceCIDR],
    advertiseAddress: options.advertiseAddress,
    kubelet: kubeletClient(options),
    ...(options.componentHealth === undefined ? {} : { componentHealth: options.componentHealth }),
    clock,
    random,
    logger,
    ...listenOptions(options),
  });
  return { server, tokens };
}

function compaction({ compactionIntervalMs: intervalMs }: KubeApiServerOptions) {
  return intervalMs === undefined ? {} : { intervalMs };
}

function identityHost({ hostname: host }: KubeApiServerOptions) {
  return host === undefined ? {} : { host };
}

async function putDefaultsInPlace(server: ApiServer): Promise<void> {
  const writer = policyWriter(server.transport(apiServerIdentity));
  await Promise.all([
    reconcileBootstrapPolicy(writer),
    ensureSystemPriorityClasses(writer),
    ensureTrackingSince(writer, server.context.clock),
  ]);
}

/** Whoever may do everything must at least say who they are, as upstream has it. */
function withoutAnonymous(
  { authentication = {}, logger }: KubeApiServerOptions,
  { modes, configFile }: NonNullable<KubeApiServerOptions["authorization"]>,
): KubeAuthenticationOptions {
  const allowsAll = modes?.includes("AlwaysAllow") ?? configFile === undefined;
  if (!allowsAll || authentication.anonymous === false) return authentication;
  logger.warn(
    "AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false. You should use a different authorizer",
  );
  return { ...authentication, anonymous: false };
}

function secretPatcher(server: () => ApiServer): KubeIdentityOptions["patchSecret"] {
  const contentType = "application/merge-patch+json";
  return (namespace, name, body) => {
    const path = `/api/v1/namespaces/${namespace}/secrets/${name}`;
    return server().transport(apiServerIdentity).request({ method: "PATCH", path, query: {}, body, contentType });
  };
}

function definitionOf({ group, version, plural }: { group: string; version: string; plural: string }) {
  const definition = findDefinition(group, version, plural);
  if (definition === undefined) throw new Error(`no definition of ${plural}.${version}.${group}`);
  return definition;
}

async function aggregationLayer(
  { certificates, authentication = {}, clock, random, logger }: KubeApiServerOptions,
  reader: ObjectReader,
  signal: AbortSignal,
): Promise<Aggregator> {
  const aggregator = new Aggregator({
    reader,
    services: new EndpointResolver(reader, random),
    proxyClient: certificates.frontProxyClient,
    trust: {
      ...frontProxyHeaders,
      ...authentication.requestHeader,
      clientCA: authentication.clientCA ?? certificates.ca.certificate,
      requestHeaderCA: authentication.requestHeader?.ca ?? certificates.frontProxyCA.certificate,
    },
    clock,
    logger,
  });
  await aggregator.follow(signal);
  return aggregator;
}

/** The API server as a webhook would only wait for itself. */
async function webhookClient(
  { advertiseAddress, clock, random }: KubeApiServerOptions,
  reader: ObjectReader,
  server: () => ApiServer,
  config: WebhookAdmissionConfiguration | undefined,
  signal: AbortSignal,
): Promise<WebhookClient> {
  const own = new Set(["127.0.0.1", "::1", "localhost", advertiseAddress]);
  const file = config?.kubeConfigFile;
  const client = new WebhookClient({
    services: new EndpointResolver(reader, random),
    clock,
    isSelf: ({ host, port }) => port === server().port && own.has(host),
    loopback: (path, body, aborted) => {
      if (!server().aggregates(path)) return undefined;
      const transport = server().transport(apiServerIdentity, "kube-apiserver-admission");
      const request = { method: "POST", path, query: {}, body } as const;
      return transport.request(aborted === undefined ? request : { ...request, signal: aborted });
    },
    ...(file === undefined ? {} : { users: await webhookUsers(await readFile(file, "utf8"), file) }),
  });
  signal.addEventListener("abort", () => client.close(), { once: true });
  return client;
}

function kubeletClient({ certificates }: KubeApiServerOptions) {
  const { kubeletClient: client, ca } = certificates;
  return { cert: client.certificate, key: client.key, ca: ca.certificate };
}

function listenOptions(options: KubeApiServerOptions): Pick<ApiServerOptions, "listen"> {
  const { listen, certificates, authentication = {} } = options;
  if (listen === undefined) return {};
  const { apiServer, ca, frontProxyCA } = certificates;
  // Clients choose among their certificates by these names; a front proxy is a client too.
  const authorities = [authentication.clientCA ?? ca.certificate];
  authorities.push(authentication.requestHeader?.ca ?? frontProxyCA.certificate);
  const clientCA = authorities.join("\n");
  return { listen: { ...listen, tls: { key: apiServer.key, cert: apiServer.certificate, clientCA } } };
}
