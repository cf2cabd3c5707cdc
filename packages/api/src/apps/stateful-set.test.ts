import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolumeClaim, StatefulSet, StatefulSetSpec } from "../generated/types.ts";
import { statefulSetDefinition } from "./stateful-set.ts";
import { rowOf, selector, templateOf, testContext, texts, withDefaults } from "./workload-test-objects.ts";

const { strategy, status } = statefulSetDefinition;

const setOf = (spec: Partial<StatefulSetSpec> = {}): StatefulSet =>
  withDefaults(statefulSetDefinition, { spec: { selector, serviceName: "web", template: templateOf(), ...spec } });

const claimOf = (name: string): PersistentVolumeClaim => ({
  metadata: { name },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
});

const mounting = (name: string) =>
  templateOf({ containers: [{ name: "app", image: "nginx:1", volumeMounts: [{ name, mountPath: "/data" }] }] });

test("defaults", () => {
  const { template: _, ...spec } =
    setOf({ volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] }).spec ?? {};
  assert.deepEqual(spec, {
    selector,
    serviceName: "web",
    replicas: 1,
    podManagementPolicy: "OrderedReady",
    updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    revisionHistoryLimit: 10,
    volumeClaimTemplates: [
      {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name: "data" },
        spec: { volumeMode: "Filesystem" },
        status: { phase: "Pending" },
      },
    ],
  });
});

test("validation", () => {
  const cases: [string, Partial<StatefulSetSpec>, string[]][] = [
    ["as it should be", {}, []],
    [
      "order",
      { podManagementPolicy: "Random" },
      ["spec.podManagementPolicy: Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"],
    ],
    [
      "on delete",
      { updateStrategy: { type: "OnDelete", rollingUpdate: {} } },
      ["spec.updateStrategy.rollingUpdate: Invalid value: {}: only allowed for updateStrategy 'RollingUpdate'"],
    ],
    [
      "none at a time",
      { updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0 } } },
      ["spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: 0: cannot be 0"],
    ],
    [
      "ordinals",
      { ordinals: { start: -1 } },
      ["spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0"],
    ],
    [
      "retention",
      { persistentVolumeClaimRetentionPolicy: { whenScaled: "Shred" } },
      [
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Shred": supported values: "Retain", "Delete"',
      ],
    ],
    ["claims are volumes of the template", { template: mounting("data"), volumeClaimTemplates: [claimOf("data")] }, []],
    [
      "a volume there is not",
      { template: mounting("other"), volumeClaimTemplates: [claimOf("data")] },
      ['spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"'],
    ],
    [
      "a claim takes a volume's place",
      {
        template: templateOf({ ...mounting("data").spec, volumes: [{ name: "data", emptyDir: {} }] }),
        volumeClaimTemplates: [claimOf("data"), claimOf("data")],
      },
      [],
    ],
    [
      "a claim of nothing",
      { volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] },
      [
        "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
        "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value",
      ],
    ],
    ["service", { serviceName: "a.b" }, ['spec.serviceName: Invalid value: "a.b": must not contain dots']],
  ];
  for (const [name, spec, expected] of cases)
    assert.deepEqual(texts(strategy.validate?.(setOf(spec)) ?? []), expected, name);
  assert.equal(strategy.validateName?.("a.b", false).length, 1);
});

test("what an update may change", () => {
  const old = setOf();
  const allowed = setOf({ replicas: 3, minReadySeconds: 5, revisionHistoryLimit: 1, ordinals: { start: 1 } });
  assert.deepEqual(texts(strategy.validateUpdate?.(allowed, old) ?? []), []);
  assert.deepEqual(texts(strategy.validateUpdate?.(setOf({ serviceName: "other" }), old) ?? []), [
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
});

test("an update is not asked what was wrong before", () => {
  const old = setOf({ serviceName: "a.b", volumeClaimTemplates: [{ metadata: { name: "data" }, spec: {} }] });
  const update = (spec: Partial<StatefulSetSpec>) =>
    texts(strategy.validateUpdate?.({ ...old, spec: { ...old.spec!, ...spec } }, old) ?? []);
  assert.deepEqual(update({ replicas: 3 }), []);
  const bad = withDefaults(statefulSetDefinition, { spec: { ...setOf().spec!, template: mounting("other") } }).spec!;
  assert.deepEqual(update({ template: bad.template }), [
    'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"',
  ]);
  const wasBad = setOf({ template: mounting("other") });
  const still = setOf({ template: mounting("other"), replicas: 3 });
  assert.deepEqual(texts(strategy.validateUpdate?.(still, wasBad) ?? []), []);
});

test("status and columns", () => {
  const set = setOf({ replicas: 2 });
  strategy.prepareForCreate?.(set, testContext);
  assert.deepEqual(set.status, { replicas: 0, availableReplicas: 0 });
  assert.deepEqual(texts(status?.validateUpdate?.({ status: { replicas: 1, updatedReplicas: 2 } }, set) ?? []), [
    "status.updatedReplicas: Invalid value: 2: cannot be greater than status.replicas",
  ]);
  set.status = { replicas: 2, readyReplicas: 1 };
  assert.deepEqual(rowOf(statefulSetDefinition, set), {
    Name: "web",
    Ready: "1/2",
    Age: "<unknown>",
    Containers: "app",
    Images: "nginx:1",
  });
});
