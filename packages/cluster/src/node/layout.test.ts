import assert from "node:assert/strict";
import { test } from "node:test";
import { nodeLayout } from "./layout.ts";

const identity = { cluster: "kubets", node: "node-1", index: 0, dataDir: "/var/lib/kubets/kubets" };

test("places follow from names alone", () => {
  const layout = nodeLayout(identity);
  assert.equal(layout.socketPath, "/run/kubets/kubets/node-1/containerd.sock");
  assert.equal(layout.nodeDir, "/var/lib/kubets/kubets/nodes/node-1");
  assert.equal(layout.netns, "kubets-kubets-node-1");
  assert.equal(layout.cgroupRoot, "/kubets/kubets/node-1");
});

test("the kernel's limits hold for the longest names", () => {
  const layout = nodeLayout({ ...identity, cluster: "c".repeat(63), node: "n".repeat(63), index: 999 });
  assert.ok(`${layout.socketPath}.ttrpc`.length <= 107, layout.socketPath);
  assert.ok(layout.hostInterface.length <= 15, layout.hostInterface);
  assert.ok(layout.netns.length <= 255);
});

test("two clusters share nothing", () => {
  const one = Object.values(nodeLayout({ ...identity, dataDir: "/a" }));
  const two = Object.values(nodeLayout({ ...identity, cluster: "other", dataDir: "/b" }));
  assert.deepEqual(
    one.filter((place) => two.includes(place)),
    [],
  );
});

test("a name that cannot be a file's is refused", () => {
  for (const cluster of ["", "a/b", "../a", "A", "-a"]) {
    assert.throws(() => nodeLayout({ ...identity, cluster }), /cannot name a cluster or node/, cluster);
  }
});
