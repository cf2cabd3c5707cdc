/** A server's parts, put together: what it serves, what it knows, and who answers. Nothing of it runs yet. */

import {
  definitions as builtInDefinitions,
  schemaSet as builtInSchemas,
  convertObject,
  findDefinition,
} from "@kubets/api";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { crdHooks, crdResource, withCrdChecks } from "../custom-resources/crd-hooks.ts";
import { CustomResources } from "../custom-resources/custom-resources.ts";
import { Discovery } from "../discovery/handler.ts";
import { OpenApi } from "../discovery/openapi.ts";
import { AdmissionMetrics } from "../metrics/admission-metrics.ts";
import { CelMetrics } from "../metrics/cel-metrics.ts";
import { MetricsRegistry } from "../metrics/families.ts";
import { writeMeter } from "../metrics/storage-metrics.ts";
import { AdmissionChain } from "../registry/admission-chain.ts";
import { defaultEventTtlMs } from "../services/event-expiry.ts";
import { ServiceAllocation } from "../services/service-allocation.ts";
import { builtInSubresources, builtInVirtual } from "../subresource/built-in.ts";
import { componentStatuses } from "../subresource/component-status.ts";
import { namespaceHooks } from "../subresource/namespace.ts";
import { Chain, type NonResourceHandler } from "./chain.ts";
import type { ServerContext } from "./context.ts";
import { serverHealth } from "./health-checks.ts";
import { defaultInFlightLimits, InFlight } from "./in-flight.ts";
import { Metrics } from "./metrics.ts";
import type { ApiServerOptions } from "./options.ts";
import { RequestHandler } from "./request-handler.ts";
import { ResourceTable } from "./resource-table.ts";
import type { ServerState } from "./state.ts";
import { answerVersion } from "./version.ts";

export interface ServerParts {
  readonly context: ServerContext;
  readonly customResources: CustomResources;
  readonly metrics: Metrics;
  readonly handler: RequestHandler;
  /** Undefined: Services get no addresses. */
  readonly allocation: ServiceAllocation | undefined;
}

type Means = Pick<ServerContext, "clock" | "random" | "logger">;

/** Upstream's --min-request-timeout. */
const defaultMinRequestTimeoutMs = 1_800_000;

export function serverParts(options: ApiServerOptions, state: ServerState): ServerParts {
  const { clock = realClock, random = realRandom, logger = silentLogger, meters = new MetricsRegistry() } = options;
  const means = { clock, random, logger };
  const { store, authenticator, authorizer, minRequestTimeoutMs = defaultMinRequestTimeoutMs } = options;
  const admission = new AdmissionChain(options.admission ?? [], new AdmissionMetrics(meters, clock), clock);
  const allocation = serviceAllocation(options, means, () => resources, state.stopped);
  const resources = resourceTable(options, means, { admission, meters, allocation });
  const metrics = new Metrics({ registry: meters, resources, store, clock });
  const { auditing } = options;
  if (auditing !== undefined) meters.collect(() => auditing.metrics());
  if (options.metrics !== undefined) meters.collect(options.metrics);
  const identity = { authenticator, authorizer };
  const bytesPerSecond = options.maxConnectionBytesPerSecond ?? 0;
  const streamRate = bytesPerSecond > 0 ? { bytesPerSecond, clock } : undefined;
  const context: ServerContext = {
    ...{ resources, store, ...means, admission, ...identity },
    ...{ minRequestTimeoutMs, streamRate, egress: options.egress },
    awaitsPaths: () => state.awaitsPaths,
  };
  const customResources = new CustomResources(context, {
    webhooks: options.conversionWebhooks,
    cel: new CelMetrics(meters, clock),
  });
  const ownPaths = nonResourcePaths(options, state, context, metrics);
  const chain = chainOf(options, context, [...(options.nonResource ?? []), ...ownPaths], meters);
  const handler = new RequestHandler({ chain, requests: metrics.requests, clock, logger });
  return { context, customResources, metrics, handler, allocation };
}

function resourceTable(
  options: ApiServerOptions,
  { clock, random, logger }: Means,
  parts: { admission: AdmissionChain; meters: MetricsRegistry; allocation: ServiceAllocation | undefined },
): ResourceTable {
  const { store, schemas = builtInSchemas, convert = convertObject, eventTtlMs = defaultEventTtlMs } = options;
  const { admission, meters, allocation } = parts;
  const hooks = {
    "/namespaces": namespaceHooks,
    ...(allocation === undefined ? {} : { "/services": allocation }),
    [crdResource]: crdHooks(clock),
    ...options.hooks,
  };
  return new ResourceTable(
    {
      ...{ store, schemas, clock, random, logger, admission, hooks, convert, findDefinition },
      ttlSeconds: { events: Math.ceil(eventTtlMs / 1000) },
      meterOf: (definition) => writeMeter(meters, definition),
    },
    withCrdChecks(options.definitions ?? builtInDefinitions()),
  );
}

/** @param resources asked for when a Service first needs an address, not before */
function serviceAllocation(
  { store, serviceCidrs, nodePortRange }: ApiServerOptions,
  means: Means,
  resources: () => ResourceTable,
  signal: AbortSignal,
): ServiceAllocation | undefined {
  if (serviceCidrs === undefined) return undefined;
  const range = nodePortRange === undefined ? {} : { nodePortRange };
  const registryOf = (plural: string) => {
    const resource = resources().find("networking.k8s.io", plural);
    if (resource === undefined) throw new Error(`networking.k8s.io ${plural} are not served, and Services need them`);
    return resource.registry;
  };
  return new ServiceAllocation({ store, serviceCidrs, ...range, registryOf, ...means, signal });
}

function chainOf(
  options: ApiServerOptions,
  server: ServerContext,
  nonResource: readonly NonResourceHandler[],
  meters: MetricsRegistry,
): Chain {
  const { aggregator, auditing, componentHealth = () => ({}) } = options;
  return new Chain({
    server,
    handlers: {
      subresources: { ...builtInSubresources(options.kubelet), ...options.subresources },
      virtual: { ...builtInVirtual, ...options.virtual },
      readers: { "/componentstatuses": componentStatuses(componentHealth) },
    },
    nonResource,
    ...(aggregator === undefined ? {} : { elsewhere: (call) => aggregator.handle(call) }),
    limiter: options.limiter ?? new InFlight(options.inFlight ?? defaultInFlightLimits),
    auditing,
    tracer: options.tracer,
    meters,
  });
}

/** Health, discovery, OpenAPI, metrics, the version: what every server answers for itself. */
function nonResourcePaths(
  options: ApiServerOptions,
  state: ServerState,
  { resources, clock }: ServerContext,
  metrics: Metrics,
): NonResourceHandler[] {
  const { aggregator, advertiseAddress = "127.0.0.1" } = options;
  const health = serverHealth(options, state, clock);
  const address = () => `${advertiseAddress}:${state.port ?? 443}`;
  const discovery = new Discovery(resources, address, health.paths, aggregator?.discovery);
  const openApi = new OpenApi(resources, options.schemas ?? builtInSchemas, aggregator?.openApi);
  return [
    (call) => health.handle(call),
    (call) => discovery.handle(call),
    (call) => openApi.handle(call),
    (call) => metrics.handle(call),
    answerVersion,
  ];
}
