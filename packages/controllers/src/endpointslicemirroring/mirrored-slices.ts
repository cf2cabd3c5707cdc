/**
 * The EndpointSlices that mirror an Endpoints object: one for each set of ports and kind of address. Pure; upstream's
 * pkg/controller/endpointslicemirroring.
 */

import {
  type DiscoveryEndpointPort,
  type Endpoint,
  type EndpointAddress,
  type EndpointSlice,
  type Endpoints,
  endpoints as endpointsResource,
  managedByLabel,
  serviceNameLabel,
} from "@kubets/api";
import {
  clone,
  deepEqual,
  formatIp,
  type IpAddress,
  lastAppliedAnnotation,
  parseIp,
  pushAll,
} from "@kubets/apimachinery";
import { type AddressType, portsKey } from "../endpointslice/desired-endpoints.ts";
import type { SlicePlan } from "../endpointslice/slice-plan.ts";
import { newControllerRef } from "../runtime/controller-ref.ts";
import { triggerTimeAnnotation } from "../runtime/trigger-times.ts";

export const mirroringManager = "endpointslicemirroring-controller.k8s.io";

/** Not about the endpoints: when they last changed, what kubectl applied. */
const annotationsLeftOut = [triggerTimeAnnotation, lastAppliedAnnotation];

export interface MirrorPlan extends SlicePlan {
  /** Addresses that are none. */
  readonly invalid: number;
  /** Addresses left out, invalid ones among them. */
  readonly skipped: number;
}

interface Group {
  readonly type: AddressType;
  readonly ports: DiscoveryEndpointPort[];
  /** By what tells one from another, so that none is there twice. */
  readonly endpoints: Map<string, Endpoint>;
}

/** @param maxPerSubset how many addresses of a subset are mirrored: so that a subset is one slice */
export function planMirror(endpoints: Endpoints, existing: readonly EndpointSlice[], maxPerSubset: number): MirrorPlan {
  const { groups, invalid, skipped } = groupsOf(endpoints, maxPerSubset);
  const plan: SlicePlan = { create: [], update: [], remove: [] };
  const byKey = Map.groupBy(existing, (slice) => groupKey(slice.addressType as AddressType, slice.ports ?? []));
  for (const [key, slices] of byKey) if (!groups.has(key)) pushAll(plan.remove, slices);
  for (const [key, group] of groups) {
    const [first, ...more] = byKey.get(key) ?? [];
    pushAll(plan.remove, more);
    const wanted = sliceFor(endpoints, group, maxPerSubset);
    if (first === undefined) plan.create.push(wanted);
    else if (!mirrors(first, wanted)) plan.update.push(inPlaceOf(first, wanted));
  }
  recycle(plan);
  return { ...plan, invalid, skipped };
}

function groupsOf({ subsets = [] }: Endpoints, maxPerSubset: number) {
  const groups = new Map<string, Group>();
  let invalid = 0;
  let skipped = 0;
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of subsets) {
    const slicePorts = ports.map(({ name = "", port, protocol = "TCP", appProtocol }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
    }));
    let added = 0;
    const add = (address: EndpointAddress, ready: boolean): void => {
      if (added >= maxPerSubset) return;
      const ip = parseIp(address.ip);
      if (ip === undefined) {
        invalid++;
        return;
      }
      added++;
      const type = ip.family === 6 ? "IPv6" : "IPv4";
      const key = groupKey(type, slicePorts);
      const group = groups.get(key) ?? { type, ports: slicePorts, endpoints: new Map() };
      const endpoint = endpointOf(address, ip, ready);
      group.endpoints.set(identityOf(endpoint), endpoint);
      groups.set(key, group);
    };
    for (const address of addresses) add(address, true);
    for (const address of notReadyAddresses) add(address, false);
    skipped += addresses.length + notReadyAddresses.length - added;
  }
  return { groups, invalid, skipped };
}

/** What is the same in this is one endpoint, however its address was written: the last one. Source: hashEndpoint in k8s.io/endpointslice. */
function identityOf({ addresses, hostname = "", targetRef }: Endpoint): string {
  return JSON.stringify([addresses, hostname, targetRef?.namespace ?? "", targetRef?.name ?? ""]);
}

function groupKey(type: AddressType, ports: readonly DiscoveryEndpointPort[]): string {
  return `${type} ${portsKey(ports)}`;
}

function endpointOf(
  { hostname, nodeName, targetRef }: EndpointAddress,
  { family, value }: IpAddress,
  ready: boolean,
): Endpoint {
  return {
    // An Endpoints object may have it written in any way.
    addresses: [formatIp(family, value)],
    conditions: { ready },
    ...(hostname ? { hostname } : {}),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(targetRef === undefined ? {} : { targetRef }),
  };
}

function sliceFor(endpoints: Endpoints, group: Group, max: number): EndpointSlice {
  const { name = "", namespace = "", labels, annotations } = endpoints.metadata ?? {};
  const kept = Object.entries(annotations ?? {}).filter(([key]) => !annotationsLeftOut.includes(key));
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: {
      generateName: `${name}-`,
      namespace,
      labels: { ...labels, [serviceNameLabel]: name, [managedByLabel]: mirroringManager },
      annotations: Object.fromEntries(kept),
      ownerReferences: [newControllerRef(endpoints, endpointsResource)],
    },
    addressType: group.type,
    endpoints: [...group.endpoints.values()].slice(0, max),
    ports: group.ports,
  };
}

function mirrors(slice: EndpointSlice, wanted: EndpointSlice): boolean {
  const sorted = (of: EndpointSlice) => (of.endpoints ?? []).map((each) => JSON.stringify(inOrder(each))).sort();
  return (
    deepEqual(sorted(slice), sorted(wanted)) &&
    deepEqual(slice.metadata?.labels ?? {}, wanted.metadata?.labels ?? {}) &&
    deepEqual(slice.metadata?.annotations ?? {}, wanted.metadata?.annotations ?? {})
  );
}

/** The fields that are mirrored, in one order. */
function inOrder({ addresses, conditions, hostname, nodeName, targetRef }: Endpoint): unknown[] {
  const { kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath } = targetRef ?? {};
  const target = [kind, namespace, name, uid, apiVersion, resourceVersion, fieldPath];
  return [addresses, conditions?.ready, hostname, nodeName, target];
}

function inPlaceOf(slice: EndpointSlice, wanted: EndpointSlice): EndpointSlice {
  const { generateName: _, ...metadata } = wanted.metadata ?? {};
  const { name = "", resourceVersion } = slice.metadata ?? {};
  const version = resourceVersion === undefined ? {} : { resourceVersion };
  return { ...clone(wanted), metadata: { ...metadata, name, ...version } };
}

/** A slice that would go takes the place of one that would come, where their addresses are of a kind: one write less. */
function recycle(plan: SlicePlan): void {
  for (const wanted of [...plan.create]) {
    const at = plan.remove.findIndex(({ addressType }) => addressType === wanted.addressType);
    const [slice] = at < 0 ? [] : plan.remove.splice(at, 1);
    if (slice === undefined) continue;
    plan.create.splice(plan.create.indexOf(wanted), 1);
    plan.update.push(inPlaceOf(slice, wanted));
  }
}
