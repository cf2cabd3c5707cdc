/**
 * What a Pod needs in all: sums over its containers with the rule for init containers and sidecars.
 * Source of the rules: component-helpers/resource (PodRequests, PodLimits), pkg/apis/core/helper/qos, KEP-753, KEP-2837.
 */

import type { Quantity } from "@kubets/apimachinery";
import type { Container, Pod, PodSpec } from "../generated/types.ts";
import {
  addResources,
  formatResourceList,
  maxResources,
  parseResourceList,
  type ResourceList,
} from "./container-quantities.ts";
import { isPodLevelResource } from "./container-resource-names.ts";

export type { ResourceList } from "./container-quantities.ts";

export type ResourceMap = ReadonlyMap<string, Quantity>;
type ContainerResources = (container: Container) => ResourceMap;

export interface PodResourcesOptions {
  /**
   * Count what the kubelet has given a running container while a resize is under way: the larger of wish and grant,
   * and the grant alone when the resize cannot be done.
   */
  readonly useStatusResources?: boolean;
  /** Leave out `spec.overhead`. */
  readonly excludeOverhead?: boolean;
  /** Ignore `spec.resources`: what the containers ask for, whatever the Pod says. */
  readonly skipPodLevelResources?: boolean;
}

/**
 * Regular containers run together, sidecars with them; init containers run one after another, each beside the sidecars
 * that were started before it. The Pod needs the most that any of these moments needs.
 */
function aggregate(spec: PodSpec, resourcesOf: ContainerResources): Map<string, Quantity> {
  const running = new Map<string, Quantity>();
  for (const container of spec.containers ?? []) addResources(running, resourcesOf(container));

  const sidecars = new Map<string, Quantity>();
  const initPeak = new Map<string, Quantity>();
  for (const container of spec.initContainers ?? []) {
    const own = resourcesOf(container);
    if (container.restartPolicy === "Always") {
      addResources(running, own);
      addResources(sidecars, own);
      maxResources(initPeak, sidecars);
    } else {
      const moment = new Map(own);
      addResources(moment, sidecars);
      maxResources(initPeak, moment);
    }
  }
  maxResources(running, initPeak);
  return running;
}

function isResizeInfeasible(pod: Pod): boolean {
  return (pod.status?.conditions ?? []).some(
    (condition) => condition.type === "PodResizePending" && condition.reason === "Infeasible",
  );
}

function grantedRequests(pod: Pod): ContainerResources {
  const statuses = new Map(
    [...(pod.status?.containerStatuses ?? []), ...(pod.status?.initContainerStatuses ?? [])].map((s) => [s.name, s]),
  );
  const infeasible = isResizeInfeasible(pod);
  return (container) => {
    const wanted = parseResourceList(container.resources?.requests);
    const status = statuses.get(container.name);
    if (status?.resources === undefined) return wanted;
    const granted = parseResourceList(status.resources.requests);
    maxResources(granted, parseResourceList(status.allocatedResources));
    if (!infeasible) maxResources(granted, wanted);
    return granted;
  };
}

function applyPodLevel(total: Map<string, Quantity>, list: ResourceList | undefined): void {
  for (const [name, quantity] of parseResourceList(list)) if (isPodLevelResource(name)) total.set(name, quantity);
}

/** The requests of a Pod: what the scheduler counts, what a quota charges. */
export function podRequests(pod: Pod, options: PodResourcesOptions = {}): Map<string, Quantity> {
  const spec = pod.spec;
  if (spec === undefined) return new Map();
  const resourcesOf = options.useStatusResources
    ? grantedRequests(pod)
    : (container: Container) => parseResourceList(container.resources?.requests);
  const total = aggregate(spec, resourcesOf);
  if (!options.skipPodLevelResources) applyPodLevel(total, spec.resources?.requests);
  if (!options.excludeOverhead) addResources(total, parseResourceList(spec.overhead));
  return total;
}

/** The limits of a Pod. Overhead is added only to resources that have a limit: no limit stays no limit. */
export function podLimits(pod: Pod, options: PodResourcesOptions = {}): Map<string, Quantity> {
  const spec = pod.spec;
  if (spec === undefined) return new Map();
  const total = aggregate(spec, (container) => parseResourceList(container.resources?.limits));
  if (!options.skipPodLevelResources) applyPodLevel(total, spec.resources?.limits);
  if (!options.excludeOverhead)
    for (const [name, quantity] of parseResourceList(spec.overhead)) {
      const limit = total.get(name);
      if (limit !== undefined && !limit.isZero()) total.set(name, limit.add(quantity));
    }
  return total;
}

/** What the containers ask for together, as text. */
export function aggregateContainerRequests(spec: PodSpec): ResourceList {
  return formatResourceList(aggregate(spec, (container) => parseResourceList(container.resources?.requests)));
}

export function aggregateContainerLimits(spec: PodSpec): ResourceList {
  return formatResourceList(aggregate(spec, (container) => parseResourceList(container.resources?.limits)));
}

export type QOSClass = "Guaranteed" | "Burstable" | "BestEffort";
const qosResources = ["cpu", "memory"] as const;

interface QOSAccount {
  readonly requests: Map<string, Quantity>;
  readonly limits: Map<string, Quantity>;
  everyLimitSet: boolean;
}

function account(into: QOSAccount, resources: { requests?: ResourceList; limits?: ResourceList } | undefined): void {
  const requests = parseResourceList(resources?.requests);
  const limits = parseResourceList(resources?.limits);
  for (const name of qosResources) {
    const request = requests.get(name);
    if (request !== undefined && request.sign() > 0) addResources(into.requests, new Map([[name, request]]));
    const limit = limits.get(name);
    if (limit !== undefined && limit.sign() > 0) addResources(into.limits, new Map([[name, limit]]));
    else into.everyLimitSet = false;
  }
}

/**
 * Guaranteed: every container has cpu and memory limits, and the sums of requests equal those of limits.
 * BestEffort: nothing is asked for. Burstable: the rest. Pod-level resources, where given, decide alone.
 */
export function qosClassOf(pod: Pod): QOSClass {
  const { spec } = pod;
  const total: QOSAccount = { requests: new Map(), limits: new Map(), everyLimitSet: true };
  const podLevel = { ...spec?.resources?.requests, ...spec?.resources?.limits };
  if (Object.keys(podLevel).some(isPodLevelResource)) account(total, spec?.resources);
  else
    for (const container of [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])])
      account(total, container.resources);

  if (total.requests.size === 0 && total.limits.size === 0) return "BestEffort";
  const isGuaranteed =
    total.everyLimitSet &&
    total.requests.size === total.limits.size &&
    [...total.requests].every(([name, request]) => total.limits.get(name)?.cmp(request) === 0);
  return isGuaranteed ? "Guaranteed" : "Burstable";
}
