/** An API server as a cluster runs it: authentication, authorization, admission and the kinds that need cluster state, from plain options. */

import { definitions, schemaSet } from "@kubets/api";
import { policyHooks } from "./admission/policy/index.ts";
import { webhookConfigurationHooks } from "./admission/webhook/index.ts";
import type { ServiceAccountIssuer } from "./authentication/service-account-issuer.ts";
import { deviceSelectorHooks } from "./device-selectors/selector-hooks.ts";
import { fairQueueing } from "./fair-queueing/index.ts";
import { clusterAdmission } from "./kube-apiserver/admission.ts";
import { aggregationLayer } from "./kube-apiserver/aggregation.ts";
import { kubeletClient, listenOptions } from "./kube-apiserver/certificates.ts";
import { type Ground, layGround } from "./kube-apiserver/ground.ts";
import { identityAndPermission } from "./kube-apiserver/identity.ts";
import { type KubeApiServerOptions, type PassedOn, passedOnNames } from "./kube-apiserver/options.ts";
import { ownWork, putDefaultsInPlace } from "./kube-apiserver/own-work.ts";
import { defaultInFlightLimits } from "./server/in-flight.ts";
import { ApiServer } from "./server.ts";
import { postStartHooks } from "./services/post-start-hooks.ts";

/** Not yet started: `server.start` does that. */
export interface KubeApiServer {
  readonly server: ApiServer;
  /** Signs service account tokens with the server's own key. */
  readonly tokens: ServiceAccountIssuer;
}

/**
 * @param signal ends what follows the store from now on; the server itself has its own, given to `start`
 * @throws Error for options or files that cannot be used
 */
export async function createKubeApiServer(options: KubeApiServerOptions, signal: AbortSignal): Promise<KubeApiServer> {
  const { store, advertiseAddress, clock, random, logger } = options;
  const ground = layGround(options, () => server, signal);
  const { tokens, server: identity, authorizer, rbac } = await identityAndPermission(ground);
  const { plugins, conversionWebhooks } = await clusterAdmission(ground, { authorizer, rbac });
  const aggregator = await aggregationLayer(ground);
  const auditing = await auditingOf(ground);
  const fairness = await fairnessOf(ground);
  const tracer = await tracerOf(options);
  const server: ApiServer = new ApiServer({
    ...identity,
    ...{ store, advertiseAddress, clock, random, logger },
    definitions: definitions(options.runtimeConfig),
    schemas: schemaSet,
    authorizer,
    admission: plugins,
    aggregator,
    auditing,
    tracer,
    hooks: { ...webhookConfigurationHooks, ...policyHooks, ...deviceSelectorHooks },
    conversionWebhooks,
    bootstrap: [putDefaultsInPlace, ...(fairness?.bootstrap ?? [])],
    ...(fairness === undefined ? {} : { limiter: fairness.limiter, metrics: fairness.metrics }),
    meters: ground.meters,
    healthChecks: options.encryption?.healthChecks ?? [],
    nonResource: [...(identity.nonResource ?? []), ...(fairness?.nonResource ?? [])],
    background: [...(fairness?.background ?? []), ...ownWork(ground)],
    serviceCidrs: options.serviceCIDR.split(","),
    kubelet: kubeletClient(options, signal),
    postStartHooks: [...postStartHooks, ...(fairness?.postStartHooks ?? [])],
    ...passedOn(options),
    ...listenOptions(options),
  });
  return { server, tokens };
}

function passedOn(options: KubeApiServerOptions): PassedOn {
  const given = passedOnNames.filter((name) => options[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, options[name]])) as PassedOn;
}

async function auditingOf({ options, meters }: Ground) {
  const { audit, egress, clock, random, logger } = options;
  if (audit === undefined) return undefined;
  const { Auditing } = await import("./audit/index.ts");
  return await Auditing.create(audit, { clock, random, logger, meters, dial: egress?.controlplane });
}

async function tracerOf({ tracing, clock, random, logger, hostname: host }: KubeApiServerOptions) {
  if (tracing === undefined) return undefined;
  const { tracerFor } = await import("./tracing/collector.ts");
  return await tracerFor(tracing, { clock, random, logger, host });
}

/** Undefined where the two limits are each one of its own. */
async function fairnessOf({ options, reader, server, signal }: Ground) {
  const { inFlight = defaultInFlightLimits, enablePriorityAndFairness = true, clock, logger } = options;
  if (!enablePriorityAndFairness) return undefined;
  const requestTimeoutMs = options.listen?.requestTimeoutMs;
  const flowControl = { reader, resources: () => server().resources, inFlight, requestTimeoutMs, clock, logger };
  return await fairQueueing(flowControl, signal);
}
