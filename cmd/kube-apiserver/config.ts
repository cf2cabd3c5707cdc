/** From flags that were found good to what the server takes: files are read, what was left out is filled in. */

import { parseRuntimeConfig } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import {
  type AuthorizerType,
  auditOptions,
  egressFrom,
  type KubeApiServerOptions,
  type OpenedStore,
  parseAdmissionConfiguration,
  readTracingConfiguration,
  type TlsFiles,
} from "@kubets/apiserver";
import { selfSignedPair } from "@kubets/apiserver/certificates";
import { cipherSuites, curvePreferences, tlsVersion } from "../lib/tls.ts";
import { advertisedAddress, firstServiceAddress, isUnspecified } from "./addresses.ts";
import { admissionNames } from "./admission-names.ts";
import { authenticationOptions } from "./authentication-options.ts";
import { textOf } from "./files.ts";
import type { KubeApiServerFlags } from "./flags/index.ts";
import { metricRules } from "./metric-flags.ts";
import { parseNamedCertificate } from "./named-certificate.ts";
import { defaultServiceRange } from "./service-ranges.ts";

export interface ConfigMeans {
  readonly clock: Clock;
  readonly logger: Logger;
}

export type KubeApiServerConfig = Omit<KubeApiServerOptions, keyof OpenedStore | "clock" | "random" | "logger">;

/** @throws Error for a file that cannot be read or used */
export async function configOf(flags: KubeApiServerFlags, means: ConfigMeans): Promise<KubeApiServerConfig> {
  const advertiseAddress = advertisedAddress(flags["advertise-address"], flags["bind-address"]);
  const externalHostname = flags["external-hostname"];
  if (!externalHostname) means.logger.info(`external host was not specified, using ${advertiseAddress}`);
  const token = flags["token-auth-file"];
  const configFile = flags["admission-control-config-file"];
  const [enable, disable] = admissionNames(flags);
  const rules = await metricRules(flags);
  const egressFile = flags["egress-selector-config-file"];
  const tracingFile = flags["tracing-config-file"];
  return {
    advertiseAddress,
    ...(externalHostname ? { externalHostname } : {}),
    serviceCIDR: serviceRange(flags, means.logger),
    nodePortRange: flags["service-node-port-range"],
    clusterDomain: "cluster.local",
    listen: await listenOptions(flags, advertiseAddress, means),
    authentication: authenticationOptions(flags),
    ...(token ? { tokenFile: { text: textOf("token-auth-file", token), path: token } } : {}),
    authorization: authorizationOptions(flags),
    admission: {
      enable,
      disable,
      tolerationSeconds: {
        notReady: flags["default-not-ready-toleration-seconds"],
        unreachable: flags["default-unreachable-toleration-seconds"],
      },
      ...(configFile ? { config: await admissionConfig(configFile) } : {}),
    },
    audit: await auditOptions(flags, async (file) => textOf("audit-policy-file", file)),
    kubelet: kubeletOptions(flags),
    ...proxyClient(flags),
    runtimeConfig: parseRuntimeConfig(flags["runtime-config"].join(",")),
    allowPrivileged: flags["allow-privileged"],
    publishEndpoints: flags["endpoint-reconciler-type"] !== "none",
    compactionIntervalMs: flags["etcd-compaction-interval"],
    eventTtlMs: flags["event-ttl"],
    shutdownDelayMs: flags["shutdown-delay-duration"],
    livezGraceMs: flags["livez-grace-period"],
    storeHealthMs: flags["etcd-healthcheck-timeout"],
    storeReadyMs: flags["etcd-readycheck-timeout"],
    kubernetesServiceNodePort: flags["kubernetes-service-node-port"],
    rejectRedirects: flags["aggregator-reject-forwarding-redirect"],
    maxConnectionBytesPerSecond: flags["max-connection-bytes-per-sec"],
    minRequestTimeoutMs: flags["min-request-timeout"] * 1000,
    ...(egressFile ? { egress: await egressFrom(textOf("egress-selector-config-file", egressFile), means) } : {}),
    ...(tracingFile ? { tracing: await readTracingConfiguration(textOf("tracing-config-file", tracingFile)) } : {}),
    ...(rules === undefined ? {} : { metricRules: rules }),
    ...limits(flags),
  };
}

/** 0 is no limit of its own; of the sum that is shared out fairly it is nothing. */
function limits(flags: KubeApiServerFlags): Pick<KubeApiServerConfig, "inFlight" | "enablePriorityAndFairness"> {
  const enablePriorityAndFairness = flags["enable-priority-and-fairness"];
  const none = enablePriorityAndFairness ? 0 : Number.POSITIVE_INFINITY;
  return {
    enablePriorityAndFairness,
    inFlight: {
      reading: flags["max-requests-inflight"] || none,
      mutating: flags["max-mutating-requests-inflight"] || none,
    },
  };
}

function serviceRange(flags: KubeApiServerFlags, logger: Logger): string {
  const range = flags["service-cluster-ip-range"];
  if (range !== undefined) return range;
  logger.warn(
    `No CIDR for service cluster IPs specified. Default value which was ${defaultServiceRange} is deprecated and will be removed in future releases. Please specify it using --service-cluster-ip-range on kube-apiserver.`,
  );
  return defaultServiceRange;
}

async function listenOptions(
  flags: KubeApiServerFlags,
  advertiseAddress: string,
  means: ConfigMeans,
): Promise<NonNullable<KubeApiServerConfig["listen"]>> {
  const version = flags["tls-min-version"];
  const suites = flags["tls-cipher-suites"];
  const curves = flags["tls-curve-preferences"];
  const named = flags["tls-sni-cert-key"].map((text) => namedCertificate(text));
  const maxStreams = flags["http2-max-streams-per-connection"];
  return {
    bindAddress: flags["bind-address"],
    port: flags["secure-port"],
    requestTimeoutMs: flags["request-timeout"],
    drainMs: flags["request-timeout"],
    corsAllowedOrigins: flags["cors-allowed-origins"],
    strictTransportSecurity: flags["strict-transport-security-directives"],
    goawayChance: flags["goaway-chance"],
    sendRetryAfter: flags["shutdown-send-retry-after"],
    watchGraceMs: flags["shutdown-watch-termination-grace-period"],
    sharePort: flags["permit-port-sharing"],
    ...(maxStreams === 0 ? {} : { maxStreams }),
    ...(flags["disable-http2-serving"] ? { http2: false } : {}),
    tls: {
      ...(await servingPair(flags, advertiseAddress, means)),
      ...(version === "" ? {} : { minVersion: tlsVersion(version) }),
      ...(suites.length === 0 ? {} : { ciphers: cipherSuites(suites) }),
      ...(curves.length === 0 ? {} : { curves: curvePreferences(curves) }),
      ...(named.length === 0 ? {} : { named }),
    },
  };
}

function namedCertificate(text: string) {
  const { certFile, keyFile, names } = parseNamedCertificate(text);
  const files = { cert: certFile, key: keyFile };
  return { cert: textOf("tls-sni-cert-key", certFile), key: textOf("tls-sni-cert-key", keyFile), names, files };
}

async function servingPair(
  flags: KubeApiServerFlags,
  advertiseAddress: string,
  { clock, logger }: ConfigMeans,
): Promise<Pick<TlsFiles, "key" | "cert" | "files">> {
  const certFile = flags["tls-cert-file"];
  const keyFile = flags["tls-private-key-file"];
  if (certFile && keyFile) {
    const files = { cert: certFile, key: keyFile };
    return { cert: textOf("tls-cert-file", certFile), key: textOf("tls-private-key-file", keyFile), files };
  }
  const bind = flags["bind-address"];
  const service = firstServiceAddress(flags["service-cluster-ip-range"] ?? defaultServiceRange);
  try {
    const { certificate, key, made, ...files } = await selfSignedPair({
      directory: flags["cert-dir"],
      name: "apiserver",
      host: advertiseAddress,
      dnsNames: [
        "kubernetes.default.svc",
        "kubernetes.default",
        "kubernetes",
        ...(isUnspecified(bind) ? ["localhost"] : []),
      ],
      ipAddresses: [
        ...new Set([advertiseAddress, ...(service ? [service] : []), ...(isUnspecified(bind) ? [] : [bind])]),
      ],
      clock,
    });
    if (made) logger.info(`Generated self-signed cert (${files.certificateFile}, ${files.keyFile})`);
    return { cert: certificate, key, files: { cert: files.certificateFile, key: files.keyFile } };
  } catch (cause) {
    throw new Error(`error creating self-signed certificates: ${(cause as Error).message}`, { cause });
  }
}

function authorizationOptions(flags: KubeApiServerFlags): NonNullable<KubeApiServerConfig["authorization"]> {
  const configFile = flags["authorization-config"];
  if (configFile) return { configFile };
  const policyFile = flags["authorization-policy-file"];
  const webhook = flags["authorization-webhook-config-file"];
  return {
    modes: (flags["authorization-mode"] ?? ["AlwaysAllow"]) as readonly AuthorizerType[],
    ...(policyFile ? { policyFile } : {}),
    ...(webhook
      ? {
          webhook: {
            configFile: webhook,
            version: flags["authorization-webhook-version"] === "v1" ? "v1" : "v1beta1",
            authorizedTtlMs: flags["authorization-webhook-cache-authorized-ttl"],
            unauthorizedTtlMs: flags["authorization-webhook-cache-unauthorized-ttl"],
          },
        }
      : {}),
  };
}

async function admissionConfig(file: string) {
  const flag = "admission-control-config-file";
  return await parseAdmissionConfiguration(textOf(flag, file), file, async (named) => textOf(flag, named));
}

function kubeletOptions(flags: KubeApiServerFlags): NonNullable<KubeApiServerConfig["kubelet"]> {
  const cert = flags["kubelet-client-certificate"];
  const key = flags["kubelet-client-key"];
  const ca = flags["kubelet-certificate-authority"];
  return {
    preferredAddressTypes: flags["kubelet-preferred-address-types"],
    ...(cert && key
      ? {
          cert: textOf("kubelet-client-certificate", cert),
          key: textOf("kubelet-client-key", key),
          files: { cert, key },
        }
      : {}),
    ...(ca ? { ca: textOf("kubelet-certificate-authority", ca) } : {}),
  };
}

function proxyClient(flags: KubeApiServerFlags): Pick<KubeApiServerConfig, "proxyClient"> {
  const cert = flags["proxy-client-cert-file"];
  const key = flags["proxy-client-key-file"];
  if (!cert || !key) return {};
  return {
    proxyClient: {
      certificate: textOf("proxy-client-cert-file", cert),
      key: textOf("proxy-client-key-file", key),
      files: { cert, key },
    },
  };
}
