import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeProtobuf } from "./decode.ts";
import { encodeProtobuf, encodeWatchEvent, hasProtobufForm } from "./encode.ts";

const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "p",
    namespace: "default",
    uid: "u",
    creationTimestamp: "2026-01-02T03:04:05Z",
    labels: { app: "ü", empty: "" },
    generation: 3,
    managedFields: [{ manager: "m", operation: "Update", fieldsType: "FieldsV1", fieldsV1: { "f:spec": {} } }],
  },
  spec: {
    containers: [
      {
        name: "c",
        image: "i",
        ports: [{ containerPort: 80, protocol: "TCP" }],
        resources: { limits: { cpu: "100m", memory: "1Gi" } },
        livenessProbe: { httpGet: { path: "/", port: "http", scheme: "HTTP" }, periodSeconds: 10 },
        readinessProbe: { tcpSocket: { port: 80 } },
      },
    ],
    volumes: [
      { name: "v", emptyDir: {} },
      { name: "s", secret: { secretName: "x", defaultMode: 420 } },
    ],
    tolerations: [{ key: "k", operator: "Exists", tolerationSeconds: 0 }],
    priority: -10,
  },
  status: {
    phase: "Running",
    conditions: [{ type: "Ready", status: "True", lastTransitionTime: "1969-12-31T23:59:59Z" }],
  },
};

test("what is encoded is decoded again", () => {
  assert.deepEqual(decodeProtobuf(encodeProtobuf(pod)), pod);
  const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, data: { a: "w7w=" }, type: "Opaque" };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(secret)), secret);
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "l" },
    spec: { renewTime: "2026-01-02T03:04:05.000006Z", leaseDurationSeconds: 15 },
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(lease)), lease);
  const revision = {
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: { name: "r" },
    data: { spec: { a: [1, null] } },
    revision: 7,
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(revision)), revision);
  const review = {
    apiVersion: "authorization.k8s.io/v1",
    kind: "SubjectAccessReview",
    metadata: {},
    spec: { user: "a", extra: { scopes: ["x", "y"], none: [] } },
    status: { allowed: true },
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(review)), review);
});

test("lists and statuses have their envelope", () => {
  const { apiVersion: _, kind: _k, ...item } = pod;
  const list = { apiVersion: "v1", kind: "PodList", metadata: { resourceVersion: "7" }, items: [item] };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(list)), list);
  assert.equal(encodeProtobuf({ apiVersion: "v1", kind: "Status" }).subarray(0, 4).toString(), "k8s\0");
  assert.ok(hasProtobufForm("v1", "Status"));
  assert.ok(!hasProtobufForm("stable.example.com/v1", "CronTab"));
  const { metadata } = pod;
  const partial = { apiVersion: "meta.k8s.io/v1", kind: "PartialObjectMetadata", metadata };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(partial)), partial);
  const partials = {
    apiVersion: "meta.k8s.io/v1",
    kind: "PartialObjectMetadataList",
    metadata: {},
    items: [{ metadata }],
  };
  assert.deepEqual(decodeProtobuf(encodeProtobuf(partials)), partials);
});

test("a watch event says how long it is", () => {
  const frame = Buffer.from(encodeWatchEvent("ADDED", pod));
  assert.equal(frame.readUInt32BE(0), frame.length - 4);
  assert.equal(frame.subarray(4, 11).toString("latin1"), "\n\x05ADDED");
  const raw = frame.indexOf("k8s\0");
  assert.deepEqual(decodeProtobuf(frame.subarray(raw)), pod);
});

test("lengths of one byte and of several", () => {
  for (const length of [0, 100, 127, 128, 300, 16_383, 16_384, 70_000]) {
    const map = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "m" },
      data: { a: "ü".repeat(length), b: "" },
    };
    assert.deepEqual(decodeProtobuf(encodeProtobuf(map)), map, `${length}`);
  }
});
