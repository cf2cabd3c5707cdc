import assert from "node:assert/strict";
import { test } from "node:test";
import type { Service } from "../generated/types.ts";
import { testContext } from "./pod-test-objects.ts";
import { serviceDefinition } from "./service.ts";
import { serviceWarnings } from "./service-warnings.ts";

function row(service: Service): Record<string, unknown> {
  const { now } = testContext;
  return Object.fromEntries((serviceDefinition.columns ?? []).map((each) => [each.name, each.value(service, { now })]));
}

test("columns", () => {
  const service: Service = {
    metadata: { name: "web", creationTimestamp: "2026-01-02T03:00:00Z" },
    spec: {
      type: "NodePort",
      clusterIPs: ["10.0.0.1"],
      ports: [
        { port: 80, nodePort: 30080, protocol: "TCP" },
        { port: 53, protocol: "UDP" },
      ],
      selector: { app: "web" },
    },
  };
  assert.deepEqual(row(service), {
    Name: "web",
    Type: "NodePort",
    "Cluster-IP": "10.0.0.1",
    "External-IP": "<none>",
    "Port(s)": "80:30080/TCP,53/UDP",
    Age: "4m5s",
    Selector: "app=web",
  });
});

test("where it is reached from outside", () => {
  const cases: [Service, string][] = [
    [{ spec: { type: "LoadBalancer" } }, "<pending>"],
    [
      {
        spec: { type: "LoadBalancer", externalIPs: ["192.0.2.9"] },
        status: { loadBalancer: { ingress: [{ hostname: "b.example" }, { ip: "192.0.2.1" }] } },
      },
      "192.0.2.1,b.example,192.0.2.9",
    ],
    [{ spec: { type: "ExternalName", externalName: "example.com" } }, "example.com"],
    [{ spec: { type: "ClusterIP", externalIPs: ["192.0.2.9"] } }, "192.0.2.9"],
  ];
  for (const [service, expected] of cases) assert.equal(row(service)["External-IP"], expected);
});

test("the strategy", () => {
  const { strategy, storagePath } = serviceDefinition;
  assert.equal(storagePath, "services/specs");
  assert.deepEqual(strategy.validateName?.("1web", false).length, 1);
  const service: Service = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.1" }] } } };
  strategy.prepareForCreate?.(service, testContext);
  assert.deepEqual(service.status, { loadBalancer: {} });
});

test("warnings", () => {
  assert.deepEqual(serviceWarnings({ spec: { type: "ClusterIP", sessionAffinity: "None" } }), []);
  assert.deepEqual(
    serviceWarnings({ spec: { type: "ClusterIP", externalName: "a", trafficDistribution: "PreferClose" } }),
    [
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  );
});
