import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node } from "@kubets/api";
import { StatusError } from "@kubets/apimachinery";
import type { Client, WatchEvent } from "@kubets/client";
import type { ClusterConfig } from "../config.ts";
import { isSurplus, nodesReady } from "./nodes.ts";

const config: ClusterConfig = {
  format: 1,
  name: "x",
  dataDir: "/var/lib/kubets/x",
  bindAddress: "127.0.0.1",
  securePort: 6443,
  serviceCIDR: "10.96.0.0/16",
  podCIDR: "10.244.0.0/16",
  nodeCIDR: "10.86.0.0/24",
  nodes: 2,
  simulatedNodes: 3,
  egress: false,
};

function node(name: string, address: string, labels: Record<string, string> = {}): Node {
  return { metadata: { name, labels }, status: { addresses: [{ type: "InternalIP", address }] } };
}

const cases: [what: string, node: Node, isSurplus: boolean][] = [
  ["one of its own", node("node-2", "10.86.0.11"), false],
  ["one beyond --nodes", node("node-3", "10.86.0.12"), true],
  ["another machine's of that name", node("node-3", "192.0.2.7"), false],
  ["a simulated one of its own", node("simulated-2", "198.18.0.2", { type: "simulated" }), false],
  ["one beyond --simulated-nodes", node("simulated-3", "198.18.0.3", { type: "simulated" }), true],
  ["a user's own name", node("simulated-3", "192.0.2.9"), false],
  ["a number that no local node has", node("node-4000000", "10.86.0.12"), false],
];
for (const [what, given, expected] of cases)
  test(`surplus: ${what}`, () => assert.equal(isSurplus(given, config), expected));

test("nodes are waited for though the control plane starts again meanwhile", async () => {
  const ready: Node = { metadata: { name: "n" }, status: { conditions: [{ type: "Ready", status: "True" }] } };
  const watches: (() => AsyncGenerator<WatchEvent>)[] = [
    async function* () {},
    // biome-ignore lint/correctness/useYield: it fails before it gives anything.
    async function* () {
      throw new StatusError(503, "ServiceUnavailable", "connection refused");
    },
    async function* () {
      yield { type: "ADDED", object: ready } as unknown as WatchEvent;
    },
  ];
  const client = { resource: () => ({ watch: () => watches.shift()?.() }) } as unknown as Client;
  await nodesReady(client, { ...config, nodes: 1, simulatedNodes: 0 }, new AbortController().signal);
  assert.equal(watches.length, 0);
});
