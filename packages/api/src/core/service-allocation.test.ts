import assert from "node:assert/strict";
import { test } from "node:test";
import { clone } from "@kubets/apimachinery";
import type { Service, ServiceSpec } from "../generated/types.ts";
import { texts } from "./pod-test-objects.ts";
import { allocationsOf, applyAllocations, planCreate, planUpdate } from "./service-allocation.ts";
import { setServiceDefaults } from "./service-defaults.ts";
import { initIPFamilyFields } from "./service-ip-families.ts";
import type { IPFamily } from "./service-types.ts";
import { dropTypeDependentFields, normalizeClusterIPs, patchAllocatedValues } from "./service-updates.ts";

function serviceOf(spec: ServiceSpec = {}): Service {
  const service: Service = { metadata: { name: "web" }, spec: { ports: [{ port: 80 }], ...clone(spec) } };
  setServiceDefaults(service);
  return service;
}

const single: readonly IPFamily[] = ["IPv4"];
const dual: readonly IPFamily[] = ["IPv4", "IPv6"];

/** As the registry does it: addresses count up from 10.0.0.1, ports from 30000. */
function create(spec: ServiceSpec, families = single): Service {
  const service = serviceOf(spec);
  normalizeClusterIPs(service, undefined);
  assert.deepEqual(texts(initIPFamilyFields(service, undefined, families)), []);
  const plan = planCreate(service);
  applyAllocations(service, plan, {
    clusterIPs: plan.clusterIPs.map(
      ({ family, requested }, i) => requested ?? (family === "IPv4" ? "10.0.0.1" : `fd00::${i}`),
    ),
    nodePorts: plan.nodePorts.map(({ requested }, i) => requested ?? 30_000 + i),
    healthCheckNodePort: plan.healthCheckNodePort && (plan.healthCheckNodePort.requested ?? 32_000),
  });
  return service;
}

function update(old: Service, spec: ServiceSpec, families = single) {
  const service = serviceOf(spec);
  patchAllocatedValues(service, old);
  normalizeClusterIPs(service, old);
  const errors = texts(initIPFamilyFields(service, old, families));
  const plan = planUpdate(service, old);
  dropTypeDependentFields(service, old);
  return { service, plan, errors };
}

test("families and policy of a new Service", () => {
  const cases: [string, ServiceSpec, readonly IPFamily[], string[] | undefined, string | undefined][] = [
    ["plain", {}, single, ["IPv4"], "SingleStack"],
    ["plain on a dual-stack cluster", {}, dual, ["IPv4"], "SingleStack"],
    ["both, where there are both", { ipFamilyPolicy: "PreferDualStack" }, dual, ["IPv4", "IPv6"], "PreferDualStack"],
    ["both, where there is one", { ipFamilyPolicy: "PreferDualStack" }, single, ["IPv4"], "PreferDualStack"],
    ["told by the address", { clusterIP: "fd00::7" }, dual, ["IPv6"], "SingleStack"],
    ["headless without a selector", { clusterIP: "None" }, single, ["IPv4", "IPv6"], "RequireDualStack"],
    ["headless with a selector", { clusterIP: "None", selector: { a: "b" } }, single, ["IPv4"], "SingleStack"],
    ["an external name", { type: "ExternalName", externalName: "a.b" }, single, undefined, undefined],
  ];
  for (const [name, spec, families, expected, policy] of cases) {
    const service = create(spec, families);
    assert.deepEqual(service.spec?.ipFamilies, expected, name);
    assert.equal(service.spec?.ipFamilyPolicy, policy, name);
  }
});

test("what a cluster cannot give", () => {
  const service = serviceOf({ ipFamilyPolicy: "RequireDualStack" });
  assert.deepEqual(texts(initIPFamilyFields(service, undefined, single)), [
    'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  ]);
  const six = serviceOf({ clusterIP: "fd00::1", clusterIPs: ["fd00::1"] });
  assert.deepEqual(texts(initIPFamilyFields(six, undefined, single)), [
    'spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster',
  ]);
});

test("a new Service gets its addresses", () => {
  assert.deepEqual(create({}).spec?.clusterIPs, ["10.0.0.1"]);
  assert.equal(create({}).spec?.clusterIP, "10.0.0.1");
  assert.deepEqual(create({ ipFamilyPolicy: "PreferDualStack" }, dual).spec?.clusterIPs, ["10.0.0.1", "fd00::1"]);
  assert.deepEqual(create({ clusterIP: "None" }).spec?.clusterIPs, ["None"]);
  assert.deepEqual(planCreate(serviceOf({ type: "ExternalName" })).clusterIPs, []);
});

test("node ports: one for each port number, as asked or any", () => {
  const ports = [
    { name: "tcp", port: 53 },
    { name: "udp", port: 53, protocol: "UDP" },
    { name: "http", port: 80, nodePort: 30_080 },
  ];
  const plan = planCreate(serviceOf({ type: "NodePort", ports }));
  assert.deepEqual(plan.nodePorts, [
    { indexes: [0, 1], requested: undefined },
    { indexes: [2], requested: 30_080 },
  ]);
  const service = create({ type: "NodePort", ports });
  assert.deepEqual(
    service.spec?.ports?.map((port) => port.nodePort),
    [30_000, 30_000, 30_080],
  );
  const declined = serviceOf({ type: "LoadBalancer", allocateLoadBalancerNodePorts: false });
  assert.deepEqual(planCreate(declined).nodePorts, []);
});

test("a load balancer to local endpoints gets a health check port", () => {
  const service = create({ type: "LoadBalancer", externalTrafficPolicy: "Local" });
  assert.equal(service.spec?.healthCheckNodePort, 32_000);
  assert.deepEqual(allocationsOf(service), { clusterIPs: ["10.0.0.1"], nodePorts: [30_000, 32_000] });
});

test("an update that leaves out what was given keeps it", () => {
  const old = create({ type: "NodePort" });
  const { service, plan } = update(old, { type: "NodePort" });
  assert.deepEqual(service.spec, old.spec);
  assert.deepEqual(plan, {
    clusterIPs: [],
    nodePorts: [],
    healthCheckNodePort: undefined,
    release: { clusterIPs: [], nodePorts: [] },
  });
});

test("changes of type take and give back", () => {
  const nodePort = create({ type: "NodePort" });
  const back = update(nodePort, { ...nodePort.spec, type: "ClusterIP" });
  assert.equal(back.service.spec?.ports?.[0]?.nodePort, undefined);
  assert.equal(back.service.spec?.externalTrafficPolicy, undefined);
  assert.deepEqual(back.plan.release, { clusterIPs: [], nodePorts: [30_000] });

  const plain = create({});
  const away = update(plain, { ...plain.spec, type: "ExternalName", externalName: "a.b" });
  assert.equal(away.service.spec?.clusterIP, undefined);
  assert.equal(away.service.spec?.ipFamilies, undefined);
  assert.equal(away.service.spec?.ipFamilyPolicy, undefined);
  assert.deepEqual(away.plan.release, { clusterIPs: ["10.0.0.1"], nodePorts: [] });

  const external = create({ type: "ExternalName", externalName: "a.b" });
  const home = update(external, { type: "NodePort" });
  assert.deepEqual(home.plan.clusterIPs, [{ index: 0, family: "IPv4", requested: undefined }]);
  assert.deepEqual(home.plan.nodePorts, [{ indexes: [0], requested: undefined }]);
});

test("a second family comes and goes", () => {
  const old = create({}, dual);
  const more = update(old, { ...old.spec, ipFamilyPolicy: "RequireDualStack" }, dual);
  assert.deepEqual(more.plan.clusterIPs, [{ index: 1, family: "IPv6", requested: undefined }]);
  applyAllocations(more.service, more.plan, { clusterIPs: ["fd00::1"], nodePorts: [] });
  assert.deepEqual(more.service.spec?.clusterIPs, ["10.0.0.1", "fd00::1"]);
  const less = update(more.service, { ...more.service.spec, ipFamilyPolicy: "SingleStack" }, dual);
  assert.deepEqual(less.service.spec?.clusterIPs, ["10.0.0.1"]);
  assert.deepEqual(less.plan.release.clusterIPs, ["fd00::1"]);
});

test("a changed node port is taken and the old one given back", () => {
  const old = create({ type: "NodePort" });
  const { plan } = update(old, { type: "NodePort", ports: [{ port: 80, nodePort: 31_000 }] });
  assert.deepEqual(plan.nodePorts, [{ indexes: [0], requested: 31_000 }]);
  assert.deepEqual(plan.release.nodePorts, [30_000]);
});
