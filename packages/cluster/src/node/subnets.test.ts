import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { interfacePrefix } from "./layout.ts";
import { chooseSubnets, clusterSubnets, foreignRanges, routeProtocol } from "./subnets.ts";

const first = { nodeCIDR: "10.86.0.0/24", podCIDR: "10.244.0.0/16", serviceCIDR: "10.96.0.0/16" };

test("a machine with nothing on it gets the usual ranges", () => {
  assert.deepEqual({ ...chooseSubnets([{ cidr: "192.0.2.0/24", by: "dev eth0" }], {}) }, { ...first });
});

test("a second cluster makes way for the first", () => {
  const used = Object.values(first).map((cidr) => ({ cidr, by: "dev k1-0" }));
  assert.deepEqual(
    { ...chooseSubnets(used, {}) },
    { nodeCIDR: "10.86.1.0/24", podCIDR: "10.245.0.0/16", serviceCIDR: "10.97.0.0/16" },
  );
});

test("a chosen range makes way for a wanted one", () => {
  assert.equal(chooseSubnets([], { serviceCIDR: "10.244.0.0/16" }).podCIDR, "10.245.0.0/16");
});

test("a wanted range that is in use is refused, and the message names the user", () => {
  assert.throws(
    () => chooseSubnets([{ cidr: "10.0.0.0/8", by: "dev tun0" }], { podCIDR: "10.1.0.0/16" }),
    /--pod-cidr 10\.1\.0\.0\/16 is in use on this machine \(10\.0\.0\.0\/8, dev tun0\)/,
  );
});

test("recorded node addresses move away from a newcomer", () => {
  const used = [{ cidr: "10.86.0.0/24", by: "dev docker0" }];
  assert.equal(chooseSubnets(used, first, true).nodeCIDR, "10.86.1.0/24");
});

test("no room at all is said", () => {
  assert.throws(() => chooseSubnets([{ cidr: "10.0.0.0/8", by: "dev tun0" }], {}), /no free podCIDR is left/);
});

test("the cluster's own routes are no conflict, others' are", () => {
  const own = interfacePrefix("mine");
  const routes = [
    { dst: "default", dev: "eth0" },
    { dst: "192.0.2.0/24", dev: "eth0", protocol: "kernel" },
    { dst: "192.0.2.255", dev: "eth0", type: "broadcast" },
    { dst: "10.244.0.0/24", dev: `${own}0` },
    { dst: "10.96.0.0/16", nexthops: [{ dev: `${own}0` }, { dev: `${own}1` }] },
    { dst: "10.244.0.0/16", type: "unreachable", protocol: routeProtocol("mine") },
    { dst: "10.97.0.0/16", nexthops: [{ dev: "kother-0" }, { dev: "kother-1" }] },
    { dst: "10.245.0.0/16", type: "unreachable", protocol: "99" },
  ];
  assert.deepEqual(foreignRanges(routes, "mine"), [
    { cidr: "192.0.2.0/24", by: "dev eth0" },
    { cidr: "10.97.0.0/16", by: "dev kother-0, kother-1" },
    { cidr: "10.245.0.0/16", by: "a route" },
  ]);
});

test("a new cluster leaves those of stopped ones alone, as long as there are others", () => {
  const avoided = Object.values(first);
  const chosen = chooseSubnets([], {}, false, avoided);
  assert.deepEqual({ ...chosen }, { nodeCIDR: "10.86.1.0/24", podCIDR: "10.245.0.0/16", serviceCIDR: "10.97.0.0/16" });
  assert.equal(chooseSubnets([], { podCIDR: first.podCIDR }, false, avoided).podCIDR, first.podCIDR);
  assert.deepEqual({ ...chooseSubnets([], {}, false, ["10.0.0.0/8"]) }, first);
});

test("two who choose a cluster's ranges at once choose the same", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-subnets-"));
  t.after(() => rmSync(directory, { recursive: true }));
  const chosen = await Promise.all([1, 2, 3].map(() => clusterSubnets("x", directory)));
  assert.deepEqual(chosen, [chosen[0], chosen[0], chosen[0]]);
  assert.deepEqual(readdirSync(directory), ["subnets.json"]);
});
