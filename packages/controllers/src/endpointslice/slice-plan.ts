/** Fitting endpoints into slices with few writes: every changed slice is sent to every node. Pure; upstream's packing. */

import {
  type Endpoint,
  type EndpointSlice,
  managedByLabel,
  type Service,
  serviceNameLabel,
  services,
} from "@kubets/api";
import { clone, deepEqual, pushAll } from "@kubets/apimachinery";
import { newControllerRef } from "../runtime/controller-ref.ts";
import { isHeadless } from "../runtime/service-endpoints.ts";
import { type AddressType, type EndpointGroup, portsKey } from "./desired-endpoints.ts";

export const managedBy = "endpointslice-controller.k8s.io";
const headlessLabel = "service.kubernetes.io/headless";

export interface SlicePlan {
  readonly create: EndpointSlice[];
  readonly update: EndpointSlice[];
  readonly remove: EndpointSlice[];
}

export function planSlices(
  service: Service,
  type: AddressType,
  groups: ReadonlyMap<string, EndpointGroup>,
  existing: readonly EndpointSlice[],
  maxEndpoints: number,
): SlicePlan {
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  // Even a Service without endpoints has a slice, which says so.
  const wanted = groups.size > 0 ? groups : new Map([[portsKey([]), { ports: [], endpoints: [] }]]);
  const byPorts = Map.groupBy(existing, (slice) => portsKey(slice.ports ?? []));
  for (const [key, slices] of byPorts) if (!wanted.has(key)) pushAll(plan.remove, slices);
  for (const [key, group] of wanted) planGroup(service, type, group, byPorts.get(key) ?? [], maxEndpoints, plan);
  return plan;
}

interface Draft {
  readonly slice: EndpointSlice;
  endpoints: Endpoint[];
  changed: boolean;
}

function planGroup(
  service: Service,
  type: AddressType,
  group: EndpointGroup,
  existing: readonly EndpointSlice[],
  maxEndpoints: number,
  plan: SlicePlan,
): void {
  const missing = new Map(group.endpoints.map((endpoint) => [identityOf(endpoint), endpoint]));
  const drafts = existing.map((slice) => keepWanted(slice, missing));
  let left = [...missing.values()];
  // Slices that are written anyway take the new endpoints first, then the fullest that has room for what is left.
  for (const draft of drafts.filter(({ changed }) => changed)) left = fill(draft, left, maxEndpoints);
  while (left.length > 0) {
    const fits = drafts.filter((draft) => !draft.changed && draft.endpoints.length + left.length <= maxEndpoints);
    const fullest = fits.sort((a, b) => b.endpoints.length - a.endpoints.length)[0];
    if (fullest === undefined) break;
    left = fill(fullest, left, maxEndpoints);
  }
  for (let at = 0; at < left.length; at += maxEndpoints) {
    plan.create.push(newSlice(service, type, group, left.slice(at, at + maxEndpoints)));
  }
  finish(service, type, group, drafts, plan);
}

function finish(
  service: Service,
  type: AddressType,
  group: EndpointGroup,
  drafts: readonly Draft[],
  plan: SlicePlan,
): void {
  const placeholder = group.endpoints.length === 0;
  const labels = labelsFor(service);
  let kept = 0;
  for (const draft of drafts) {
    if (draft.endpoints.length === 0 && (!placeholder || kept > 0)) {
      plan.remove.push(draft.slice);
      continue;
    }
    kept++;
    if (!draft.changed && deepEqual(labels, draft.slice.metadata?.labels)) continue;
    const next = clone(draft.slice);
    plan.update.push({ ...next, metadata: { ...next.metadata, labels }, endpoints: draft.endpoints });
  }
  if (placeholder && kept === 0) plan.create.push(newSlice(service, type, group, []));
}

/** What stays in a slice: endpoints still wanted, as they are wanted now. Takes them out of `missing`. */
function keepWanted(slice: EndpointSlice, missing: Map<string, Endpoint>): Draft {
  let changed = false;
  const endpoints: Endpoint[] = [];
  for (const endpoint of slice.endpoints ?? []) {
    const key = identityOf(endpoint);
    const wanted = missing.get(key);
    missing.delete(key);
    if (wanted !== undefined) endpoints.push(wanted);
    if (wanted === undefined || !deepEqual(wanted, endpoint)) changed = true;
  }
  return { slice, endpoints, changed };
}

function fill(draft: Draft, endpoints: Endpoint[], maxEndpoints: number): Endpoint[] {
  const room = Math.max(0, maxEndpoints - draft.endpoints.length);
  if (room === 0 || endpoints.length === 0) return endpoints;
  draft.endpoints = [...draft.endpoints, ...endpoints.slice(0, room)];
  draft.changed = true;
  return endpoints.slice(room);
}

function identityOf({ addresses, targetRef }: Endpoint): string {
  return `${targetRef?.uid ?? ""}|${addresses.join(",")}`;
}

function newSlice(
  service: Service,
  addressType: AddressType,
  group: EndpointGroup,
  endpoints: Endpoint[],
): EndpointSlice {
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${service.metadata?.name}-`,
      namespace: service.metadata?.namespace ?? "",
      labels: labelsFor(service),
      ownerReferences: [newControllerRef(service, services)],
    },
    addressType,
    endpoints,
    ports: group.ports,
  };
}

/** The Service's own labels, and those that find the slice. */
function labelsFor(service: Service): Record<string, string> {
  const labels: Record<string, string> = { ...service.metadata?.labels };
  delete labels[headlessLabel];
  if (isHeadless(service)) labels[headlessLabel] = "";
  return { ...labels, [serviceNameLabel]: service.metadata?.name ?? "", [managedByLabel]: managedBy };
}
