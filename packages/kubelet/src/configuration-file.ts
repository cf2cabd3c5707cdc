/** KubeletConfiguration as upstream writes it (kubelet.config.k8s.io/v1beta1): durations as text, the same names otherwise. */

import { formatDuration, parseDuration, parseQuantity } from "@kubets/apimachinery";
import type { KubeletConfiguration } from "./configuration.ts";

type Fields = Record<string, unknown>;

const apiVersion = "kubelet.config.k8s.io/v1beta1";
const kind = "KubeletConfiguration";

/** Upstream's duration fields, and ours in seconds. */
const durations = {
  nodeStatusReportFrequency: "nodeStatusReportFrequencySeconds",
  nodeStatusUpdateFrequency: "nodeStatusUpdateFrequencySeconds",
  runtimeRequestTimeout: "runtimeRequestTimeoutSeconds",
  containerLogMonitorInterval: "containerLogMonitorIntervalSeconds",
  evictionPressureTransitionPeriod: "evictionPressureTransitionPeriodSeconds",
} as const satisfies Record<string, keyof KubeletConfiguration>;

/** Fields that mean the same here, under the same name. */
const plain: readonly (keyof KubeletConfiguration)[] = [
  ...(["address", "port", "staticPodPath", "nodeLeaseDurationSeconds", "clusterDomain", "clusterDNS"] as const),
  ...(["maxPods", "podPidsLimit", "cgroupsPerQOS", "cgroupDriver", "cgroupRoot", "cpuCFSQuota"] as const),
  ...(["containerLogMaxFiles", "evictionHard", "systemReserved", "kubeReserved", "serializeImagePulls"] as const),
  ...(["registerNode", "registerWithTaints", "enableServer", "enableDebuggingHandlers", "providerID"] as const),
  ...(["nodeStatusMaxImages"] as const),
];

const plainNames: ReadonlySet<string> = new Set(plain);
const handled = new Set([
  "apiVersion",
  "kind",
  "containerLogMaxSize",
  "resolvConf",
  "authentication",
  "authorization",
  "crashLoopBackOff",
]);

export interface ParsedConfiguration {
  readonly configuration: Partial<KubeletConfiguration>;
  /** Fields of the file that change nothing here. */
  readonly ignored: readonly string[];
}

/** Reads a decoded configuration file. @throws Error that names the field */
export function parseKubeletConfiguration(file: Fields): ParsedConfiguration {
  if (file["kind"] !== kind || file["apiVersion"] !== apiVersion) {
    throw new Error(
      `expected a ${kind} of ${apiVersion}, found ${String(file["kind"])} of ${String(file["apiVersion"])}`,
    );
  }
  const result: Fields = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(file)) {
    if (name in durations) result[durations[name as keyof typeof durations]] = seconds(name, value);
    else if (plainNames.has(name)) result[name] = value;
    else if (!handled.has(name)) ignored.push(name);
  }
  const size = file["containerLogMaxSize"];
  if (typeof size === "string") result["containerLogMaxSize"] = parseQuantity(size).value();
  if (typeof file["resolvConf"] === "string") result["resolvConf"] = file["resolvConf"];
  const backOff = (file["crashLoopBackOff"] as Fields | undefined)?.["maxContainerRestartPeriod"];
  if (backOff !== undefined) result["crashLoopBackOffMaxSeconds"] = seconds("crashLoopBackOff", backOff);
  Object.assign(result, parseAccess(file));
  return { configuration: result as Partial<KubeletConfiguration>, ignored };
}

function seconds(name: string, value: unknown): number {
  try {
    return parseDuration(String(value)) / 1000;
  } catch (cause) {
    throw new Error(`${name}: ${String(value)} is not a duration such as 10s or 5m`, { cause });
  }
}

function parseAccess(file: Fields): Partial<KubeletConfiguration> {
  const authentication = file["authentication"] as Record<string, Fields> | undefined;
  const mode = (file["authorization"] as Fields | undefined)?.["mode"];
  const { anonymous, webhook } = authentication ?? {};
  return {
    ...(authentication === undefined
      ? {}
      : {
          authentication: {
            anonymous: { enabled: anonymous?.["enabled"] === true },
            webhook: {
              enabled: webhook?.["enabled"] !== false,
              cacheTTLSeconds: webhook?.["cacheTTL"] === undefined ? 120 : seconds("cacheTTL", webhook["cacheTTL"]),
            },
          },
        }),
    ...(mode === "Webhook" || mode === "AlwaysAllow" ? { authorization: { mode } } : {}),
  };
}

/** What `/configz` shows: the configuration in effect, as a file would have it. */
export function kubeletConfigurationFile(configuration: KubeletConfiguration): Fields {
  const file: Fields = { kind, apiVersion };
  for (const name of plain) file[name] = configuration[name];
  for (const [name, ours] of Object.entries(durations)) file[name] = formatDuration(configuration[ours] * 1000);
  const { anonymous, webhook } = configuration.authentication;
  return {
    ...file,
    containerLogMaxSize: `${configuration.containerLogMaxSize / 1024 / 1024}Mi`,
    resolvConf: configuration.resolvConf,
    authentication: {
      anonymous,
      webhook: { enabled: webhook.enabled, cacheTTL: formatDuration(webhook.cacheTTLSeconds * 1000) },
    },
    authorization: configuration.authorization,
  };
}
