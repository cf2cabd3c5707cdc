import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { testContainer, testPod } from "../testing/pods.ts";
import { podDns } from "./dns.ts";
import { podHostname } from "./hostname.ts";
import { managedHosts } from "./hosts-file.ts";
import {
  containerResources,
  milliCpuToQuota,
  milliCpuToShares,
  oomScoreAdjust,
  podCgroupResources,
} from "./resources.ts";
import { containerSecurityContext, verifyRunAsNonRoot } from "./security-context.ts";

const cluster = { servers: ["10.96.0.10"], domain: "cluster.local" };
const node = { servers: ["192.0.2.53"], searches: ["example.com"], options: [] };

describe("podDns", () => {
  it("puts the cluster first", () => {
    const dns = podDns(testPod(), cluster, node);
    assert.deepEqual(dns.servers, ["10.96.0.10"]);
    assert.deepEqual(dns.searches, ["default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com"]);
    assert.deepEqual(dns.options, ["ndots:5"]);
  });
  it("is the node's on the node's network", () => {
    assert.deepEqual(podDns(testPod({ hostNetwork: true }), cluster, node).servers, ["192.0.2.53"]);
    const asked = testPod({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" });
    assert.deepEqual(podDns(asked, cluster, node).servers, ["10.96.0.10"]);
  });
  it("is only what the pod says with None", () => {
    const dnsConfig = { nameservers: ["1.1.1.1"], options: [{ name: "ndots", value: "2" }, { name: "edns0" }] };
    const dns = podDns(testPod({ dnsPolicy: "None", dnsConfig }), cluster, node);
    assert.deepEqual([dns.servers, dns.searches, dns.options], [["1.1.1.1"], [], ["ndots:2", "edns0"]]);
  });
  it("says when there is no cluster DNS", () => {
    const dns = podDns(testPod(), { servers: [], domain: "cluster.local" }, node);
    assert.equal(dns.missingClusterDns, true);
    assert.deepEqual(dns.servers, ["192.0.2.53"]);
  });
});

describe("podHostname", () => {
  for (const [what, spec, name, want] of [
    ["the name", {}, "web", { hostname: "web", domain: "" }],
    ["a cut name", {}, `${"a".repeat(62)}-b`, { hostname: "a".repeat(62), domain: "" }],
    [
      "hostname and subdomain",
      { hostname: "h", subdomain: "s" },
      "web",
      { hostname: "h", domain: "s.default.svc.cluster.local" },
    ],
    [
      "the full name",
      { subdomain: "s", setHostnameAsFQDN: true },
      "web",
      { hostname: "web.s.default.svc.cluster.local", domain: "s.default.svc.cluster.local" },
    ],
  ] as const) {
    it(what, () => assert.deepEqual(podHostname(testPod(spec, { name }), "cluster.local"), want));
  }
});

it("managedHosts lists addresses and aliases", () => {
  const text = managedHosts(["10.0.0.2"], { hostname: "h", domain: "s.default.svc.cluster.local" }, [
    { ip: "1.2.3.4", hostnames: ["a", "b"] },
  ]);
  assert.ok(text.startsWith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n"));
  assert.ok(text.includes("10.0.0.2\th.s.default.svc.cluster.local\th\n"));
  assert.ok(text.endsWith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n"));
});

describe("resources", () => {
  it("turns milli-CPUs into shares and quota", () => {
    assert.deepEqual([0, 1, 100, 1000, 1_000_000].map(milliCpuToShares), [2, 2, 102, 1024, 262_144]);
    assert.deepEqual(
      [0, 5, 500, 2000].map((milli) => milliCpuToQuota(milli)),
      [0, 1000, 50_000, 200_000],
    );
  });
  it("scores who goes first", () => {
    const request = (memory: string) => testContainer("c", { resources: { requests: { memory } } });
    const capacity = 1000;
    const score = (container: ReturnType<typeof request>) =>
      oomScoreAdjust(testPod({ containers: [container] }), container, capacity);
    assert.equal(score(testContainer("c")), 1000);
    assert.equal(score(request("500")), 500);
    assert.equal(score(request("999")), 3);
    const guaranteed = testContainer("c", {
      resources: { limits: { cpu: "1", memory: "1" }, requests: { cpu: "1", memory: "1" } },
    });
    assert.equal(score(guaranteed), -997);
  });
  it("limits a pod only when all its containers are limited", () => {
    const limits = { cpu: "500m", memory: "64Mi" };
    const limited = testContainer("a", { resources: { limits, requests: limits } });
    assert.deepEqual(podCgroupResources(testPod({ containers: [limited, limited] })), {
      cpuShares: 1024,
      cpuQuota: 100_000,
      memoryLimit: 2 * 64 * 1024 * 1024,
    });
    assert.deepEqual(podCgroupResources(testPod({ containers: [limited, testContainer("b")] })), { cpuShares: 512 });
    const got = containerResources(testPod({ containers: [limited] }), limited, {
      memoryCapacity: 1e9,
      cpuCfsQuota: true,
    });
    assert.equal(got.cpuQuota, 50_000);
    assert.equal(got.memoryLimitInBytes, 64 * 1024 * 1024);
  });
});

describe("security context", () => {
  const root = { uid: 0, username: "" };
  it("prefers the container's own", () => {
    const container = testContainer("c", { securityContext: { runAsUser: 5, capabilities: { add: ["NET_ADMIN"] } } });
    const pod = testPod({
      securityContext: { runAsUser: 9, runAsGroup: 8, fsGroup: 7, supplementalGroups: [6] },
      containers: [container],
    });
    const got = containerSecurityContext(pod, container, root, { seccompRoot: "/s" });
    assert.deepEqual([got.runAsUser, got.runAsGroup, got.supplementalGroups], [{ value: 5 }, { value: 8 }, [6, 7]]);
    assert.deepEqual(got.capabilities?.addCapabilities, ["NET_ADMIN"]);
    assert.equal(got.noNewPrivs, false);
    assert.equal(got.seccomp?.profileType, "Unconfined");
  });
  it("refuses root where it was asked to", () => {
    const container = testContainer("c", { securityContext: { runAsNonRoot: true } });
    const pod = testPod({ containers: [container] });
    const where = '(pod: "web_default(uid-1)", container: c)';
    assert.throws(() => verifyRunAsNonRoot(pod, container, root), {
      message: `container has runAsNonRoot and image will run as root ${where}`,
    });
    assert.throws(
      () => verifyRunAsNonRoot(pod, container, { uid: undefined, username: "app" }),
      /cannot verify user is non-root/,
    );
    verifyRunAsNonRoot(pod, container, { uid: 7, username: "" });
  });
});
