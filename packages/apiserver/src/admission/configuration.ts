/**
 * What `--admission-control-config-file` says: an AdmissionConfiguration, with each plugin's own configuration in it or in a file it names.
 * Source: apiserver's admission/config.go, and each plugin's config.go.
 */

import { dirname, resolve } from "node:path";
import { decodeYaml, isDNS1123Label, isDNS1123Subdomain, messageOf, type Schema } from "@kubets/apimachinery";
import { type ConfigKind, decodeConfig, listOf, object, text } from "../configuration/config-object.ts";
import type { EventLimit, EventLimitType } from "./event-rate-limit.ts";
import type { TolerationRestrictionConfig } from "./pod-toleration-restriction.ts";

/** Each plugin's own configuration, by its name. A plugin that is not there has its defaults. */
export interface AdmissionPluginConfigs {
  readonly PodSecurity?: PodSecurityConfiguration;
  readonly ResourceQuota?: ResourceQuotaConfiguration;
  readonly EventRateLimit?: { readonly limits: readonly EventLimit[] };
  readonly PodTolerationRestriction?: TolerationRestrictionConfig;
  /** By namespace, and `clusterDefaultNodeSelector`. */
  readonly PodNodeSelector?: Readonly<Record<string, string>>;
  readonly ImagePolicyWebhook?: ImagePolicyConfiguration;
  /** How to authenticate to webhooks. */
  readonly MutatingAdmissionWebhook?: WebhookAdmissionConfiguration;
  readonly ValidatingAdmissionWebhook?: WebhookAdmissionConfiguration;
}

export interface PodSecurityConfiguration {
  /** `enforce`, `enforce-version`, and so for `audit` and `warn`, as labels of a namespace say them. */
  readonly defaults?: Readonly<Record<string, string>>;
  readonly exemptions?: {
    readonly usernames?: readonly string[];
    readonly namespaces?: readonly string[];
    readonly runtimeClasses?: readonly string[];
  };
}

export interface ResourceQuotaConfiguration {
  readonly limitedResources: readonly LimitedResource[];
}

/** What may not be used unless a quota covers it. */
export interface LimitedResource {
  readonly apiGroup?: string;
  readonly resource: string;
  /** Quota names that contain one of these. */
  readonly matchContains?: readonly string[];
  readonly matchScopes?: readonly {
    readonly scopeName: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface ImagePolicyConfiguration {
  /** An absolute path. */
  readonly kubeConfigFile: string;
  readonly allowTtlMs: number;
  readonly denyTtlMs: number;
  readonly retryBackoffMs: number;
  readonly defaultAllow: boolean;
}

export interface WebhookAdmissionConfiguration {
  /** An absolute path. */
  readonly kubeConfigFile: string;
}

/** Reads a file that the configuration names. */
export type ReadText = (path: string) => Promise<string>;

interface PluginEntry {
  readonly name?: string;
  readonly path?: string;
  readonly configuration?: unknown;
}

const anything: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const integer: Schema = { type: "integer" };
const texts = listOf(text);

const admissionKinds: readonly ConfigKind[] = [
  { group: "apiserver.config.k8s.io", kind: "AdmissionConfiguration", versions: ["v1"], fields: {} },
  { group: "apiserver.k8s.io", kind: "AdmissionConfiguration", versions: ["v1alpha1"], fields: {} },
].map((kind) => ({
  ...kind,
  fields: { plugins: listOf(object({ name: text, path: text, configuration: anything })) },
}));

const podSecurityFields = {
  defaults: object(
    Object.fromEntries(["enforce", "audit", "warn"].flatMap((mode) => [mode, `${mode}-version`]).map((k) => [k, text])),
  ),
  exemptions: object({ usernames: texts, namespaces: texts, runtimeClasses: texts }),
};
const quotaFields = {
  limitedResources: listOf(
    object({
      apiGroup: text,
      resource: text,
      matchContains: texts,
      matchScopes: listOf(object({ scopeName: text, operator: text, values: texts })),
    }),
  ),
};
const toleration = object({ key: text, operator: text, value: text, effect: text, tolerationSeconds: integer });

const quotaKinds: readonly ConfigKind[] = [
  { group: "apiserver.config.k8s.io", kind: "ResourceQuotaConfiguration", versions: ["v1"], fields: quotaFields },
  {
    group: "resourcequota.admission.k8s.io",
    kind: "Configuration",
    versions: ["v1beta1", "v1alpha1"],
    fields: quotaFields,
  },
];
const podSecurityKinds: readonly ConfigKind[] = [
  {
    group: "pod-security.admission.config.k8s.io",
    kind: "PodSecurityConfiguration",
    versions: ["v1", "v1beta1", "v1alpha1"],
    fields: podSecurityFields,
  },
];
const eventKinds: readonly ConfigKind[] = [
  {
    group: "eventratelimit.admission.k8s.io",
    kind: "Configuration",
    versions: ["v1alpha1"],
    fields: { limits: listOf(object({ type: text, qps: integer, burst: integer, cacheSize: integer })) },
  },
];
const tolerationKinds: readonly ConfigKind[] = [
  {
    group: "podtolerationrestriction.admission.k8s.io",
    kind: "Configuration",
    versions: ["v1alpha1"],
    fields: { default: listOf(toleration), whitelist: listOf(toleration) },
  },
];
const webhookKinds: readonly ConfigKind[] = [
  {
    group: "apiserver.config.k8s.io",
    kind: "WebhookAdmissionConfiguration",
    versions: ["v1"],
    fields: { kubeConfigFile: text },
  },
  {
    group: "apiserver.config.k8s.io",
    kind: "WebhookAdmission",
    versions: ["v1alpha1"],
    fields: { kubeConfigFile: text },
  },
];

/**
 * @param path names the file: relative paths in it start from its directory
 * @throws Error saying which file or plugin is wrong, and how
 */
export async function parseAdmissionConfiguration(
  content: string,
  path: string,
  readText: ReadText,
): Promise<AdmissionPluginConfigs> {
  const legacy = await legacyConfiguration(content, path);
  if (legacy !== undefined) return legacy;
  const { plugins = [] } = await decodeOneOf<{ plugins?: PluginEntry[] }>(content, admissionKinds);
  const configs: Record<string, unknown> = {};
  for (const entry of plugins) {
    const { name = "" } = entry;
    if (Object.hasOwn(configs, name)) continue; // The first of a name counts.
    const own = await contentOf(entry, path, readText);
    if (own === undefined) continue;
    const parse = Object.hasOwn(parsers, name) ? parsers[name as keyof typeof parsers] : undefined;
    if (parse === undefined) continue;
    try {
      configs[name] = await parse(own.content, own.path);
    } catch (cause) {
      throw new Error(`couldn't init admission plugin "${name}": ${messageOf(cause)}`, { cause });
    }
  }
  return configs as AdmissionPluginConfigs;
}

async function contentOf(
  { path: named, configuration }: PluginEntry,
  base: string,
  readText: ReadText,
): Promise<{ content: string; path: string } | undefined> {
  if (configuration !== undefined) return { content: JSON.stringify(configuration), path: base };
  if (!named) return undefined;
  const path = resolve(dirname(base), named);
  return { content: await readText(path), path };
}

async function decodeOneOf<T extends object>(content: string, kinds: readonly ConfigKind[]): Promise<T> {
  const { value } = await decodeYaml(content);
  const { apiVersion, kind } = (value ?? {}) as { apiVersion?: string; kind?: string };
  const fits = kinds.find(
    (each) => each.kind === kind && each.versions.some((version) => `${each.group}/${version}` === apiVersion),
  );
  return decodeConfig<T>(content, fits ?? kinds[0]!);
}

const parsers = {
  PodSecurity: parsePodSecurity,
  ResourceQuota: parseQuota,
  EventRateLimit: parseEventLimits,
  PodTolerationRestriction: (content: string) => decodeOneOf<TolerationRestrictionConfig>(content, tolerationKinds),
  PodNodeSelector: async (content: string) => (await looseFields(content))["podNodeSelectorPluginConfig"] ?? {},
  ImagePolicyWebhook: async (content: string, path: string) =>
    imagePolicyOf((await looseFields(content))["imagePolicy"], path),
  MutatingAdmissionWebhook: parseWebhookAdmission,
  ValidatingAdmissionWebhook: parseWebhookAdmission,
};

async function looseFields(content: string): Promise<Record<string, unknown>> {
  const { value } = await decodeYaml(content);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

/** Files of old: one plugin's configuration, without a kind. */
async function legacyConfiguration(content: string, path: string): Promise<AdmissionPluginConfigs | undefined> {
  const { kind, podNodeSelectorPluginConfig, imagePolicy } = await looseFields(content);
  if (kind !== undefined || (podNodeSelectorPluginConfig === undefined && imagePolicy === undefined)) return undefined;
  return {
    ...(podNodeSelectorPluginConfig === undefined
      ? {}
      : { PodNodeSelector: podNodeSelectorPluginConfig as Record<string, string> }),
    ...(imagePolicy === undefined ? {} : { ImagePolicyWebhook: imagePolicyOf(imagePolicy, path) }),
  };
}

/** Levels and versions are looked at by the plugin. */
async function parsePodSecurity(content: string): Promise<PodSecurityConfiguration> {
  const config = await decodeOneOf<PodSecurityConfiguration>(content, podSecurityKinds);
  const { namespaces = [], runtimeClasses = [], usernames = [] } = config.exemptions ?? {};
  const problems = [
    ...exemptionProblems("namespaces", namespaces, isDNS1123Label),
    ...exemptionProblems("runtimeClasses", runtimeClasses, isDNS1123Subdomain),
    ...exemptionProblems("usernames", usernames, (name) => (name === "" ? ["username must not be empty"] : [])),
  ];
  if (problems.length > 0) throw new Error(problems.join(", "));
  return config;
}

function exemptionProblems(
  field: string,
  names: readonly string[],
  complaints: (name: string) => readonly string[],
): string[] {
  return names.flatMap((name, i) => {
    const at = `exemptions.${field}[${i}]`;
    const why = complaints(name);
    if (why.length > 0) return [`${at}: Invalid value: ${JSON.stringify(name)}: ${why.join(", ")}`];
    return names.indexOf(name) < i ? [`${at}: Duplicate value: ${JSON.stringify(name)}`] : [];
  });
}

async function parseQuota(content: string): Promise<ResourceQuotaConfiguration> {
  const { limitedResources = [] } = await decodeOneOf<{ limitedResources?: LimitedResource[] }>(content, quotaKinds);
  const missing = limitedResources.flatMap(({ resource }, i) =>
    resource ? [] : [`limitedResources[${i}].resource: Required value`],
  );
  if (missing.length > 0) throw new Error(missing.join(", "));
  return { limitedResources };
}

const limitTypes: readonly string[] = ["Server", "Namespace", "User", "SourceAndObject"] satisfies EventLimitType[];

async function parseEventLimits(content: string): Promise<{ limits: EventLimit[] }> {
  const { limits = [] } = await decodeOneOf<{ limits?: EventLimit[] }>(content, eventKinds);
  const problems = limits.length === 0 ? ['limits: Invalid value: "null": must not be empty'] : [];
  for (const [i, { type, qps, burst, cacheSize = 0 }] of limits.entries()) {
    const at = `limits[${i}]`;
    if (!limitTypes.includes(type))
      problems.push(
        `${at}.type: Unsupported value: ${JSON.stringify(type ?? "")}: supported values: ${limitTypes.map((t) => `"${t}"`).join(", ")}`,
      );
    if (!(burst > 0)) problems.push(`${at}.burst: Invalid value: ${burst ?? 0}: must be positive`);
    if (!(qps > 0)) problems.push(`${at}.qps: Invalid value: ${qps ?? 0}: must be positive`);
    if (type !== "Server" && cacheSize < 0)
      problems.push(`${at}.cacheSize: Invalid value: ${cacheSize}: must not be negative`);
  }
  if (problems.length > 0) throw new Error(problems.join(", "));
  return { limits };
}

async function parseWebhookAdmission(
  content: string,
  path: string,
): Promise<WebhookAdmissionConfiguration | undefined> {
  const { kubeConfigFile } = await decodeOneOf<{ kubeConfigFile?: string }>(content, webhookKinds);
  return kubeConfigFile ? { kubeConfigFile: resolve(dirname(path), kubeConfigFile) } : undefined;
}

/** Durations in milliseconds: least, most, and what stands for none. */
const ttls = { least: 1000, most: 30 * 60_000, usual: 5 * 60_000 };
const backoffs = { least: 1, most: 5 * 60_000, usual: 500 };

function imagePolicyOf(value: unknown, path: string): ImagePolicyConfiguration {
  const given = (value ?? {}) as Record<string, unknown>;
  const { kubeConfigFile, defaultAllow } = given;
  if (typeof kubeConfigFile !== "string" || kubeConfigFile === "")
    throw new Error("no config file path specified for ImagePolicyWebhook admission controller");
  const duration = (name: string, unitMs: number, bounds: typeof ttls) => {
    const wanted = given[name];
    if (wanted === undefined || wanted === 0) return bounds.usual;
    // Below zero is upstream's way to say: not at all.
    if (typeof wanted === "number" && wanted < 0) return 0;
    const ms = Number(wanted) * unitMs;
    if (ms >= bounds.least && ms <= bounds.most) return ms;
    throw new Error(`valid value is between ${bounds.least}ms and ${bounds.most}ms, got ${ms}ms for ${name}`);
  };
  return {
    kubeConfigFile: resolve(dirname(path), kubeConfigFile),
    allowTtlMs: duration("allowTTL", 1000, ttls),
    denyTtlMs: duration("denyTTL", 1000, ttls),
    retryBackoffMs: duration("retryBackoff", 1, backoffs),
    defaultAllow: defaultAllow === true,
  };
}
