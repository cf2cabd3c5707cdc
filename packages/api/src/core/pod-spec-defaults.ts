/**
 * Defaults of a Pod's spec: those that also templates get, and those only a Pod gets.
 * Source: SetDefaults_PodSpec and SetDefaults_Pod.
 */

import type { Container, Pod, PodSpec, PodStatus, PodTemplateSpec } from "../generated/types.ts";
import { setContainerDefaults } from "./container-defaults.ts";
import { canonicalResourceList } from "./container-quantities.ts";
import { allContainers } from "./pod-helpers.ts";
import { setPodLevelResourceDefaults } from "./pod-resource-defaults.ts";
import { setVolumeDefaults } from "./volume-defaults.ts";

/** What a Pod and a Pod template have in common. */
export function setPodSpecDefaults(spec: PodSpec): void {
  spec.dnsPolicy ||= "ClusterFirst";
  spec.restartPolicy ||= "Always";
  spec.securityContext ??= {};
  spec.terminationGracePeriodSeconds ??= 30;
  spec.schedulerName ||= "default-scheduler";
  syncServiceAccount(spec);
  canonicalResourceList(spec.overhead);
  canonicalResourceList(spec.resources?.limits);
  canonicalResourceList(spec.resources?.requests);
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume);
  for (const { container } of allContainers(spec)) setContainerDefaults(container);
  for (const container of spec.ephemeralContainers ?? []) {
    // Upstream's ephemeral containers have `resources` too, always empty: validation forbids anything in it.
    container.resources ??= {};
  }
}

/** `serviceAccount` is the old name of `serviceAccountName`; both are always written. */
function syncServiceAccount(spec: PodSpec): void {
  const name = spec.serviceAccountName || spec.serviceAccount;
  if (name) {
    spec.serviceAccountName = name;
    spec.serviceAccount = name;
    return;
  }
  // An object that something was deleted from is slow for good: only where there is something.
  if (spec.serviceAccountName !== undefined) delete spec.serviceAccountName;
  if (spec.serviceAccount !== undefined) delete spec.serviceAccount;
}

export function setPodTemplateDefaults(template: PodTemplateSpec | undefined): void {
  if (template === undefined) return;
  template.metadata ??= {};
  template.spec ??= { containers: [] };
  setPodSpecDefaults(template.spec);
}

/** A limit without a request is also the request. Pods only: a template shows what its author wrote. */
function setRequestsFromLimits(container: Container): void {
  const { limits } = container.resources ?? {};
  if (limits === undefined || container.resources === undefined) return;
  const requests = container.resources.requests ?? {};
  for (const [name, quantity] of Object.entries(limits)) requests[name] ??= quantity;
  container.resources.requests = requests;
}

function setHostNetworkPorts(containers: readonly Container[] | undefined): void {
  for (const container of containers ?? [])
    for (const port of container.ports ?? []) port.hostPort ||= port.containerPort;
}

/** `podIP` is the first of `podIPs`; where they differ, the writer knew only the singular, and it holds. */
function syncPodIPs(status: PodStatus | undefined): void {
  if (status === undefined) return;
  const [first] = status.podIPs ?? [];
  if (status.podIP && status.podIP !== first?.ip) status.podIPs = [{ ip: status.podIP }];
  else if (!status.podIP && first?.ip) status.podIP = first.ip;
}

/** All defaults of a Pod. */
export function setPodDefaults(pod: Pod): void {
  syncPodIPs(pod.status);
  pod.spec ??= { containers: [] };
  const { spec } = pod;
  setPodSpecDefaults(spec);
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])])
    setRequestsFromLimits(container);
  setPodLevelResourceDefaults(spec);
  spec.enableServiceLinks ??= true;
  if (spec.hostNetwork === true) {
    setHostNetworkPorts(spec.containers);
    setHostNetworkPorts(spec.initContainers);
  }
}
