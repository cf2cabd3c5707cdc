import assert from "node:assert/strict";
import { test } from "node:test";
import { kindOf, type Thing } from "./testing.ts";

const count = 40_000;
/** Of processor time. To look through the list for each of its items would take many times as long; to go through it once takes a fiftieth. */
const slowestMs = 1500;

const each = <T>(make: (i: number) => T, of = count): T[] => Array.from({ length: of }, (_, i) => make(i));
const container = { name: "c", image: "i", terminationMessagePolicy: "File", imagePullPolicy: "Always" };
const podWith = (spec: object) => ({
  metadata: { name: "a", namespace: "b" },
  spec: { restartPolicy: "Always", dnsPolicy: "ClusterFirst", containers: [container], ...spec },
});
const spread = (i: number) => ({
  maxSkew: 1,
  topologyKey: `k${i}`,
  whenUnsatisfiable: "DoNotSchedule",
  labelSelector: {},
});
const exitCodes = { operator: "NotIn", values: each((i) => i, 200_000) };
const tolerations = each((i) => ({ key: `k${i}`, operator: "Exists" }), 10_000);

/** Of every kind that has a list in which nothing may be twice. */
const objects: readonly (readonly [group: string, plural: string, object: object])[] = [
  ["", "limitranges", { spec: { limits: each((i) => ({ type: `a.b/${i}` })) } }],
  ["", "nodes", { spec: { taints: each((i) => ({ key: `k${i}`, effect: "NoSchedule" })) } }],
  ["", "nodes", { spec: { podCIDRs: each((i) => `10.${i >> 8}.${i & 255}.0/24`) } }],
  ["", "pods", podWith({ tolerations })],
  ["", "pods", podWith({ topologySpreadConstraints: each(spread) })],
  [
    "",
    "pods",
    podWith({
      topologySpreadConstraints: [
        {
          ...spread(0),
          matchLabelKeys: each((i) => `k${i}`),
          labelSelector: { matchExpressions: each((i) => ({ key: `x${i}`, operator: "Exists" })) },
        },
      ],
    }),
  ],
  ["", "resourcequotas", { spec: { hard: { pods: "1" }, scopes: each(String) } }],
  ["", "services", { spec: { type: "ClusterIP", ipFamilies: each(String), ports: [{ port: 1 }] } }],
  [
    "admissionregistration.k8s.io",
    "validatingwebhookconfigurations",
    { webhooks: [{ name: "a.b.c", admissionReviewVersions: each((i) => `v${i}`) }] },
  ],
  [
    "batch",
    "jobs",
    { spec: { podFailurePolicy: { rules: [{ action: "FailJob", onExitCodes: exitCodes }] }, template: { spec: {} } } },
  ],
  ["certificates.k8s.io", "certificatesigningrequests", { spec: { signerName: "a.b/c", usages: each(String) } }],
  [
    "discovery.k8s.io",
    "endpointslices",
    { addressType: "IPv4", ports: each((i) => ({ name: `p${i}`, protocol: "TCP" }), 20_000) },
  ],
  ["node.k8s.io", "runtimeclasses", { handler: "h", scheduling: { tolerations } }],
  ["storage.k8s.io", "csidrivers", { spec: { tokenRequests: each((i) => ({ audience: `a${i}` })) } }],
  ["storage.k8s.io", "csinodes", { spec: { drivers: each((i) => ({ name: `a${i}`, nodeID: "n" })) } }],
  [
    "storage.k8s.io",
    "storageclasses",
    {
      provisioner: "p",
      allowedTopologies: each((i) => ({ matchLabelExpressions: [{ key: `k${i}`, values: ["v"] }] }), 10_000),
    },
  ],
];

/** Fails when it takes too much of the processor's time. */
function soon(run: () => void): void {
  const began = process.threadCpuUsage();
  run();
  const { user, system } = process.threadCpuUsage(began);
  const ms = (user + system) / 1000;
  assert.ok(ms < slowestMs, `it took ${Math.round(ms)} ms`);
}

for (const [i, [group, plural, object]] of objects.entries()) {
  test(`a long list in ${plural} is validated soon (${i})`, () => {
    const { strategy } = kindOf(group, plural);
    const given = { metadata: { name: "a", namespace: "b" }, ...object } as Thing;
    soon(() => {
      strategy.validate?.(given);
      strategy.validateUpdate?.(given, structuredClone(given));
    });
  });
}

for (const [group, plural] of [
  ["", "pods"],
  ["certificates.k8s.io", "certificatesigningrequests"],
] as const) {
  test(`a long list in the status of ${plural} is taken soon`, () => {
    const { status } = kindOf(group, plural);
    const conditions = each((i) => ({ type: `t${i}`, status: "True" }));
    const given = { metadata: { name: "a" }, spec: { containers: [] }, status: { conditions } } as unknown as Thing;
    const context = { now: 0 } as Parameters<NonNullable<NonNullable<typeof status>["prepareForUpdate"]>>[2];
    soon(() => status?.prepareForUpdate?.(structuredClone(given), given, context));
  });
}

test("a definition with faults without end is looked through until an answer can hold no more", () => {
  const properties = Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`k${i}`, {}]));
  const schema = { openAPIV3Schema: { type: "object", properties } };
  const { strategy } = kindOf("apiextensions.k8s.io", "customresourcedefinitions");
  const errors = strategy.validate?.({
    metadata: { name: "things.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
      versions: [{ name: "v1", served: true, storage: true, schema }],
    },
    status: { storedVersions: ["v1"] },
  } as unknown as Thing);
  assert.equal(errors?.length, 20_000);
  assert.match(errors?.[0]?.message ?? "", /^Required value: must not be empty for specified object fields/);
});
