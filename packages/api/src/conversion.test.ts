import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze } from "@kubets/apimachinery";
import { allDefinitions, findDefinition } from "./catalogue.ts";
import { convertObject, storedVersion } from "./conversion.ts";

const events = { group: "events.k8s.io", version: "v1", kind: "Event" };
const core = { group: "", version: "v1", kind: "Event" };
const v1 = { group: "autoscaling", version: "v1", kind: "HorizontalPodAutoscaler" };
const v2 = { ...v1, version: "v2" };

test("an event has the other group's names, and its own again", () => {
  const event = deepFreeze({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e" },
    involvedObject: { name: "p" },
    message: "m",
    source: { component: "c" },
    count: 2,
    reportingComponent: "r",
  });
  const there = convertObject(event, events);
  assert.deepEqual(there, {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    metadata: { name: "e" },
    regarding: { name: "p" },
    note: "m",
    deprecatedSource: { component: "c" },
    deprecatedCount: 2,
    reportingController: "r",
  });
  assert.deepEqual(convertObject(there, core), event);
});

test("an autoscaler's CPU target is a field of v1, the rest an annotation, and nothing is lost on the way back", () => {
  const memory = {
    type: "Resource",
    resource: { name: "memory", target: { type: "AverageValue", averageValue: "1Gi" } },
  };
  const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } };
  const target = { kind: "Deployment", name: "d" };
  const hpa = deepFreeze({
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h" },
    spec: { scaleTargetRef: target, maxReplicas: 3, metrics: [memory, cpu] },
    status: { currentReplicas: 1, desiredReplicas: 2 },
  });
  const there = convertObject(hpa, v1);
  assert.deepEqual(there, {
    apiVersion: "autoscaling/v1",
    kind: "HorizontalPodAutoscaler",
    metadata: { name: "h", annotations: { "autoscaling.alpha.kubernetes.io/metrics": JSON.stringify([memory]) } },
    spec: { scaleTargetRef: target, maxReplicas: 3, targetCPUUtilizationPercentage: 50 },
    status: { currentReplicas: 1, desiredReplicas: 2 },
  });
  assert.deepEqual(convertObject(there, v2), hpa);
});

test("kinds with several versions say which one is stored", () => {
  const stored = (group: string, version: string, plural: string) => {
    const found = storedVersion(findDefinition(group, version, plural)!);
    return { group: found.group, version: found.version };
  };
  assert.deepEqual(stored("events.k8s.io", "v1", "events"), { group: "", version: "v1" });
  assert.deepEqual(stored("autoscaling", "v1", "horizontalpodautoscalers"), { group: "autoscaling", version: "v2" });
  assert.deepEqual(stored("apps", "v1", "deployments"), { group: "apps", version: "v1" });
});

test("of versions that are not stable, a stable one is stored, or else the best; of those of a kind, one", () => {
  const best: Readonly<Record<string, string>> = {
    ...{ ClusterTrustBundle: "v1beta1", DeviceTaintRule: "v1beta2", LeaseCandidate: "v1beta1", PodGroup: "v1alpha2" },
    ...{ PodCertificateRequest: "v1beta1", ResourcePoolStatusRequest: "v1alpha3", StorageVersion: "v1alpha1" },
    ...{ StorageVersionMigration: "v1beta1", Workload: "v1alpha2" },
  };
  const unstable = allDefinitions().filter(({ version }) => !/^v\d+$/.test(version));
  assert.ok(unstable.length > 25);
  for (const definition of unstable) {
    const { group, version } = storedVersion(definition);
    assert.equal(version, best[definition.kind] ?? "v1", definition.kind);
    assert.equal(findDefinition(group, version, definition.plural)?.stored, undefined);
  }
});

test("a claim goes from one version to another by way of the stored one", () => {
  const to = (version: string) => ({ group: "resource.k8s.io", version, kind: "ResourceClaim" });
  const claim = deepFreeze({
    apiVersion: "resource.k8s.io/v1beta1",
    kind: "ResourceClaim",
    metadata: { name: "c" },
    spec: { devices: { requests: [{ name: "r", deviceClassName: "gpu" }] } },
  });
  const there = convertObject(claim, to("v1beta2"));
  assert.deepEqual(there, {
    ...claim,
    apiVersion: "resource.k8s.io/v1beta2",
    spec: { devices: { requests: [{ name: "r", exactly: { deviceClassName: "gpu" } }] } },
  });
  assert.deepEqual(convertObject(there, to("v1beta1")), claim);
});
