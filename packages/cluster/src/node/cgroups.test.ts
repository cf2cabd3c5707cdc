import assert from "node:assert/strict";
import { test } from "node:test";
import { detectCgroups, slicePath } from "./cgroups.ts";

const v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0";
const v1 =
  "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0";
const hybrid = `${v1}\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0`;

test("the version follows what is mounted, the driver who runs the machine", () => {
  for (const [mounts, systemd, want] of [
    [v2, true, { version: "v2", driver: "systemd", hierarchies: ["/sys/fs/cgroup"] }],
    [v2, false, { version: "v2", driver: "cgroupfs", hierarchies: ["/sys/fs/cgroup"] }],
    [v1, false, { version: "v1", driver: "cgroupfs", hierarchies: ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"] }],
    [
      hybrid,
      false,
      {
        version: "hybrid",
        driver: "cgroupfs",
        hierarchies: ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/unified"],
      },
    ],
  ] as const) {
    assert.deepEqual(detectCgroups(mounts, systemd), want);
  }
});

test("a machine without cgroups is told so", () => {
  assert.throws(() => detectCgroups("proc /proc proc rw 0 0", false), /no cgroup file system is mounted/);
});

test("systemd nests slices by name", () => {
  assert.equal(slicePath("/kubets/my-cluster/n1"), "kubets.slice/kubets-my_cluster.slice/kubets-my_cluster-n1.slice");
});
