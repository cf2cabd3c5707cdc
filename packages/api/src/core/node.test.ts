import { kindOf, refusesCreate, refusesUpdate } from "../testing.ts";

const nodes = kindOf("", "nodes");
const node = (spec: object = {}, status?: object) => ({
  metadata: { name: "n" },
  spec,
  ...(status === undefined ? {} : { status }),
});
const legacy = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

refusesCreate(nodes, [
  ["as it should be", node({ podCIDRs: ["10.0.0.0/24", "fd00::/64"], taints: [{ key: "a", effect: "NoExecute" }] })],
  [
    "taints",
    node({ taints: [{ key: "a", effect: "Never" }, { key: "a" }] }),
    'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    "metadata.taints[1].effect: Required value",
  ],
  ["no CIDR", node({ podCIDR: "10.0.0" }), `spec.podCIDRs[0]: Invalid value: "10.0.0": ${legacy}`],
  [
    "two of a family",
    node({ podCIDRs: ["10.0.0.0/24", "10.0.1.0/24"] }),
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.1.0/24"]: may specify no more than one CIDR for each IP family',
  ],
  [
    "capacity",
    node({}, { capacity: { cpu: "-1", pods: "1500m", "example.com/gpu": "500m" }, allocatable: {} }),
    'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
    'status.capacity.pods: Invalid value: "1500m": must be an integer',
    'status.capacity.example.com/gpu: Invalid value: "500m": must be an integer',
  ],
]);

refusesUpdate(nodes, [
  ["CIDRs are set once", node(), node({ podCIDR: "10.0.0.0/24" })],
  ["to what is one", node(), node({ podCIDR: "x" }), `spec.podCIDRs[0]: Invalid value: "x": ${legacy}`],
  [
    "not again",
    node({ podCIDR: "10.0.0.0/24" }),
    node({ podCIDR: "10.0.1.0/24" }),
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
  ],
  ["unschedulable", node(), node({ unschedulable: true })],
]);

const address = { type: "InternalIP", address: "10.0.0.1" };

refusesUpdate(
  nodes,
  [
    [
      "an address twice",
      node(),
      node({}, { addresses: [address, address] }),
      'status.addresses[1]: Duplicate value: {"type":"InternalIP","address":"10.0.0.1"}',
    ],
  ],
  { status: true },
);
