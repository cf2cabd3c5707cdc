import assert from "node:assert/strict";
import { test } from "node:test";
import type { EndpointSlice, Endpoints } from "@kubets/api";
import { planMirror } from "./mirrored-slices.ts";

const endpointsWith = (subsets: NonNullable<Endpoints["subsets"]>, metadata: object = {}): Endpoints => ({
  metadata: { name: "custom", namespace: "x", uid: "e", ...metadata },
  subsets,
});
const named = (slices: readonly EndpointSlice[]): EndpointSlice[] =>
  slices.map((slice, index) => ({ ...slice, metadata: { ...slice.metadata, name: `s${index}` } }));

test("a subset is one slice per kind of address, with its labels and most annotations", () => {
  const annotations = { mine: "1", "kubectl.kubernetes.io/last-applied-configuration": "{}" };
  const addresses = [
    { ip: "10.1.2.3", hostname: "a" },
    { ip: "fd00:0:0::1", nodeName: "n" },
  ];
  const endpoints = endpointsWith([{ addresses, notReadyAddresses: [{ ip: "10.1.2.4" }], ports: [{ port: 80 }] }], {
    labels: { app: "db" },
    annotations,
  });
  const { create, update, remove, invalid, skipped } = planMirror(endpoints, [], 1000);
  assert.deepEqual([update, remove, invalid, skipped], [[], [], 0, 0]);
  assert.deepEqual(
    create.map((slice) => [slice.addressType, slice.endpoints, slice.ports]),
    [
      [
        "IPv4",
        [
          { addresses: ["10.1.2.3"], conditions: { ready: true }, hostname: "a" },
          { addresses: ["10.1.2.4"], conditions: { ready: false } },
        ],
        [{ name: "", port: 80, protocol: "TCP" }],
      ],
      [
        "IPv6",
        [{ addresses: ["fd00::1"], conditions: { ready: true }, nodeName: "n" }],
        [{ name: "", port: 80, protocol: "TCP" }],
      ],
    ],
  );
  assert.deepEqual(create[0]?.metadata, {
    generateName: "custom-",
    namespace: "x",
    labels: {
      app: "db",
      "kubernetes.io/service-name": "custom",
      "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    },
    annotations: { mine: "1" },
    ownerReferences: [
      { apiVersion: "v1", kind: "Endpoints", name: "custom", uid: "e", controller: true, blockOwnerDeletion: true },
    ],
  });
});

test("what is mirrored already is left; what changed is written in place; nothing is left of nothing", () => {
  const subset = (ip: string, port = 80) => [{ addresses: [{ ip }], ports: [{ port }] }];
  const before = named(planMirror(endpointsWith(subset("10.1.2.3")), [], 1000).create);
  const counts = (endpoints: Endpoints) => {
    const { create, update, remove } = planMirror(endpoints, before, 1000);
    return [create.length, update.map(({ metadata }) => metadata?.name), remove.length];
  };
  assert.deepEqual(counts(endpointsWith(subset("10.1.2.3"))), [0, [], 0]);
  assert.deepEqual(counts(endpointsWith(subset("10.2.3.4"))), [0, ["s0"], 0]);
  assert.deepEqual(counts(endpointsWith(subset("10.1.2.3"), { labels: { a: "b" } })), [0, ["s0"], 0]);
  assert.deepEqual(counts(endpointsWith(subset("10.1.2.3", 81))), [0, ["s0"], 0], "recycled");
  assert.deepEqual(counts(endpointsWith(subset("fd00::1"))), [1, [], 1]);
  assert.deepEqual(counts(endpointsWith([])), [0, [], 1]);
});

test("too many addresses are left out, invalid ones too, and both are counted", () => {
  const addresses = [{ ip: "none" }, ...Array.from({ length: 5 }, (_, at) => ({ ip: `10.0.0.${at}` }))];
  const { create, invalid, skipped } = planMirror(endpointsWith([{ addresses, ports: [{ port: 1 }] }]), [], 3);
  assert.deepEqual([create[0]?.endpoints?.length, invalid, skipped], [3, 1, 3]);
});

test("an address is mirrored as Go reads and prints it, however it was written", () => {
  const addresses = [{ ip: "010.1.2.03" }, { ip: "::ffff:10.1.2.4" }, { ip: "FD00:0::1" }];
  const { create, invalid } = planMirror(endpointsWith([{ addresses }]), [], 1000);
  assert.deepEqual(
    create.map((slice) => [slice.addressType, slice.endpoints?.flatMap((endpoint) => endpoint.addresses)]),
    [
      ["IPv4", ["10.1.2.3", "10.1.2.4"]],
      ["IPv6", ["fd00::1"]],
    ],
  );
  assert.equal(invalid, 0);
});

test("an address that is there twice is one endpoint, the last", () => {
  const subset = {
    addresses: [{ ip: "10.1.2.3" }, { ip: "10.1.2.4", hostname: "a" }, { ip: "10.1.2.4", hostname: "b" }],
    notReadyAddresses: [{ ip: "010.1.2.3", nodeName: "n" }],
  };
  const [slice] = planMirror(endpointsWith([subset]), [], 1000).create;
  assert.deepEqual(slice?.endpoints, [
    { addresses: ["10.1.2.3"], conditions: { ready: false }, nodeName: "n" },
    { addresses: ["10.1.2.4"], conditions: { ready: true }, hostname: "a" },
    { addresses: ["10.1.2.4"], conditions: { ready: true }, hostname: "b" },
  ]);
});
