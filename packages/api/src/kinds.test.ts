import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze, type FieldError, type KubeObject } from "@kubets/apimachinery";
import { findDefinition } from "./catalogue.ts";
import type { ResourceDefinition } from "./definition.ts";

/** Strategies and columns of the kinds with rules of their own: what goes in, and what upstream makes or says of it. */

const now = Date.parse("2026-01-02T03:04:05Z");
const user = { name: "ann", uid: "u1", groups: ["dev"] };
const context = { now, uuid: () => "uid", random: () => 0, user };
type Thing = KubeObject & Record<string, unknown>;

function kind(group: string, plural: string, version = "v1"): ResourceDefinition {
  const definition = findDefinition(group, version, plural);
  assert.ok(definition, plural);
  return definition;
}

const rbac = "rbac.authorization.k8s.io";
const texts = (errors: readonly FieldError[] | undefined) => (errors ?? []).map((e) => `${e.field}: ${e.message}`);

const defaults: [name: string, ResourceDefinition, given: Thing, made: Thing][] = [
  [
    "a namespace has its name as a label",
    kind("", "namespaces"),
    { metadata: { name: "a", labels: { x: "y" } } },
    { metadata: { name: "a", labels: { x: "y", "kubernetes.io/metadata.name": "a" } } },
  ],
  [
    "a secret's stringData goes into data",
    kind("", "secrets"),
    { stringData: { a: "ü" }, data: { b: "Yg==" } },
    { type: "Opaque", data: { a: "w7w=", b: "Yg==" } },
  ],
  [
    "a node's allocatable is its capacity, its podCIDRs follow podCIDR",
    kind("", "nodes"),
    { spec: { podCIDR: "10.0.0.0/24" }, status: { capacity: { cpu: "2" } } },
    {
      spec: { podCIDR: "10.0.0.0/24", podCIDRs: ["10.0.0.0/24"] },
      status: { capacity: { cpu: "2" }, allocatable: { cpu: "2" } },
    },
  ],
  [
    "endpoint ports are TCP",
    kind("", "endpoints"),
    { subsets: [{ ports: [{ port: 80 }] }] },
    { subsets: [{ ports: [{ port: 80, protocol: "TCP" }] }] },
  ],
  [
    "slice ports have a name and TCP",
    kind("discovery.k8s.io", "endpointslices"),
    { ports: [{ port: 80 }] },
    { ports: [{ port: 80, name: "", protocol: "TCP" }] },
  ],
  [
    "subjects and the role are of the RBAC group",
    kind(rbac, "rolebindings"),
    {
      roleRef: { kind: "Role", name: "r" },
      subjects: [
        { kind: "User", name: "a" },
        { kind: "ServiceAccount", name: "b" },
      ],
    },
    {
      roleRef: { kind: "Role", name: "r", apiGroup: rbac },
      subjects: [
        { kind: "User", name: "a", apiGroup: rbac },
        { kind: "ServiceAccount", name: "b" },
      ],
    },
  ],
  [
    "a network policy with egress is of both types",
    kind("networking.k8s.io", "networkpolicies"),
    { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } },
    {
      spec: {
        podSelector: {},
        egress: [{ ports: [{ port: 53, protocol: "TCP" }] }],
        policyTypes: ["Ingress", "Egress"],
      },
    },
  ],
  [
    "an autoscaler wants 80 % CPU",
    kind("autoscaling", "horizontalpodautoscalers", "v2"),
    { spec: { maxReplicas: 3 } },
    {
      spec: {
        maxReplicas: 3,
        minReplicas: 1,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
        ],
      },
    },
  ],
  [
    "a limit range's requests follow its limits",
    kind("", "limitranges"),
    { spec: { limits: [{ type: "Container", max: { cpu: "2" }, min: { memory: "1Mi" } }] } },
    {
      spec: {
        limits: [
          {
            type: "Container",
            max: { cpu: "2" },
            min: { memory: "1Mi" },
            default: { cpu: "2" },
            defaultRequest: { memory: "1Mi", cpu: "2" },
          },
        ],
      },
    },
  ],
];

for (const [name, { strategy }, given, made] of defaults) {
  test(`default: ${name}`, () => {
    strategy.setDefaults?.(given);
    assert.deepEqual(given, made);
  });
}

const invalid: [ResourceDefinition, object: Thing, ...expected: string[]][] = [
  [
    kind("", "configmaps"),
    { data: { "a/b": "" }, binaryData: { ok: "" } },
    `data[a/b]: Invalid value: "a/b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
  ],
  [
    kind("", "configmaps"),
    { data: { a: "" }, binaryData: { a: "" } },
    `data[a]: Invalid value: "a": duplicate of key present in binaryData`,
  ],
  [
    kind("", "configmaps"),
    { data: { a: "x".repeat(2 ** 20 + 1) } },
    "[]: Too long: may not be more than 1048576 bytes",
  ],
  [kind("", "secrets"), { type: "kubernetes.io/tls", data: { "tls.crt": "" } }, "data[tls.key]: Required value"],
  [
    kind("", "secrets"),
    { type: "kubernetes.io/basic-auth" },
    "data[username]: Required value",
    "data[password]: Required value",
  ],
  [
    kind("", "secrets"),
    { type: "kubernetes.io/service-account-token" },
    "metadata.annotations[kubernetes.io/service-account.name]: Required value",
  ],
  [
    kind("", "namespaces"),
    { spec: { finalizers: ["odd"] } },
    'spec.finalizers: Invalid value: "odd": name is neither a standard finalizer name nor is it fully qualified',
  ],
  [
    kind("", "nodes"),
    { spec: { podCIDRs: ["10.0.0.0/24", "10.1.0.0/24"], taints: [{ key: "a", effect: "Never" }] } },
    'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family',
  ],
  [
    kind("", "endpoints"),
    { subsets: [{ addresses: [{ ip: "127.0.0.1" }], ports: [{ port: 0, protocol: "TCP" }] }, {}] },
    'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
    "subsets[1]: Required value: must specify `addresses` or `notReadyAddresses`",
  ],
  [
    kind("discovery.k8s.io", "endpointslices"),
    {
      addressType: "IPv4",
      endpoints: [{ addresses: ["fe80::1"] }],
      ports: [
        { name: "", protocol: "TCP" },
        { name: "", protocol: "X" },
      ],
    },
    'endpoints[0].addresses[0]: Invalid value: "fe80::1": must be a valid IPv4 address',
    'endpoints[0].addresses[0]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    'ports[1].name: Duplicate value: ""',
    'ports[1].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"',
  ],
  [
    kind("coordination.k8s.io", "leases"),
    { spec: { leaseDurationSeconds: 0, leaseTransitions: -1 } },
    "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
    "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
  ],
  [
    kind(rbac, "roles"),
    { rules: [{ verbs: [], nonResourceURLs: ["/x"] }, { verbs: ["get"] }] },
    "rules[0].verbs: Required value: verbs must contain at least one value",
    'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
    "rules[1].resources: Required value: resource rules must supply at least one resource",
  ],
  [
    kind(rbac, "clusterrolebindings"),
    {
      roleRef: { apiGroup: rbac, kind: "Role", name: "r" },
      subjects: [
        { kind: "ServiceAccount", name: "a" },
        { kind: "Odd", name: "b" },
      ],
    },
    'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
    "subjects[0].namespace: Required value",
    'subjects[1].kind: Unsupported value: "Odd": supported values: "ServiceAccount", "User", "Group"',
  ],
  [
    kind(rbac, "clusterroles"),
    { aggregationRule: {} },
    "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
  ],
  [
    kind("", "events"),
    { metadata: { namespace: "a" }, involvedObject: { namespace: "b" } },
    'involvedObject.namespace: Invalid value: "b": does not match event.namespace',
  ],
  [
    kind("events.k8s.io", "events"),
    { metadata: { namespace: "a" }, regarding: { namespace: "a" }, type: "Odd", deprecatedCount: 2 },
    "eventTime: Required value",
    'type: Invalid value: "": has invalid value: Odd',
    'count: Invalid value: "": needs to be unset',
  ],
];

for (const [{ strategy, kind: name }, object, ...expected] of invalid) {
  test(`${name} is refused: ${expected[0]?.slice(0, 60)}`, () => {
    assert.deepEqual(texts(strategy.validate?.(object)), expected);
  });
}

const refusedUpdates: [ResourceDefinition, old: Thing, object: Thing, ...expected: string[]][] = [
  [
    kind("", "configmaps"),
    { immutable: true, data: { a: "1" } },
    { data: { a: "2" } },
    "immutable: Forbidden: field is immutable when `immutable` is set",
    "data: Forbidden: field is immutable when `immutable` is set",
  ],
  [kind("", "secrets"), { type: "Opaque" }, { type: "x" }, 'type: Invalid value: "x": field is immutable'],
  [
    kind("", "nodes"),
    { spec: { podCIDRs: ["10.0.0.0/24"], providerID: "a" } },
    { spec: {} },
    'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
  ],
  [
    kind(rbac, "rolebindings"),
    { roleRef: { apiGroup: rbac, kind: "Role", name: "a" } },
    { roleRef: { apiGroup: rbac, kind: "Role", name: "b" } },
    'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"b"}: cannot change roleRef',
  ],
  [
    kind("discovery.k8s.io", "endpointslices"),
    { addressType: "IPv6" },
    { addressType: "IPv4" },
    'addressType: Invalid value: "IPv4": field is immutable',
  ],
  [
    kind("scheduling.k8s.io", "priorityclasses"),
    { value: 1 },
    { value: 2 },
    "value: Forbidden: may not be changed in an update.",
  ],
];

for (const [{ strategy, kind: name }, old, object, ...expected] of refusedUpdates) {
  test(`${name}'s update is refused: ${expected[0]?.slice(0, 60)}`, () => {
    assert.deepEqual(texts(strategy.validateUpdate?.(object, deepFreeze(old))), expected);
  });
}

const created = { creationTimestamp: "2026-01-02T03:02:05Z" };
const rows: [ResourceDefinition, object: Thing, cells: unknown[]][] = [
  [kind("", "namespaces"), { metadata: { name: "a", ...created }, status: { phase: "Active" } }, ["a", "Active", "2m"]],
  [
    kind("", "nodes"),
    {
      metadata: { name: "n", labels: { "node-role.kubernetes.io/control-plane": "" }, ...created },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "10.0.0.1" }],
        nodeInfo: { kubeletVersion: "v1.36.0", osImage: "Debian", kernelVersion: "6.1" },
      },
    },
    [
      "n",
      "Ready,SchedulingDisabled",
      "control-plane",
      "2m",
      "v1.36.0",
      "10.0.0.1",
      "<none>",
      "Debian",
      "6.1",
      "<unknown>",
    ],
  ],
  [kind("", "configmaps"), { metadata: { name: "c" }, data: { a: "" }, binaryData: { b: "" } }, ["c", 2, "<unknown>"]],
  [
    kind("", "events"),
    {
      metadata: { name: "e.1" },
      involvedObject: { kind: "Pod", name: "p", fieldPath: "spec.containers{a}" },
      firstTimestamp: "2026-01-02T02:04:05Z",
      lastTimestamp: "2026-01-02T03:04:00Z",
      count: 3,
      type: "Normal",
      reason: "Pulled",
      message: "done\n",
      source: { component: "kubelet", host: "n" },
    },
    ["5s", "Normal", "Pulled", "pod/p", "spec.containers{a}", "kubelet, n", "done", "60m", 3, "e.1"],
  ],
  [
    kind("events.k8s.io", "events"),
    {
      metadata: { name: "e" },
      regarding: { kind: "Pod" },
      eventTime: "2026-01-02T03:04:00.000000Z",
      note: "x",
      reportingController: "c",
    },
    ["5s", "", "", "pod", "", "c", "x", "5s", 1, "e"],
  ],
  [
    kind("discovery.k8s.io", "endpointslices"),
    {
      metadata: { name: "s" },
      addressType: "IPv4",
      ports: [{ port: 80 }, { name: "x" }],
      endpoints: [{ addresses: ["1", "2"] }, { addresses: ["3", "4"] }],
    },
    ["s", "IPv4", "80,x", "1,2,3 + 1 more...", "<unknown>"],
  ],
  [
    kind("", "endpoints"),
    {
      metadata: { name: "e" },
      subsets: [{ addresses: [{ ip: "10.0.0.1" }, { ip: "fd00::1" }], ports: [{ port: 80 }] }],
    },
    ["e", "10.0.0.1:80,[fd00::1]:80", "<unknown>"],
  ],
  [kind(rbac, "clusterroles"), { metadata: { name: "r", ...created } }, ["r", "2026-01-02T03:02:05Z"]],
  [
    kind(rbac, "rolebindings"),
    {
      metadata: { name: "b", ...created },
      roleRef: { kind: "Role", name: "r" },
      subjects: [
        { kind: "ServiceAccount", namespace: "x", name: "s" },
        { kind: "User", name: "u" },
      ],
    },
    ["b", "Role/r", "2m", "u", "", "x/s"],
  ],
  [
    kind("coordination.k8s.io", "leases"),
    { metadata: { name: "l", ...created }, spec: { holderIdentity: "h" } },
    ["l", "h", "2m"],
  ],
];

for (const [{ columns = [], kind: name }, object, cells] of rows) {
  test(`columns of ${name}`, () =>
    assert.deepEqual(
      columns.map((column) => column.value(object, { now })),
      cells,
    ));
}

test("a namespace begins active with the finalizer, and an update changes neither", () => {
  const { strategy, status } = kind("", "namespaces");
  const namespace: Thing = { metadata: { name: "a" }, status: { phase: "Terminating" } };
  strategy.prepareForCreate?.(namespace, context);
  assert.deepEqual([namespace["spec"], namespace["status"]], [{ finalizers: ["kubernetes"] }, { phase: "Active" }]);
  const update: Thing = { metadata: { name: "a" }, spec: { finalizers: [] } };
  strategy.prepareForUpdate?.(update, deepFreeze(namespace), context);
  assert.deepEqual([update["spec"], update["status"]], [namespace["spec"], namespace["status"]]);
  const wrong: Thing = { metadata: { name: "a" }, status: { phase: "Terminating" } };
  assert.deepEqual(texts(status?.validateUpdate?.(wrong, namespace)), [
    "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty",
  ]);
});

test("a node is created with its status, and only /status changes it", () => {
  const { strategy } = kind("", "nodes");
  const node: Thing = { metadata: { name: "n" }, status: { phase: "x" } };
  strategy.prepareForCreate?.(node, context);
  assert.deepEqual(node["status"], { phase: "x" });
  const update: Thing = { metadata: { name: "n" }, status: {} };
  strategy.prepareForUpdate?.(update, deepFreeze(node), context);
  assert.deepEqual(update["status"], { phase: "x" });
});

test("a signing request says who made it", () => {
  const request: Thing = { metadata: { name: "a" }, spec: { username: "root", request: "x" } };
  kind("certificates.k8s.io", "certificatesigningrequests").strategy.prepareForCreate?.(request, context);
  assert.deepEqual(request["spec"], { request: "x", username: "ann", uid: "u1", groups: ["dev"] });
});

test("a slice's generation counts changes of labels too", () => {
  const { strategy } = kind("discovery.k8s.io", "endpointslices");
  const old: Thing = deepFreeze({
    metadata: { generation: 2, labels: { a: "b" } },
    addressType: "IPv4",
    endpoints: [],
  });
  const update: Thing = { metadata: { labels: { a: "c" } }, addressType: "IPv4", endpoints: [] };
  strategy.prepareForUpdate?.(update, old, context);
  assert.equal(update.metadata?.generation, 3);
});
