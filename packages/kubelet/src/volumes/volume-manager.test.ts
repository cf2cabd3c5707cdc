import assert from "node:assert/strict";
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import type { Pod, Volume } from "@kubets/api";
import { notFound, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { KubeletPaths } from "../paths.ts";
import { testPod } from "../testing/pods.ts";
import type { Mounter } from "./mounter.ts";
import type { PayloadSources } from "./payload.ts";
import { bindSubPath, checkSubPath } from "./sub-path.ts";
import { VolumeManager } from "./volume-manager.ts";

/** Remembers mounts and makes none. */
class FakeMounter implements Mounter {
  readonly mounts: string[] = [];
  async tmpfs(path: string, { sizeBytes }: { sizeBytes?: number }): Promise<void> {
    this.mounts.push(path);
    if (sizeBytes !== undefined) this.sizes.push(sizeBytes);
  }
  readonly sizes: number[] = [];
  async bind(source: string, target: string): Promise<void> {
    this.mounts.push(target);
    this.sources.push(await readFile(join(source, "f"), "utf8").catch(() => source));
  }
  readonly sources: string[] = [];
  async unmount(path: string): Promise<void> {
    this.mounts.splice(this.mounts.indexOf(path), 1);
  }
  async mountsUnder(path: string): Promise<string[]> {
    return this.mounts.filter((m) => m === path || m.startsWith(`${path}/`));
  }
}

describe("VolumeManager", () => {
  let root = "";
  let mounter: FakeMounter;
  let manager: VolumeManager;
  let text = "one";
  const sources: PayloadSources = {
    configMap: async (_, name) => {
      if (name !== "cm") throw notFound({ group: "", resource: "configmap" }, name);
      return { data: { a: text } };
    },
    secret: async () => ({ data: { pw: Buffer.from("hunter2").toString("base64") } }),
    token: async () => ({ token: "t", refreshAt: 5000, expiresAt: 6000 }),
    facts: { hostIPs: [], podIPs: [], allocatable: {} },
  };
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "kubets-kubelet-"));
    mounter = new FakeMounter();
    text = "one";
    const paths = new KubeletPaths(root, root);
    manager = new VolumeManager({ paths, mounter, clock: new VirtualClock(), logger: silentLogger });
  });
  afterEach(() => rm(root, { recursive: true }));

  const podWith = (...volumes: Volume[]): Pod => testPod({ volumes });
  const mount = (pod: Pod) => manager.mount(pod, sources, AbortSignal.timeout(30_000));

  it("makes, updates and removes volumes", async () => {
    const pod = podWith(
      { name: "e", emptyDir: {} },
      { name: "c", configMap: { name: "cm" } },
      { name: "s", secret: { secretName: "sec" } },
    );
    const { paths } = await mount(pod);
    assert.equal((await lstat(paths.get("e")!)).mode & 0o777, 0o777);
    assert.equal(await readFile(join(paths.get("c")!, "a"), "utf8"), "one");
    assert.equal(await readFile(join(paths.get("s")!, "pw"), "utf8"), "hunter2");
    assert.deepEqual(mounter.mounts, [paths.get("s")], "secrets live in memory");
    text = "two";
    await mount(pod);
    assert.equal(await readFile(join(paths.get("c")!, "a"), "utf8"), "two");
    await manager.unmount("uid-1");
    assert.deepEqual(mounter.mounts, []);
    await assert.rejects(lstat(join(root, "pods", "uid-1")));
  });

  it("says when a token must be renewed", async () => {
    const projected = { sources: [{ serviceAccountToken: { path: "token" } }] };
    const { refreshAt, paths } = await mount(podWith({ name: "p", projected }));
    assert.equal(refreshAt, 5000);
    assert.equal(await readFile(join(paths.get("p")!, "token"), "utf8"), "t");
  });

  it("limits an emptyDir in memory", async () => {
    await mount(podWith({ name: "m", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }));
    assert.deepEqual(mounter.sizes, [1024 * 1024]);
  });

  it("says what is missing or not supported", async () => {
    const fails = (volume: Volume, message: string) =>
      assert.rejects(mount(podWith(volume)), { name: "MountError", message });
    await fails(
      { name: "c", configMap: { name: "none" } },
      'MountVolume.SetUp failed for volume "c" : configmap "none" not found',
    );
    await fails(
      { name: "n", nfs: { server: "x", path: "/" } },
      'MountVolume.SetUp failed for volume "n" : volume type nfs is not supported by this kubelet',
    );
    await fails(
      { name: "h", hostPath: { path: `${root}/none`, type: "Directory" } },
      `MountVolume.SetUp failed for volume "h" : hostPath type check failed: ${root}/none is not a directory`,
    );
    await fails(
      { name: "k", configMap: { name: "cm", items: [{ key: "z", path: "z" }] } },
      'MountVolume.SetUp failed for volume "k" : configmap references non-existent config key: z',
    );
  });

  it("binds a sub-path, and none that leads out of its volume", async () => {
    const volume = join(root, "volume");
    await mkdir(join(volume, "sub"), { recursive: true });
    await writeFile(join(volume, "sub", "f"), "inside");
    await symlink("/", join(volume, "out"));
    const target = join(root, "target");
    assert.equal(await bindSubPath(mounter, volume, "sub", target), target);
    assert.deepEqual(mounter.sources, ["inside"]);
    await chmod(volume, 0o777);
    await bindSubPath(mounter, volume, "new/deep", join(root, "target2"));
    assert.equal((await lstat(join(volume, "new/deep"))).mode & 0o777, 0o777, "open to all, as its volume is");
    assert.ok((await lstat(join(volume, "new/deep"))).isDirectory());
    await assert.rejects(bindSubPath(mounter, volume, "out/etc", target), /outside of the volume/);
    for (const path of ["/abs", "a/../../b"]) assert.throws(() => checkSubPath(path));
  });
});
