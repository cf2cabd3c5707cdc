import assert from "node:assert/strict";
import { test } from "node:test";
import { findDefinition } from "@kubets/api";
import type { KubeObject } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { jobValidation, podGroupProtection, podGroupWorkloadExists } from "./pod-groups.ts";
import { admitBy, requestOn } from "./testing.ts";

const versioned = { group: "scheduling.k8s.io", version: "v1alpha2", namespaced: true };
const podGroups = { ...versioned, plural: "podgroups", kind: "PodGroup" };
const workloads = { ...versioned, plural: "workloads", kind: "Workload" };
const definition = findDefinition("scheduling.k8s.io", "v1alpha2", "podgroups")!;
const podGroup = (spec: object = {}, metadata: object = {}): KubeObject =>
  ({ metadata: { namespace: "ns", name: "g", ...metadata }, spec }) as KubeObject;
const created = (object: KubeObject) => ({ ...requestOn("pods", { object }), definition });

test("PodGroupProtection: the finalizer, once", async () => {
  const object = podGroup();
  await admitBy(podGroupProtection, created(object));
  await admitBy(podGroupProtection, created(object));
  assert.deepEqual(object.metadata?.finalizers, ["scheduling.k8s.io/podgroup-protection"]);
});

test("PodGroupWorkloadExists: the Workload, and its template", async () => {
  const reader = new FakeReader();
  const plugin = podGroupWorkloadExists(reader);
  const of = (workloadName: string, podGroupTemplateName: string) =>
    admitBy(plugin, created(podGroup({ podGroupTemplateRef: { workload: { workloadName, podGroupTemplateName } } })));
  await admitBy(plugin, created(podGroup()));
  const prefix = 'podgroups.scheduling.k8s.io "g" is forbidden: PodGroup rejected:';
  await assert.rejects(of("w", "t"), { message: `${prefix} Workload "w" not found` });
  const workload = { metadata: { namespace: "ns", name: "w" }, spec: { podGroupTemplates: [{ name: "t" }] } };
  reader.put(workloads, workload as KubeObject);
  await of("w", "t");
  await assert.rejects(of("w", "x"), { message: `${prefix} PodGroupTemplate "x" not found in Workload "w"` });
});

test("JobValidation: a gang keeps its size", async () => {
  const reader = new FakeReader();
  const plugin = jobValidation(reader);
  const job = (parallelism: number, spec: object = {}): KubeObject =>
    ({
      metadata: { namespace: "ns", name: "j", uid: "u" },
      spec: { parallelism, template: { spec } },
    }) as unknown as KubeObject;
  const resized = (spec: object = {}) =>
    admitBy(plugin, requestOn("jobs.batch", { operation: "UPDATE", object: job(2, spec), oldObject: job(1, spec) }));
  await resized();
  const gang = { schedulingPolicy: { gang: { minCount: 2 } } };
  reader.put(podGroups, podGroup(gang, { name: "g" }));
  await resized();
  const message = (name: string) =>
    `jobs.batch "j" is forbidden: cannot change parallelism for a Job referencing gang-scheduled PodGroup "${name}"`;
  await assert.rejects(resized({ schedulingGroup: { podGroupName: "g" } }), { message: message("g") });
  await resized({ schedulingGroup: { podGroupName: "other" } });
  reader.put(podGroups, podGroup(gang, { name: "own", ownerReferences: [{ controller: true, uid: "u" }] }));
  await assert.rejects(resized(), { message: message("own") });
  const same = requestOn("jobs.batch", { operation: "UPDATE", object: job(1), oldObject: job(1) });
  await admitBy(plugin, same);
});
