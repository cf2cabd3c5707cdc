import assert from "node:assert/strict";
import { test } from "node:test";
import { definitions, parseRuntimeConfig } from "@kubets/api";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

const applyYaml = (force = "") => ({ headers: { "content-type": "application/apply-patch+yaml" }, force });
const merge = { headers: { "content-type": "application/merge-patch+json" } };

const flat = {
  apiVersion: "resource.k8s.io/v1beta1",
  kind: "ResourceClaim",
  metadata: { name: "c" },
  spec: { devices: { requests: [{ name: "gpu", deviceClassName: "acme" }] } },
};

test("what is not switched on is not there", async () => {
  const server = realServer();
  assert.equal((await send(server, "GET", "/apis/resource.k8s.io/v1beta1")).status, 404);
  assert.equal((await send(server, "GET", "/apis/storagemigration.k8s.io")).status, 404);
  const { json } = await send(server, "GET", "/apis/resource.k8s.io");
  assert.deepEqual(
    json.versions.map(({ version }: { version: string }) => version),
    ["v1"],
  );
  assert.equal((await send(server, "GET", "/apis/resource.k8s.io/v1beta1/resourceslices")).status, 404);
});

test("an early form of a kind is the same object, stored in the stable one", async () => {
  const server = realServer({ definitions: definitions(parseRuntimeConfig("api/all=true")) });
  const base = "namespaces/default/resourceclaims";
  const made = await send(server, "POST", `/apis/resource.k8s.io/v1beta1/${base}`, flat);
  assert.equal(made.status, 201);
  assert.deepEqual(made.json.spec.devices.requests, [
    { allocationMode: "ExactCount", count: 1, deviceClassName: "acme", name: "gpu" },
  ]);
  const stable = await send(server, "GET", `/apis/resource.k8s.io/v1/${base}/c`);
  assert.equal(stable.json.apiVersion, "resource.k8s.io/v1");
  assert.deepEqual(stable.json.spec.devices.requests, [
    { name: "gpu", exactly: { allocationMode: "ExactCount", count: 1, deviceClassName: "acme" } },
  ]);
  const wrong = { ...flat, metadata: { name: "d" }, spec: { devices: { requests: [{ name: "gpu" }] } } };
  const refused = await send(server, "POST", `/apis/resource.k8s.io/v1beta1/${base}`, wrong);
  assert.equal(refused.json.details.causes[0].field, "spec.devices.requests[0].exactly.deviceClassName");
  const { json } = await send(server, "GET", "/apis/resource.k8s.io");
  assert.equal(json.preferredVersion.version, "v1");
});

test("owners of an autoscaler's fields keep them whatever version it is written in", async () => {
  const server = realServer();
  const url = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers/h`;
  const scaleTargetRef = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
  const hpa = (version: string, spec: object) =>
    JSON.stringify({
      apiVersion: `autoscaling/${version}`,
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "h" },
      spec: { maxReplicas: 5, scaleTargetRef, ...spec },
    });
  const apply = (version: string, manager: string, spec: object, query = "") =>
    send(server, "PATCH", `${url(version)}?fieldManager=${manager}${query}`, hpa(version, spec), applyYaml());
  assert.equal((await apply("v1", "a", { targetCPUUtilizationPercentage: 50 })).status, 201);
  const changed = await send(
    server,
    "PATCH",
    `${url("v2")}?fieldManager=b`,
    {
      spec: {
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
        ],
      },
    },
    merge,
  );
  assert.equal(changed.status, 200);
  const { json } = await send(server, "GET", url("v1"));
  assert.equal(json.spec.targetCPUUtilizationPercentage, 70);
  const of = (manager: string) =>
    json.metadata.managedFields.find((entry: { manager: string }) => entry.manager === manager);
  assert.equal(of("a").fieldsV1["f:spec"]["f:targetCPUUtilizationPercentage"], undefined);
  assert.ok(of("a").fieldsV1["f:spec"]["f:maxReplicas"]);
  assert.deepEqual(of("b").fieldsV1, { "f:spec": { "f:metrics": {} } });
  const conflict = await apply("v1", "a", { targetCPUUtilizationPercentage: 50 });
  assert.equal(conflict.status, 409);
  assert.match(conflict.json.message, /conflict with "b" using autoscaling\/v2: \.spec\.metrics/);
  assert.equal((await apply("v1", "a", { targetCPUUtilizationPercentage: 50 }, "&force=true")).status, 200);
  const pruned = await apply("v2", "a", { minReplicas: 2 });
  assert.equal(pruned.status, 200, pruned.text);
  const entries = pruned.json.metadata.managedFields.filter((entry: { manager: string }) => entry.manager === "a");
  assert.deepEqual(
    entries.map((entry: { apiVersion: string }) => entry.apiVersion),
    ["autoscaling/v2"],
  );
});
