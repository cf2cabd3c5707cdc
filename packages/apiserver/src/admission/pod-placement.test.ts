import assert from "node:assert/strict";
import { test } from "node:test";
import { namespaces } from "@kubets/api";
import { FakeReader } from "../reader/fake-reader.ts";
import { extendedResourceToleration, limitPodHardAntiAffinityTopology, podNodeSelector } from "./pod-placement.ts";
import { PodTolerationRestriction } from "./pod-toleration-restriction.ts";
import { admitBy, fieldsOf, following, pod, refuses, requestOn } from "./testing.ts";

test("LimitPodHardAntiAffinityTopology: only among machines", async () => {
  const apart = (topologyKey: string) =>
    pod({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey }] } } });
  await admitBy(limitPodHardAntiAffinityTopology, requestOn("pods", { object: apart("kubernetes.io/hostname") }));
  await refuses(
    admitBy(limitPodHardAntiAffinityTopology, requestOn("pods", { object: apart("zone") })),
    'pods "web" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  );
});

test("ExtendedResourceToleration: who wants a device tolerates its taint", async () => {
  const wants = pod({ containers: [{ name: "c", resources: { requests: { "example.com/gpu": "1", cpu: "1" } } }] });
  await admitBy(extendedResourceToleration, requestOn("pods", { object: wants }));
  await admitBy(extendedResourceToleration, requestOn("pods", { object: wants }));
  assert.deepEqual(fieldsOf(wants).spec.tolerations, [
    { key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" },
  ]);
});

test("PodNodeSelector and PodTolerationRestriction: what a namespace gives and allows", async () => {
  const annotations = {
    "scheduler.alpha.kubernetes.io/node-selector": "env=prod",
    "scheduler.alpha.kubernetes.io/defaultTolerations": '[{"key":"a","operator":"Exists"}]',
    "scheduler.alpha.kubernetes.io/tolerationsWhitelist": '[{"key":"a","operator":"Exists"}]',
  };
  const reader = new FakeReader().put(namespaces, { metadata: { name: "ns", annotations } });
  const lister = await following(reader, namespaces);
  const selector = podNodeSelector(lister, reader, { ns: "env=prod,disk=ssd" });
  const placed = pod({ nodeSelector: { disk: "ssd" } });
  await admitBy(selector, requestOn("pods", { object: placed }));
  assert.deepEqual(fieldsOf(placed).spec.nodeSelector, { env: "prod", disk: "ssd" });
  await refuses(
    admitBy(selector, requestOn("pods", { object: pod({ nodeSelector: { env: "dev" } }) })),
    'pods "web" is forbidden: pod node label selector conflicts with its namespace node label selector',
  );
  await refuses(
    admitBy(selector, requestOn("pods", { object: pod({ nodeSelector: { cpu: "fast" } }) })),
    'pods "web" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  );
  const restriction = new PodTolerationRestriction(lister, reader);
  const plain = pod();
  await admitBy(restriction, requestOn("pods", { object: plain }));
  assert.deepEqual(fieldsOf(plain).spec.tolerations, [{ key: "a", operator: "Exists" }]);
  await refuses(
    admitBy(restriction, requestOn("pods", { object: pod({ tolerations: [{ key: "b", operator: "Exists" }] }) })),
    "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist",
  );
});
