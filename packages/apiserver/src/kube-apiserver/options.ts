/** What a cluster's API server is told: upstream's flags as values. */

import type { RuntimeConfig } from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Store } from "@kubets/storage";
import type { AdmissionOptions } from "../admission/default-plugins.ts";
import type { AuditOptions } from "../audit/index.ts";
import type { KubeAuthenticationOptions } from "../authentication/kube-identity.ts";
import type { AuthorizationOptions } from "../authorization/build.ts";
import type { ClusterCertificates } from "../certificates/cluster-certificates.ts";
import type { KeyPair } from "../certificates/create.ts";
import type { EncryptionAtRest } from "../encryption/index.ts";
import type { MetricRules } from "../metrics/rules.ts";
import type { ApiServerOptions, ListenOptions } from "../server/options.ts";
import type { ServingPair, TlsFiles } from "../server/serving-tls.ts";
import type { KubeletClientOptions } from "../subresource/kubelet-client.ts";
import type { TracingConfiguration } from "../tracing/configuration.ts";

/** A store, and what it was opened with. */
export interface OpenedStore {
  readonly store: Store;
  /** Its plugins' health and its metrics are told by the server. */
  readonly encryption?: EncryptionAtRest | undefined;
}

/** What the server takes as it is given here. */
export const passedOnNames = [
  ...(["eventTtlMs", "nodePortRange", "livezGraceMs", "minRequestTimeoutMs", "shutdownDelayMs"] as const),
  ...(["componentHealth", "inFlight", "publishEndpoints", "kubernetesServiceNodePort"] as const),
  ...(["storeHealthMs", "storeReadyMs", "maxConnectionBytesPerSecond", "egress"] as const),
];

export type PassedOn = Pick<ApiServerOptions, (typeof passedOnNames)[number]>;

/** Of an API server as a cluster runs it. What is left out is as kubeadm has it. */
export interface KubeApiServerOptions extends OpenedStore, PassedOn {
  /** A cluster's own, as kubeadm has them. Each can be said otherwise by the options about it; without them, only what those say is there. */
  readonly certificates?: ClusterCertificates;
  /** `--service-cluster-ip-range`: one, or one of each family with a comma between. */
  readonly serviceCIDR: string;
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
  /** `--etcd-compaction-interval`: how long history is kept; 0 for ever. Default 5 minutes. */
  readonly compactionIntervalMs?: number;
  /** `--allow-privileged`. Default true: upstream's is false, and every set-up says true. */
  readonly allowPrivileged?: boolean;
  /** `--enable-priority-and-fairness`: the sum of the two limits of `inFlight` is shared out by FlowSchemas; without it each is a limit of its own. Default true. */
  readonly enablePriorityAndFairness?: boolean;
  /** `--aggregator-reject-forwarding-redirect`. Default true. */
  readonly rejectRedirects?: boolean;
  /** What tells this server from others of the cluster. Default the machine's name. */
  readonly hostname?: string;
  /** `--tracing-config-file` */
  readonly tracing?: TracingConfiguration;
  /** `--disabled-metrics`, `--allow-metric-labels` */
  readonly metricRules?: MetricRules;
  /** `--runtime-config`: what is stable when it is not given. */
  readonly runtimeConfig?: RuntimeConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}
