/** What a server is made of, as its maker says it. */

import type { ResourceDefinition } from "@kubets/api";
import type { Clock, Logger, Random, SchemaSet } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import type { AdmissionPlugin } from "../admission/plugin.ts";
import type { Aggregator } from "../aggregation/index.ts";
import type { Auditing } from "../audit/index.ts";
import type { Authenticator } from "../authentication/authenticator.ts";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { Egress } from "../egress/egress.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import type { Converter } from "../registry/registry.ts";
import type { RegistryHooks } from "../registry/write-request.ts";
import type { ApiServer } from "../server.ts";
import type { ComponentHealth } from "../subresource/component-status.ts";
import type { KubeletClientOptions } from "../subresource/kubelet-client.ts";
import type { Tracer } from "../tracing/tracer.ts";
import type { WebhookClient } from "../webhook/index.ts";
import type { NonResourceHandler } from "./chain.ts";
import type { SubresourceHandler, VirtualHandler } from "./context.ts";
import type { FrontOptions } from "./front.ts";
import type { HealthCheck } from "./health.ts";
import type { HttpPolicy } from "./http-policy.ts";
import type { InFlightLimits, RequestLimiter } from "./in-flight.ts";
import type { TlsFiles } from "./serving-tls.ts";

/** Of an {@link ApiServer}. What is not given here is as upstream has it without the flag that is named. */
export interface ApiServerOptions {
  readonly store: Store;
  /** What is served; every built-in kind when undefined. */
  readonly definitions?: Iterable<ResourceDefinition>;
  /** What the definitions' schemas refer to; the built-in kinds' when undefined. */
  readonly schemas?: SchemaSet;
  readonly authenticator: Authenticator;
  readonly authorizer: Authorizer;
  readonly admission?: readonly AdmissionPlugin[];
  /** Between versions of one kind; the built-in kinds' own when undefined. */
  readonly convert?: Converter;
  /** By `group/plural`. */
  readonly hooks?: Readonly<Record<string, RegistryHooks>>;
  /** By `group/plural/subresource`. */
  readonly subresources?: Readonly<Record<string, SubresourceHandler>>;
  /** By `group/plural`. */
  readonly virtual?: Readonly<Record<string, VirtualHandler>>;
  /** What ComponentStatus tells. Without it there are none. */
  readonly componentHealth?: ComponentHealth;
  /** Answers for the groups of APIServices that name another server. */
  readonly aggregator?: Aggregator;
  /** Asked in order, before the server's own paths, about every request that is not about a resource. */
  readonly nonResource?: readonly NonResourceHandler[];
  /** `--service-cluster-ip-range`: one, or one of each family. Without it Services get no addresses. */
  readonly serviceCidrs?: readonly string[];
  /** `--service-node-port-range`. Default 30000-32767. */
  readonly nodePortRange?: string;
  /** `--kubernetes-service-node-port`: where the Service default/kubernetes is on every node as well. Default 0: the Service is of type ClusterIP. */
  readonly kubernetesServiceNodePort?: number;
  /** `--event-ttl`: how long events are kept after they were last seen. Default an hour. */
  readonly eventTtlMs?: number;
  /** How to reach kubelets. Without it logs, exec, attach, port-forward and the node proxy are not served. */
  readonly kubelet?: KubeletClientOptions;
  /** Makes the default namespaces and the `kubernetes` Service. Default: when `serviceCidrs` is given. */
  readonly defaultObjects?: boolean;
  /** Runs after the default objects and before the server is ready: what must be there first, such as bootstrap roles. */
  readonly bootstrap?: readonly ((server: ApiServer, signal: AbortSignal) => Promise<void>)[];
  /** Work of the server itself that begins with it and ends with its signal. */
  readonly background?: readonly ((server: ApiServer, signal: AbortSignal) => Promise<void>)[];
  /** Without it nothing listens: in-process and `handle` only. */
  readonly listen?: ListenOptions;
  /** `--shutdown-delay-duration`: how long it goes on serving, no longer ready, once it is told to stop. Default 0. */
  readonly shutdownDelayMs?: number;
  /** `--livez-grace-period`: how long `/livez` is well whatever is not yet done. Default 0. */
  readonly livezGraceMs?: number;
  /** `--etcd-healthcheck-timeout`, `--etcd-readycheck-timeout`: how long the store may take to answer. Default 2 s. */
  readonly storeHealthMs?: number;
  readonly storeReadyMs?: number;
  /** Upstream's names for what was done before the server is ready, without `poststarthook/`: what the health endpoints list. */
  readonly postStartHooks?: readonly string[];
  /** Of what the server needs and does not run itself, such as KMS plugins: below `/healthz` and `/readyz`. */
  readonly healthChecks?: readonly HealthCheck[];
  /** Whether the endpoints of the `kubernetes` Service are made and kept right: not for `--endpoint-reconciler-type=none`. Default true. */
  readonly publishEndpoints?: boolean;
  /** The address other machines reach it at: in discovery, and published as the `kubernetes` endpoints. */
  readonly advertiseAddress?: string;
  /** `--min-request-timeout`: a watch without a timeout of its own lasts between this and twice this; without end for 0. Default 1800 s. */
  readonly minRequestTimeoutMs?: number;
  /** Makes traces of requests, and is run beside the server: `--tracing-config-file`. */
  readonly tracer?: Tracer | undefined;
  /** `--egress-selector-config-file`: how what is not near is reached. */
  readonly egress?: Egress;
  /** `--max-connection-bytes-per-sec`: what each direction of exec, attach, port-forward and upgraded proxy connections is held to. Default 0: no limit. */
  readonly maxConnectionBytesPerSecond?: number;
  /** `--max-requests-inflight`, `--max-mutating-requests-inflight` */
  readonly inFlight?: InFlightLimits;
  /** Instead of those limits: fair queueing. */
  readonly limiter?: RequestLimiter;
  /** Lines of `/metrics` beyond the server's own. */
  readonly metrics?: () => readonly string[];
  /** Where the server's parts count; what others count there is told with it. */
  readonly meters?: MetricsRegistry;
  /** Records requests; closed with the server. */
  readonly auditing?: Auditing | undefined;
  /** Calls the webhooks that convert custom resources between their versions. */
  readonly conversionWebhooks?: Pick<WebhookClient, "call">;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

/** Where and how it listens: {@link FrontOptions} has the meanings. */
export interface ListenOptions
  extends HttpPolicy,
    Pick<
      FrontOptions,
      | "http2"
      | "maxStreams"
      | "requestTimeoutMs"
      | "drainMs"
      | "goawayChance"
      | "sendRetryAfter"
      | "watchGraceMs"
      | "sharePort"
    > {
  readonly tls: TlsFiles;
  readonly bindAddress: string;
  readonly port: number;
}
