import assert from "node:assert/strict";
import { test } from "node:test";
import { deepFreeze } from "@kubets/apimachinery";
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
  assert.deepEqual(storedVersion(events), { group: "", version: "v1" });
  assert.deepEqual(storedVersion(v1), { group: "autoscaling", version: "v2" });
  assert.deepEqual(storedVersion({ group: "apps", version: "v1", kind: "Deployment" }), {
    group: "apps",
    version: "v1",
  });
});
