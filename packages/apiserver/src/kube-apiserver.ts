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
import { noPrivilegedContainers } from "./admission/privileged.ts";
import { ensureSystemPriorityClasses } from "./admission/system-priority-classes.ts";
import { webhookAdmission, webhookConfigurationHooks } from "./admission/webhook/index.ts";
import { Aggregator } from "./aggregation/index.ts";
import type { AuditOptions } from "./audit/index.ts";
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
import type { KeyPair } from "./certificates/create.ts";
import { followFile } from "./configuration/watched-file.ts";
import { deviceSelectorHooks } from "./device-selectors/selector-hooks.ts";
import type { EncryptionAtRest } from "./encryption/index.ts";
import { fairQueueing } from "./fair-queueing/index.ts";
import { MetricsRegistry } from "./metrics/families.ts";
import type { MetricRules } from "./metrics/rules.ts";
import { type ObjectReader, StoreReader } from "./reader/object-reader.ts";
import { defaultInFlightLimits, type InFlightLimits } from "./server/in-flight.ts";
import type { ApiServerOptions, ListenOptions } from "./server/options.ts";
import { followPair, type ServingPair, type TlsFiles } from "./server/serving-tls.ts";
import { ApiServer } from "./server.ts";
import { apiServerIdentity } from "./services/default-objects.ts";
import { keepIdentityLease } from "./services/identity-lease.ts";
import { policyWriter } from "./services/policy-writer.ts";
import { postStartHooks } from "./services/post-start-hooks.ts";
import type { KubeletClientOptions } from "./subresource/kubelet-client.ts";
import { EndpointResolver, WebhookClient, webhookUsers } from "./webhook/index.ts";

export interface KubeApiServerOptions {
  readonly store: Store;
  /** A cluster's own, as kubeadm has them. Each can be said otherwise by the options about it; without them, only what those say is there. */
  readonly certificates?: ClusterCertificates;
  /** `--service-cluster-ip-range`: one, or one of each family with a comma between. */
  readonly serviceCIDR: string;
  /** `--service-node-port-range`. Default 30000-32767. */
  readonly nodePortRange?: string;
  /** Without it nothing listens. Without `tls` it shows the cluster's certificate. */
  readonly listen?: Omit<ListenOptions, "tls"> & { readonly tls?: Omit<TlsFiles, "clientCAs"> };
  readonly advertiseAddress: string;
  /** `--external-hostname`: in URLs that lead here. Default the advertised address. */
  readonly externalHostname?: string;
  /** How to reach kubelets: `--kubelet-client-certificate` and what belongs to it. */
  readonly kubelet?: KubeletClientOptions;
  /** `--proxy-client-cert-file`, `--proxy-client-key-file` */
  readonly proxyClient?: KeyPair & Pick<ServingPair, "files">;
  /** The text of `--token-auth-file`, and its name for messages. */
  readonly tokenFile?: { readonly text: string; readonly path: string };
  readonly clusterDomain: string;
  /** Beyond what the certificates imply: client certificates, bootstrap tokens, service accounts, the front proxy. */
  readonly authentication?: KubeAuthenticationOptions;
  /** Node and RBAC when it is not given. */
  readonly authorization?: Omit<AuthorizationOptions, "reader" | "clock" | "random" | "logger" | "meters" | "host">;
  /** NodeRestriction runs unless `enable` is given without it or `disable` with it, as kubeadm has it. */
  readonly admission?: Pick<AdmissionOptions, "enable" | "disable" | "config" | "tolerationSeconds" | "plugins">;
  /** `--audit-*`: what is recorded of requests, and where. Nothing when it is not given. */
  readonly audit?: AuditOptions | undefined;
  /** What the store was opened with: its plugins' health and its metrics are told by the server. */
  readonly encryption?: EncryptionAtRest | undefined;
  /** `--etcd-compaction-interval`: how long history is kept; 0 for ever. Default 5 minutes. */
  readonly compactionIntervalMs?: number;
  /** `--event-ttl`. Default an hour. */
  readonly eventTtlMs?: number;
  /** `--allow-privileged`. Default true: upstream's is false, and every set-up says true. */
  readonly allowPrivileged?: boolean;
  /** `--max-requests-inflight`, `--max-mutating-requests-inflight` */
  readonly inFlight?: InFlightLimits;
  /** `--enable-priority-and-fairness`: the two limits' sum is shared out by FlowSchemas; without it each is a limit of its own. Default true. */
  readonly enablePriorityAndFairness?: boolean;
  /** `--endpoint-reconciler-type=none` is false: the addresses of the Service default/kubernetes are someone else's. Default true. */
  readonly publishEndpoints?: boolean;
  /** `--shutdown-delay-duration`. Default 0. */
  readonly shutdownDelayMs?: number;
  /** `--livez-grace-period`. Default 0. */
  readonly livezGraceMs?: number;
  /** `--etcd-healthcheck-timeout`, `--etcd-readycheck-timeout`. Default 2 s. */
  readonly storeHealthMs?: number;
  readonly storeReadyMs?: number;
  /** `--kubernetes-service-node-port`. Default 0: the Service is of type ClusterIP. */
  readonly kubernetesServiceNodePort?: number;
  /** `--aggregator-reject-forwarding-redirect`. Default true. */
  readonly rejectRedirects?: boolean;
  /** `--min-request-timeout`. Default 1800 s. */
  readonly minRequestTimeoutMs?: number;
  /** What tells this server from others of the cluster. Default the machine's name. */
  readonly hostname?: string;
  /** `--max-connection-bytes-per-sec`. Default 0: no limit. */
  readonly maxConnectionBytesPerSecond?: number;
  readonly componentHealth?: NonNullable<ApiServerOptions["componentHealth"]>;
  /** `--disabled-metrics`, `--allow-metric-labels` */
  readonly metricRules?: MetricRules;
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
  const meters = new MetricsRegistry(options.metricRules);
  meters.tellOfItself();
  const { encryption } = options;
  if (encryption !== undefined) meters.collect(() => encryption.metrics());
  const reader = new StoreReader(store, definitionOf, (err) =>
    logger.error("The store cannot be followed as it should be", { err }),
  );
  const externalUrl = `https://${options.externalHostname ?? options.advertiseAddress}:${options.listen?.port || 6443}`;
  const { authorization = { modes: ["Node", "RBAC"] } } = options;
  const [{ tokens, server: identity }, { authorizer, rbac }] = await Promise.all([
    kubeIdentity(
      {
        ...options,
        authentication: withoutAnonymous(options, authorization),
        externalUrl,
        meters,
        patchSecret: secretPatcher(() => server),
      },
      reader,
      signal,
    ),
    buildAuthorization({ ...authorization, reader, clock, random, logger, meters, host: options.hostname }, signal),
  ]);
  const config = options.admission?.config;
  const [webhooks, mutating, validating] = await Promise.all([
    webhookClient(options, reader, () => server, undefined, signal),
    webhookClient(options, reader, () => server, config?.MutatingAdmissionWebhook, signal),
    webhookClient(options, reader, () => server, config?.ValidatingAdmissionWebhook, signal),
  ]);
  const source = { reader, resources: () => server.resources };
  const webhookOptions = {
    ...{ source, clients: { mutating, validating }, authorizer, clock, random, logger, meters },
    isUnasked: ({ user }: AdmissionAttributes) => user.name === apiServerIdentity.name && !server.healthz().ok,
  };
  const webhookPlugins = await webhookAdmission(webhookOptions, signal);
  const policyPlugins = await policyAdmission({ source, authorizer, clock, meters }, signal);
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
  const aggregator = await aggregationLayer(options, reader, meters, signal);
  const auditing = await auditingOf(options);
  const { inFlight = defaultInFlightLimits, enablePriorityAndFairness = true } = options;
  const requestTimeoutMs = options.listen?.requestTimeoutMs;
  const flowControl = { reader, resources: () => server.resources, inFlight, requestTimeoutMs, clock, logger };
  const fairness = enablePriorityAndFairness ? await fairQueueing(flowControl, signal) : undefined;
  const server: ApiServer = new ApiServer({
    ...identity,
    store,
    definitions: definitions(options.runtimeConfig),
    schemas: schemaSet,
    authorizer,
    admission: [
      ...plugins,
      new EscalationCheck(rbac, authorizer),
      ...(options.allowPrivileged === false ? [noPrivilegedContainers] : []),
    ],
    aggregator,
    auditing,
    hooks: { ...webhookConfigurationHooks, ...policyHooks, ...deviceSelectorHooks },
    conversionWebhooks: webhooks,
    bootstrap: [putDefaultsInPlace, ...(fairness?.bootstrap ?? [])],
    ...(fairness === undefined ? {} : { limiter: fairness.limiter, metrics: fairness.metrics }),
    meters,
    healthChecks: options.encryption?.healthChecks ?? [],
    nonResource: [...(identity.nonResource ?? []), ...(fairness?.nonResource ?? [])],
    background: [
      ...(fairness?.background ?? []),
      async (_server, stopped) => {
        if (options.compactionIntervalMs === 0) return;
        await keepCompacted(store, { clock, logger, ...compaction(options) }, stopped);
      },
      (running, stopped) => {
        const transport = running.transport(apiServerIdentity, "kube-apiserver");
        return keepIdentityLease({ transport, ...identityHost(options), clock, random, logger }, stopped);
      },
      (running, stopped) => {
        const transport = running.transport(apiServerIdentity, "kube-apiserver");
        return keepPolicyStatus({ source, transport, clock, logger }, stopped);
      },
    ],
    serviceCidrs: options.serviceCIDR.split(","),
    advertiseAddress: options.advertiseAddress,
    kubelet: kubeletClient(options, signal),
    postStartHooks: [...postStartHooks, ...(fairness?.postStartHooks ?? [])],
    ...passedOn(options),
    clock,
    random,
    logger,
    ...listenOptions(options),
  });
  return { server, tokens };
}

/** What the server takes as it is given here. */
const passedOnNames = [
  ...(["eventTtlMs", "nodePortRange", "livezGraceMs", "minRequestTimeoutMs", "shutdownDelayMs"] as const),
  ...(["componentHealth", "inFlight", "publishEndpoints", "kubernetesServiceNodePort"] as const),
  ...(["storeHealthMs", "storeReadyMs", "maxConnectionBytesPerSecond"] as const),
];
type PassedOn = Pick<ApiServerOptions, (typeof passedOnNames)[number]>;

function passedOn(options: KubeApiServerOptions): PassedOn {
  const given = passedOnNames.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]])) as PassedOn;
}

async function auditingOf({ audit, clock, random, logger }: KubeApiServerOptions) {
  if (audit === undefined) return undefined;
  const { Auditing } = await import("./audit/index.ts");
  return await Auditing.create(audit, { clock, random, logger });
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
  options: KubeApiServerOptions,
  reader: ObjectReader,
  meters: MetricsRegistry,
  signal: AbortSignal,
): Promise<Aggregator> {
  const {
    certificates,
    proxyClient = certificates?.frontProxyClient,
    authentication = {},
    clock,
    random,
    logger,
  } = options;
  const { clientCA, requestHeaderCA } = authorities(options);
  const headers =
    requestHeaderCA === undefined ? {} : { ...frontProxyHeaders, ...authentication.requestHeader, requestHeaderCA };
  const aggregator = new Aggregator({
    reader,
    services: new EndpointResolver(reader, random),
    rejectRedirects: options.rejectRedirects !== false,
    ...(proxyClient === undefined ? {} : { proxyClient }),
    trust: { ...headers, ...(clientCA === undefined ? {} : { clientCA }) },
    clock,
    logger,
    meters,
  });
  await aggregator.follow(signal);
  followTrust(aggregator, options, signal);
  return aggregator;
}

/** What this server shows to aggregated ones, and whom they are to trust, when the files change. */
function followTrust(aggregator: Aggregator, options: KubeApiServerOptions, signal: AbortSignal): void {
  const { proxyClient, authentication = {}, clock, logger } = options;
  const { clientCA: content, clientCAFile: path, requestHeader } = authentication;
  const means = { clock, logger };
  if (proxyClient?.files !== undefined) {
    const shown = ({ cert: certificate, key }: Omit<ServingPair, "files">) =>
      aggregator.useProxyClient({ certificate, key });
    followPair({ ...proxyClient, cert: proxyClient.certificate }, shown, means, signal);
  }
  // Both end with the signal, and tell their failures themselves.
  if (content !== undefined && path !== undefined) {
    const apply = (clientCA: string) => aggregator.trustAlso({ clientCA });
    void followFile({ path, content, apply, ...means }, signal);
  }
  if (requestHeader?.caFile !== undefined) {
    const apply = (requestHeaderCA: string) => aggregator.trustAlso({ requestHeaderCA });
    void followFile({ path: requestHeader.caFile, content: requestHeader.ca, apply, ...means }, signal);
  }
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

/** Without a certificate it speaks to kubelets as nobody, and believes them, as upstream does. */
function kubeletClient(options: KubeApiServerOptions, signal: AbortSignal): KubeletClientOptions {
  const { certificates, kubelet, clock, logger } = options;
  if (kubelet !== undefined) {
    const { cert, key, files } = kubelet;
    if (cert === undefined || key === undefined) return kubelet;
    const current = { ...kubelet };
    followPair({ cert, key, files }, (pair) => Object.assign(current, pair), { clock, logger }, signal);
    return current;
  }
  if (certificates === undefined) return {};
  const { kubeletClient: client, ca } = certificates;
  return { cert: client.certificate, key: client.key, ca: ca.certificate };
}

function listenOptions(options: KubeApiServerOptions): Pick<ApiServerOptions, "listen"> {
  const { listen, certificates } = options;
  if (listen === undefined) return {};
  const own = certificates && { key: certificates.apiServer.key, cert: certificates.apiServer.certificate };
  const tls = listen.tls ?? own;
  if (tls === undefined) throw new Error("there is no certificate to serve with");
  // Clients choose among their certificates by these names; a front proxy is a client too.
  const { clientCA, requestHeaderCA } = authorities(options);
  const { clientCAFile, requestHeader } = options.authentication ?? {};
  const known = [
    { pem: clientCA, file: clientCAFile },
    { pem: requestHeaderCA, file: requestHeader?.caFile },
  ];
  const clientCAs = known.flatMap(({ pem, file }) => (pem === undefined ? [] : [{ pem, file }]));
  return { listen: { ...listen, tls: { ...tls, clientCAs } } };
}

/** PEM: who signs the certificates of clients, and of front proxies. */
function authorities({ certificates, authentication = {} }: KubeApiServerOptions) {
  return {
    clientCA: authentication.clientCA ?? certificates?.ca.certificate,
    requestHeaderCA: authentication.requestHeader?.ca ?? certificates?.frontProxyCA.certificate,
  };
}
