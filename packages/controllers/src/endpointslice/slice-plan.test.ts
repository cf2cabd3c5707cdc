import assert from "node:assert/strict";
import { test } from "node:test";
import type { Endpoint, EndpointSlice, Service } from "@kubets/api";
import { portsKey } from "./desired-endpoints.ts";
import { planSlices, type SlicePlan } from "./slice-plan.ts";

const service: Service = { metadata: { name: "web", namespace: "x", uid: "s" }, spec: { clusterIP: "10.0.0.1" } };
const ports = [{ name: "", port: 80, protocol: "TCP" }];

const endpoint = (at: number, ready = true): Endpoint => ({
  addresses: [`10.244.0.${at}`],
  conditions: { ready },
  targetRef: { kind: "Pod", name: `p${at}`, uid: `u${at}` },
});

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => endpoint(from + at));

function plan(endpoints: Endpoint[], existing: EndpointSlice[]): SlicePlan {
  const groups = endpoints.length > 0 ? new Map([[portsKey(ports), { ports, endpoints }]]) : new Map();
  return planSlices(service, "IPv4", groups, existing, 10);
}

/** What is there after a plan was carried out. */
function apply(existing: EndpointSlice[], { create, update, remove }: SlicePlan): EndpointSlice[] {
  const named = create.map((slice, at) => ({
    ...slice,
    metadata: { ...slice.metadata, name: `n${existing.length}-${at}` },
  }));
  const kept = existing.filter((slice) => !remove.includes(slice));
  const updated = kept.map((slice) => update.find(({ metadata }) => metadata?.name === slice.metadata?.name) ?? slice);
  return [...updated, ...named];
}

const sizes = (slices: readonly EndpointSlice[]) => slices.map(({ endpoints }) => endpoints?.length ?? 0);

test("slices fill to their limit, and a plan carried out needs nothing more", () => {
  const first = apply([], plan(range(0, 25), []));
  assert.deepEqual(sizes(first), [10, 10, 5]);
  assert.deepEqual(plan(range(0, 25), first), { create: [], update: [], remove: [] });
});

test("new endpoints go where a write is due anyway, or where they all fit", () => {
  const first = apply([], plan(range(0, 25), []));
  const grown = plan(range(0, 28), first);
  assert.deepEqual([grown.create.length, sizes(grown.update)], [0, [8]]);
  const replaced = plan([...range(1, 25), endpoint(99)], first);
  assert.deepEqual([replaced.create.length, sizes(replaced.update), replaced.remove.length], [0, [10], 0]);
  const overflow = plan(range(0, 31), first);
  assert.deepEqual([sizes(overflow.create), overflow.update.length], [[6], 0]);
});

test("a change of one endpoint writes one slice; an empty one goes, the last stays as a sign", () => {
  const first = apply([], plan(range(0, 20), []));
  const changed = plan([endpoint(0, false), ...range(1, 20)], first);
  assert.deepEqual([changed.create.length, changed.update.length, changed.remove.length], [0, 1, 0]);
  const halved = plan(range(0, 10), first);
  assert.deepEqual([halved.update.length, halved.remove.length], [0, 1]);
  const none = plan([], first);
  assert.deepEqual([sizes(none.create), none.remove.length], [[0], 2]);
});
