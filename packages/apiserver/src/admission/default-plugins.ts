/** Which admission plugins run, in upstream's order, whatever the order they are named in. Source: kubernetes' pkg/kubeapiserver/options/plugins.go. */

import {
  ingressClasses,
  limitRanges,
  namespaces,
  priorityClasses,
  resourceQuotas,
  runtimeClasses,
  serviceAccounts,
  storageClasses,
} from "@kubets/api";
import type { Clock, Logger, Random } from "@kubets/apimachinery";
import type { Authorizer } from "../authorization/authorizer.ts";
import type { MetricsRegistry } from "../metrics/families.ts";
import type { ObjectReader } from "../reader/object-reader.ts";
import { alwaysAdmit, alwaysDeny, alwaysPullImages } from "./always.ts";
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from "./certificates.ts";
import type { AdmissionCluster } from "./cluster.ts";
import type { AdmissionPluginConfigs } from "./configuration.ts";
import { defaultIngressClass, defaultStorageClass } from "./default-class.ts";
import { denyServiceExternalIPs } from "./deny-external-ips.ts";
import { eventRateLimit } from "./event-rate-limit.ts";
import { imagePolicyWebhook } from "./image-policy.ts";
import { limitRanger } from "./limit-ranger.ts";
import { Listers } from "./lister.ts";
import { namespaceAutoProvision, namespaceExists } from "./namespace-existence.ts";
import { NamespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeDeclaredFeatureValidator } from "./node-declared-features.ts";
import { NodeRestriction } from "./node-restriction.ts";
import { OwnerReferencesPermissionEnforcement } from "./owner-references.ts";
import type { AdmissionPlugin } from "./plugin.ts";
import { jobValidation, podGroupProtection, podGroupWorkloadExists } from "./pod-groups.ts";
import { extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector } from "./pod-placement.ts";
import { podResizeValidator } from "./pod-resize.ts";
import { PodSecurity } from "./pod-security/pod-security.ts";
import { PodTolerationRestriction } from "./pod-toleration-restriction.ts";
import { podTopologyLabels } from "./pod-topology-labels.ts";
import { priorityAdmission } from "./priority.ts";
import { ResourceQuotaAdmission } from "./resource-quota/resource-quota.ts";
import { runtimeClassAdmission } from "./runtime-class.ts";
import { ServiceAccountAdmission } from "./service-account.ts";
import { persistentVolumeClaimResize, storageObjectInUseProtection } from "./storage-objects.ts";
import { defaultTolerationSeconds, taintNodesByCondition } from "./taints.ts";

/** Which plugins run, what they are told, and the means they work by. */
export interface AdmissionOptions {
  readonly reader: ObjectReader;
  readonly authorizer: Authorizer;
  readonly cluster: AdmissionCluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  readonly meters?: MetricsRegistry;
  /** `--enable-admission-plugins`: beyond the defaults. */
  readonly enable?: readonly string[];
  /** `--disable-admission-plugins` */
  readonly disable?: readonly string[];
  /** What `--admission-control-config-file` says. */
  readonly config?: AdmissionPluginConfigs;
  /** `--default-not-ready-toleration-seconds` and `--default-unreachable-toleration-seconds` */
  readonly tolerationSeconds?: { readonly notReady: number; readonly unreachable: number };
  /** Plugins of these names that are made elsewhere, such as those for webhooks and policies. */
  readonly plugins?: readonly AdmissionPlugin[];
}

interface Context extends AdmissionOptions {
  readonly signal: AbortSignal;
  readonly listers: Listers;
  readonly config: AdmissionPluginConfigs;
}

/** Undefined: known, but made elsewhere. */
type Make = ((context: Context) => AdmissionPlugin | Promise<AdmissionPlugin>) | undefined;

/** All that upstream has, in the order they run in. */
const ordered: readonly (readonly [string, Make])[] = [
  ["AlwaysAdmit", () => alwaysAdmit],
  ["NamespaceAutoProvision", (c) => namespaceAutoProvision(c.listers.of(namespaces), c.cluster)],
  ["NamespaceLifecycle", (c) => new NamespaceLifecycle(c.listers.of(namespaces), c.reader, c.clock)],
  ["NamespaceExists", (c) => namespaceExists(c.listers.of(namespaces), c.reader)],
  ["LimitPodHardAntiAffinityTopology", () => limitPodHardAntiAffinityTopology],
  ["LimitRanger", (c) => limitRanger(c.listers.of(limitRanges))],
  ["ServiceAccount", (c) => new ServiceAccountAdmission({ ...c, accounts: c.listers.of(serviceAccounts) })],
  ["NodeRestriction", (c) => new NodeRestriction(c.reader, c.authorizer)],
  ["TaintNodesByCondition", () => taintNodesByCondition],
  ["AlwaysPullImages", () => alwaysPullImages],
  ["ImagePolicyWebhook", (c) => imagePolicyWebhook(c.config.ImagePolicyWebhook, c)],
  ["PodSecurity", (c) => new PodSecurity({ ...c, namespaces: c.listers.of(namespaces), config: c.config.PodSecurity })],
  ["PodNodeSelector", (c) => podNodeSelector(c.listers.of(namespaces), c.reader, c.config.PodNodeSelector)],
  ["Priority", (c) => priorityAdmission(c.listers.of(priorityClasses))],
  ["DefaultTolerationSeconds", (c) => defaultTolerationSeconds(c.tolerationSeconds)],
  [
    "PodTolerationRestriction",
    (c) => new PodTolerationRestriction(c.listers.of(namespaces), c.reader, c.config.PodTolerationRestriction),
  ],
  ["EventRateLimit", (c) => eventRateLimit(c.config.EventRateLimit?.limits ?? [], c.clock)],
  ["ExtendedResourceToleration", () => extendedResourceToleration],
  ["DefaultStorageClass", (c) => defaultStorageClass(c.listers.of(storageClasses))],
  ["StorageObjectInUseProtection", () => storageObjectInUseProtection],
  ["PodGroupProtection", () => podGroupProtection],
  ["OwnerReferencesPermissionEnforcement", (c) => new OwnerReferencesPermissionEnforcement(c.authorizer, c.cluster)],
  ["PersistentVolumeClaimResize", (c) => persistentVolumeClaimResize(c.listers.of(storageClasses))],
  ["RuntimeClass", (c) => runtimeClassAdmission(c.listers.of(runtimeClasses), c.reader)],
  ["CertificateApproval", (c) => certificateApproval(c.authorizer)],
  ["CertificateSigning", (c) => certificateSigning(c.authorizer)],
  ["ClusterTrustBundleAttest", (c) => clusterTrustBundleAttest(c.authorizer)],
  ["CertificateSubjectRestriction", () => certificateSubjectRestriction],
  ["DefaultIngressClass", (c) => defaultIngressClass(c.listers.of(ingressClasses))],
  ["DenyServiceExternalIPs", () => denyServiceExternalIPs],
  ["PodTopologyLabels", (c) => podTopologyLabels(c.reader)],
  ["PodGroupWorkloadExists", (c) => podGroupWorkloadExists(c.reader)],
  ["NodeDeclaredFeatureValidator", (c) => nodeDeclaredFeatureValidator(c.reader)],
  ["JobValidation", (c) => jobValidation(c.reader)],
  ["PodResizeValidator", (c) => podResizeValidator(c.reader)],
  ["MutatingAdmissionPolicy", undefined],
  ["MutatingAdmissionWebhook", undefined],
  ["ValidatingAdmissionPolicy", undefined],
  ["ValidatingAdmissionWebhook", undefined],
  [
    "ResourceQuota",
    (c) => new ResourceQuotaAdmission({ ...c, quotas: c.listers.of(resourceQuotas), config: c.config.ResourceQuota }),
  ],
  ["AlwaysDeny", () => alwaysDeny],
];

/** The plugin for groups of pods is on in upstream where its feature is, which is alpha: see {@link podGroupProtection}. */
const offByDefault = new Set([
  "PodGroupProtection",
  "AlwaysAdmit",
  "NamespaceAutoProvision",
  "NamespaceExists",
  "LimitPodHardAntiAffinityTopology",
  "NodeRestriction",
  "AlwaysPullImages",
  "ImagePolicyWebhook",
  "PodNodeSelector",
  "PodTolerationRestriction",
  "EventRateLimit",
  "ExtendedResourceToleration",
  "OwnerReferencesPermissionEnforcement",
  "DenyServiceExternalIPs",
  "AlwaysDeny",
]);

/** In upstream's order. */
export const allAdmissionPlugins: readonly string[] = ordered.map(([name]) => name);
/** Those that run unless they are disabled, in that order. */
export const defaultAdmissionPlugins: readonly string[] = allAdmissionPlugins.filter((name) => !offByDefault.has(name));

/** Which run. @throws Error in upstream's words for a name that is unknown, or in both lists */
export function enabledAdmissionPlugins(enable: readonly string[] = [], disable: readonly string[] = []): string[] {
  const problems: string[] = [];
  const both = enable.filter((name) => disable.includes(name));
  if (both.length > 0)
    problems.push(`[${both.join(" ")}] in enable-admission-plugins and disable-admission-plugins overlapped`);
  for (const [flag, names] of [
    ["enable", enable],
    ["disable", disable],
  ] as const) {
    for (const name of names) {
      if (!allAdmissionPlugins.includes(name)) problems.push(`${flag}-admission-plugins plugin "${name}" is unknown`);
    }
  }
  if (problems.length > 0) throw new Error(problems.join(", "));
  return allAdmissionPlugins.filter(
    (name) => !disable.includes(name) && (enable.includes(name) || !offByDefault.has(name)),
  );
}

/**
 * The plugins that run, in order; resolves when what they look up with every request is in memory.
 * @param signal ends what follows the store
 * @throws Error naming a plugin that is not there
 */
export async function admissionPlugins(options: AdmissionOptions, signal: AbortSignal): Promise<AdmissionPlugin[]> {
  const context = { ...options, signal, listers: new Listers(), config: options.config ?? {} };
  const enabled = new Set(enabledAdmissionPlugins(options.enable, options.disable));
  const made: AdmissionPlugin[] = [];
  for (const [name, make] of ordered) {
    if (!enabled.has(name)) continue;
    const plugin = options.plugins?.find((given) => given.name === name) ?? (await make?.(context));
    if (plugin !== undefined) made.push(plugin);
  }
  await context.listers.follow(options.reader, signal);
  return made;
}
