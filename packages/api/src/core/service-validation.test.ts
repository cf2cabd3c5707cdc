import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { Service, ServiceSpec } from "../generated/types.ts";
import { type Refusal, texts } from "./pod-test-objects.ts";
import { setServiceDefaults } from "./service-defaults.ts";
import { validateService, validateServiceStatusUpdate, validateServiceUpdate } from "./service-validation.ts";

function serviceOf(spec: ServiceSpec = {}, metadata: Service["metadata"] = {}): Service {
  const service: Service = { metadata: { name: "web", ...metadata }, spec: { ports: [{ port: 80 }], ...spec } };
  setServiceDefaults(service);
  return service;
}

test("defaults", () => {
  assert.deepEqual(serviceOf().spec, {
    ports: [{ port: 80, protocol: "TCP", targetPort: 80 }],
    sessionAffinity: "None",
    type: "ClusterIP",
    internalTrafficPolicy: "Cluster",
  });
  const balancer = serviceOf({ type: "LoadBalancer", sessionAffinity: "ClientIP" }).spec;
  assert.equal(balancer?.externalTrafficPolicy, "Cluster");
  assert.equal(balancer?.allocateLoadBalancerNodePorts, true);
  assert.deepEqual(balancer?.sessionAffinityConfig, { clientIP: { timeoutSeconds: 10_800 } });
  const external = serviceOf({ type: "ExternalName", externalName: "example.com" }).spec;
  assert.equal(external?.internalTrafficPolicy, undefined);
});

const ok = serviceOf();

test("what a Service must be", () => {
  const cases: [rule: string, accepted: Service, refused: Service, because: Refusal[]][] = [
    [
      "ports",
      serviceOf({ clusterIP: "None", clusterIPs: ["None"], ports: [] }),
      serviceOf({ ports: [] }),
      ["spec.ports: Required value"],
    ],
    [
      "port names",
      serviceOf({
        ports: [
          { name: "a", port: 80 },
          { name: "b", port: 81 },
        ],
      }),
      serviceOf({ ports: [{ name: "a", port: 80 }, { port: 81 }] }),
      ["spec.ports[1].name: Required value"],
    ],
    [
      "duplicate ports",
      serviceOf({
        ports: [
          { name: "a", port: 53 },
          { name: "b", port: 53, protocol: "UDP" },
        ],
      }),
      serviceOf({
        ports: [
          { name: "a", port: 53 },
          { name: "b", port: 53 },
        ],
      }),
      ['spec.ports[1]: Duplicate value: {"protocol":"TCP","port":53}'],
    ],
    [
      "target ports",
      serviceOf({ ports: [{ port: 80, targetPort: "http" }] }),
      serviceOf({ ports: [{ port: 80, targetPort: 70000 }] }),
      ["spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
    ],
    [
      "node ports",
      serviceOf({ type: "NodePort", ports: [{ port: 80, nodePort: 30080 }] }),
      serviceOf({ ports: [{ port: 80, nodePort: 30080 }] }),
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      "type",
      ok,
      serviceOf({ type: "Magic" }),
      [
        'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      "cluster IPs",
      serviceOf({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.1"] }),
      serviceOf({ clusterIP: "10.0.0.1", clusterIPs: ["10.0.0.2"] }),
      ['spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`'],
    ],
    [
      "families",
      serviceOf({ clusterIP: "fd00::1", clusterIPs: ["fd00::1"], ipFamilies: ["IPv6"] }),
      serviceOf({ clusterIP: "fd00::1", clusterIPs: ["fd00::1"], ipFamilies: ["IPv4"] }),
      ['spec.clusterIPs[0]: Invalid value: "fd00::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
    ],
    [
      "headless",
      ok,
      serviceOf({ type: "NodePort", clusterIP: "None", clusterIPs: ["None"] }),
      [`spec.clusterIPs[0]: Invalid value: "None": may not be set to 'None' for NodePort services`],
    ],
    [
      "external names",
      serviceOf({ type: "ExternalName", externalName: "example.com." }),
      serviceOf({ type: "ExternalName" }),
      ["spec.externalName: Required value"],
    ],
    [
      "affinity",
      serviceOf({ sessionAffinity: "ClientIP" }),
      serviceOf({ sessionAffinity: "ClientIP", sessionAffinityConfig: { clientIP: { timeoutSeconds: 90_000 } } }),
      [
        "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 90000: must be greater than 0 and less than 86400",
      ],
    ],
    [
      "external IPs",
      serviceOf({ externalIPs: ["192.0.2.1"] }),
      serviceOf({ externalIPs: ["127.0.0.1"] }),
      ['spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)'],
    ],
    [
      "traffic",
      serviceOf({ type: "NodePort", externalTrafficPolicy: "Local" }),
      serviceOf({ externalTrafficPolicy: "Local" }),
      ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
    ],
    [
      "health check port",
      ok,
      serviceOf({ type: "LoadBalancer", externalTrafficPolicy: "Local" }),
      ["spec.healthCheckNodePort: Required value"],
    ],
    [
      "distribution",
      serviceOf({ trafficDistribution: "PreferSameZone" }),
      serviceOf({ trafficDistribution: "Near" }),
      [
        'spec.trafficDistribution: Unsupported value: "Near": supported values: "PreferClose", "PreferSameNode", "PreferSameZone"',
      ],
    ],
    [
      "source ranges",
      serviceOf({ type: "LoadBalancer", loadBalancerSourceRanges: [" 10.0.0.0/8 "] }),
      serviceOf({ loadBalancerSourceRanges: ["10.0.0.0/8"] }),
      ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
    ],
    [
      "selector",
      serviceOf({ selector: { app: "web" } }),
      serviceOf({ selector: { app: "-" } }),
      [
        `spec.selector: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
      ],
    ],
  ];
  for (const [rule, accepted, refused, because] of cases) {
    assert.deepEqual(texts(validateService(accepted)), [], `${rule}: accepted`);
    assert.deepEqual(texts(validateService(refused)), because, `${rule}: refused`);
  }
});

test("what an update may not change", () => {
  const old = serviceOf({
    clusterIP: "10.0.0.1",
    clusterIPs: ["10.0.0.1"],
    ipFamilies: ["IPv4"],
    ipFamilyPolicy: "SingleStack",
  });
  const change = (spec: ServiceSpec): Service => ({ ...clone(old), spec: { ...clone(old.spec ?? {}), ...spec } });
  const cases: [string, Service, Refusal[]][] = [
    ["nothing", change({}), []],
    [
      "the first address",
      change({ clusterIP: "10.0.0.2", clusterIPs: ["10.0.0.2"] }),
      ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'],
    ],
    [
      "to no address",
      change({ clusterIP: "", clusterIPs: [] }),
      ["spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset"],
    ],
    [
      "the family",
      change({ clusterIP: "10.0.0.1", ipFamilies: ["IPv6"] }),
      [
        'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set',
        'spec.clusterIPs[0]: Invalid value: "10.0.0.1": expected an IPv6 value as indicated by `ipFamilies[0]`',
      ],
    ],
  ];
  for (const [name, service, expected] of cases)
    assert.deepEqual(texts(validateServiceUpdate(service, old)), expected, name);
});

test("status", () => {
  const ingress = (each: object, type = "LoadBalancer"): Service => ({
    ...serviceOf({ type }),
    status: { loadBalancer: { ingress: [each] } },
  });
  assert.deepEqual(texts(validateServiceStatusUpdate(ingress({ ip: "192.0.2.1", ipMode: "VIP" }))), []);
  assert.deepEqual(texts(validateServiceStatusUpdate(ingress({ ip: "192.0.2.1" }))), [
    "status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set",
  ]);
  assert.deepEqual(texts(validateServiceStatusUpdate(ingress({ hostname: "a" }, "ClusterIP"))), [
    "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  ]);
});
