/** Defaults of pod-level resources (`spec.resources`). Source: KEP-2837, defaultPodRequests, defaultPodLimits, defaultHugePagePodLimits. */

import type { PodSpec, ResourceRequirements } from "../generated/types.ts";
import { isHugePageResource, isOvercommitAllowed, isPodLevelResource } from "./container-resource-names.ts";
import { aggregateContainerLimits, aggregateContainerRequests, type ResourceList } from "./pod-resources.ts";

const isEmpty = (list: ResourceList | undefined) => list === undefined || Object.keys(list).length === 0;

/** Fills in `spec.resources` where the author gave part of it; a Pod without it stays without it. */
export function setPodLevelResourceDefaults(spec: PodSpec): void {
  const resources = spec.resources;
  if (resources === undefined) return;
  setHugePageLimits(spec, resources);
  setRequests(spec, resources);
}

/** Huge page limits of the containers add up to the Pod's, unless the Pod asks for huge pages itself. */
function setHugePageLimits(spec: PodSpec, resources: ResourceRequirements): void {
  if (isEmpty(resources.limits) && isEmpty(resources.requests)) return;
  const limits: ResourceList = resources.limits ?? {};
  for (const [name, quantity] of Object.entries(aggregateContainerLimits(spec)))
    if (isHugePageResource(name) && resources.requests?.[name] === undefined) limits[name] ??= quantity;
  if (!isEmpty(limits)) resources.limits = limits;
}

/** Requests the author left out: what the containers ask for together, else the Pod's limit. */
function setRequests(spec: PodSpec, resources: ResourceRequirements): void {
  if (isEmpty(resources.limits)) return;
  const requests: ResourceList = resources.requests ?? {};
  for (const [name, quantity] of Object.entries(aggregateContainerRequests(spec)))
    if (isPodLevelResource(name) && isOvercommitAllowed(name)) requests[name] ??= quantity;
  for (const [name, quantity] of Object.entries(resources.limits ?? {}))
    if (isPodLevelResource(name)) requests[name] ??= quantity;
  if (!isEmpty(requests)) resources.requests = requests;
}
