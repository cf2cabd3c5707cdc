import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import type { RuntimeEvent } from "@kubets/cri";
import { buildImage } from "../images/build.ts";
import { busyboxImage, demoImage, demoImageName } from "../images/catalog.ts";
import { loadImage } from "../images/load.ts";
import { cgroupDirectories, detectCgroups } from "./cgroups.ts";
import { findContainerd } from "./containerd.ts";
import { destroyNode } from "./destroy.ts";
import { ensureNode, ensureNodeRuntime } from "./node.ts";
import { routePods } from "./node-network.ts";
import { endProcesses, isAlive, listProcesses } from "./processes.ts";
import { nodeTestSkip, startTestNodes, type TestNode, testImageCache, testSandbox } from "./testing.ts";

const busybox = "kubets.local/busybox:test";
const signal = () => AbortSignal.timeout(60_000);

async function runPod(node: TestNode, name: string, image: string, command?: string[]) {
  const { runtime } = node.client;
  const sandboxConfig = testSandbox(node, name);
  const { podSandboxId } = await runtime.runPodSandbox({ config: sandboxConfig });
  const labels = sandboxConfig.labels;
  const config = {
    metadata: { name: "main", attempt: 0 },
    image: { image },
    command,
    logPath: "main/0.log",
    labels,
    linux: {},
  };
  const { containerId } = await runtime.createContainer({ podSandboxId, sandboxConfig, config });
  await runtime.startContainer({ containerId });
  const { status } = await runtime.podSandboxStatus({ podSandboxId });
  return { podSandboxId, containerId, ip: status?.network?.ip ?? "" };
}

/** A client notices a new containerd at its next attempt to connect, a moment after the last one failed. */
async function connectedAgain({ client }: TestNode): Promise<void> {
  const deadline = realClock.monotonic() + 60_000;
  for (;;) {
    try {
      return void (await client.runtime.version({}, { signal: signal() }));
    } catch (error) {
      if ((error as { code?: string }).code !== "UNAVAILABLE" || realClock.monotonic() > deadline) throw error;
      await realClock.sleep(50);
    }
  }
}

/** The page, as soon as the server listens. */
async function fetchPage(ip: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await (await fetch(`http://${ip}/`, { signal: AbortSignal.timeout(5000) })).text();
    } catch (error) {
      if (attempt > 400) throw error;
      await realClock.sleep(25);
    }
  }
}

function collect(node: TestNode, signal: AbortSignal) {
  const seen: RuntimeEvent[] = [];
  const waiting = new Set<() => void>();
  const done = (async () => {
    for await (const event of node.client.events(signal)) {
      seen.push(event);
      for (const look of waiting) look();
    }
  })();
  const until = (want: (event: RuntimeEvent) => boolean) =>
    new Promise<RuntimeEvent>((resolve, reject) => {
      const timer = realClock.setTimeout(() => reject(new Error(`not seen in ${JSON.stringify(seen)}`)), 60_000);
      const look = () => {
        const found = seen.find(want);
        if (!found) return;
        waiting.delete(look);
        timer.cancel();
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { seen, until, done };
}

describe("nodes with real containers", { skip: nodeTestSkip(), timeout: 300_000 }, () => {
  test("from nothing to an answering pod, through crashes, to nothing", async (t) => {
    const cluster = await startTestNodes(t, 2);
    const [node, other] = cluster.nodes as [TestNode, TestNode];
    const layout = node.machinery.layout;
    const web = await buildImage(demoImage("v1"), testImageCache);
    const shell = await buildImage(busyboxImage([busybox]), testImageCache);
    for (const { machinery } of cluster.nodes) {
      assert.deepEqual(await loadImage(machinery.layout, web), [demoImageName("v1")]);
      assert.deepEqual(await loadImage(machinery.layout, shell), [busybox]);
    }

    await t.test("bringing a node up again finds it", async () => {
      assert.equal((await ensureNode(node.options)).containerdPid, node.machinery.containerdPid);
    });

    const pod = await runPod(node, "web", demoImageName("v1"));
    await t.test("the machine reaches the pod, which knows its name", async () => {
      assert.match(await fetchPage(pod.ip), /kubets demo v1.*<b>web<\/b>/s);
    });

    await t.test("a pod on another node reaches it too, and nothing outside", async () => {
      const { containerId } = await runPod(other, "shell", busybox, ["sleep", "1000"]);
      const exec = (...cmd: string[]) => other.client.runtime.execSync({ containerId, cmd, timeout: 10 });
      const inside = await exec("wget", "-q", "-O-", `http://${pod.ip}/`);
      assert.match(String(inside.stdout), /<b>web<\/b>/);
      const outside = await exec("wget", "-O-", "http://203.0.113.1/");
      assert.notEqual(outside.exitCode, 0);
      assert.match(String(outside.stderr), /unreachable/);
      const machine = await exec("ping", "-c", "1", "-W", "2", node.machinery.machineAddress);
      assert.equal(machine.exitCode, 0, String(machine.stderr));
    });

    await t.test("events tell of starts, ends and removals, when the runtime shows them", async () => {
      const stop = new AbortController();
      const events = collect(node, stop.signal);
      await events.until(({ type }) => type === "Relist");
      const { containerId, podSandboxId } = await runPod(node, "short", busybox, [
        "sh",
        "-c",
        "echo said; sleep 0.2; exit 7",
      ]);
      const of = (type: string, id: string) =>
        events.until((event) => event.type === type && "containerId" in event && event.containerId === id);
      const owner = { sandboxId: podSandboxId, podUid: "uid-short" };
      assert.deepEqual(await of("ContainerStarted", containerId), { type: "ContainerStarted", containerId, ...owner });
      assert.deepEqual(await of("ContainerStopped", containerId), { type: "ContainerStopped", containerId, ...owner });
      const { status } = await node.client.runtime.containerStatus({ containerId });
      assert.deepEqual([status?.state, status?.exitCode, status?.reason], ["CONTAINER_EXITED", 7, "Error"]);
      assert.match(await readFile(status?.logPath ?? "", "utf8"), /^\d{4}-\d\d-\d\dT[\d:.]+Z stdout F said\n$/);
      await node.client.runtime.removePodSandbox({ podSandboxId });
      assert.deepEqual(await of("ContainerDeleted", containerId), { type: "ContainerDeleted", containerId, ...owner });
      assert.deepEqual(await of("ContainerDeleted", podSandboxId), {
        type: "ContainerDeleted",
        containerId: podSandboxId,
        ...owner,
      });
      stop.abort();
      await events.done;
    });

    await t.test("the sandbox's process takes note of orphans that end", async () => {
      const { runtime } = node.client;
      const sandboxConfig = testSandbox(node, "orphans");
      const linux = { securityContext: { namespaceOptions: { pid: "POD", network: "POD", ipc: "POD" } } } as const;
      const shared = { ...sandboxConfig, linux: { ...sandboxConfig.linux, ...linux } };
      const { podSandboxId } = await runtime.runPodSandbox({ config: shared });
      const command = ["sh", "-c", "sh -c 'sleep 0.05 & sleep 0.05 &'; sleep 1000"];
      const config = { metadata: { name: "main", attempt: 0 }, image: { image: busybox }, command, linux };
      const { containerId } = await runtime.createContainer({ podSandboxId, sandboxConfig: shared, config });
      await runtime.startContainer({ containerId });
      const processes = async () =>
        String((await runtime.execSync({ containerId, cmd: ["ps", "-o", "pid,ppid,stat,args"] })).stdout);
      let seen = await processes();
      // The command's own line names them too, until it goes on to its last part.
      for (let attempt = 0; attempt < 200 && / Z |sleep 0.05/.test(seen); attempt++) {
        await realClock.sleep(50);
        seen = await processes();
      }
      assert.match(seen, /^ +1 +0 S +\S*catatonit -P$/m);
      assert.doesNotMatch(seen, / Z |sleep 0.05/);
      await runtime.removePodSandbox({ podSandboxId });
    });

    await t.test("what is not there is NOT_FOUND, what is not done is UNIMPLEMENTED or answered", async () => {
      await assert.rejects(node.client.runtime.containerStatus({ containerId: "none" }), {
        name: "CriError",
        code: "NOT_FOUND",
      });
      assert.equal((await node.client.image.imageStatus({ image: { image: "none:1" } })).image, null);
    });

    await t.test("a call ends when its signal or its deadline does", async () => {
      const { containerId } = pod;
      const sleep = { containerId, cmd: ["/bin/sleep", "30"] };
      await assert.rejects(node.client.runtime.execSync(sleep, { deadlineMs: 100 }), { code: "DEADLINE_EXCEEDED" });
      const stop = new AbortController();
      const call = node.client.runtime.execSync(sleep, { signal: stop.signal });
      stop.abort(new Error("enough"));
      await assert.rejects(call, { message: "enough" });
    });

    await t.test("pods outlive containerd, and events go on after it", async () => {
      const stop = new AbortController();
      const events = collect(node, stop.signal);
      await events.until(({ type }) => type === "Relist");
      await endProcesses([node.machinery.containerdPid], { graceMs: 0 });
      assert.match(await fetchPage(pod.ip), /<b>web<\/b>/);
      events.seen.length = 0;
      const again = await ensureNode(node.options);
      assert.notEqual(again.containerdPid, node.machinery.containerdPid);
      await connectedAgain(node);
      const { containers } = await node.client.runtime.listContainers(
        { filter: { id: pod.containerId } },
        { signal: signal() },
      );
      assert.equal(containers[0]?.state, "CONTAINER_RUNNING");
      await events.until(({ type }) => type === "Relist");
      await node.client.runtime.stopContainer({ containerId: pod.containerId, timeout: 5 });
      await events.until((event) => event.type === "ContainerStopped" && event.containerId === pod.containerId);
      stop.abort();
      await events.done;
    });

    await t.test("two who find containerd gone at once start one", async () => {
      await endProcesses([(await findContainerd(layout)) ?? assert.fail()], { graceMs: 0 });
      const machineries = await Promise.all([ensureNodeRuntime(node.options), ensureNodeRuntime(node.options)]);
      const running = (await listProcesses()).filter(({ argv }) => argv.includes(layout.containerdConfig));
      assert.equal(running.length, 1);
      for (const { containerdPid } of machineries) assert.equal(containerdPid, running[0]?.pid);
      await connectedAgain(node);
    });

    await t.test("what a crash left half done is completed", async () => {
      const second = await runPod(node, "second", demoImageName("v1"));
      const { address } = node.machinery;
      const ip = (...args: string[]) => execFileSync("ip", args);
      const damages: (() => void)[] = [
        () => ip("route", "delete", `${address}/32`),
        () => ip("link", "delete", layout.hostInterface),
        () => ip("-netns", layout.netns, "address", "flush", "dev", "eth0"),
        () => ip("-netns", layout.netns, "route", "flush", "table", "main"),
      ];
      for (const damage of damages) {
        damage();
        await ensureNode(node.options);
        await routePods(layout, node.podCIDR, address);
        // The bridge's own route is the plugin's: a new pod puts it back.
        if (damage === damages.at(-1)) ip("-netns", layout.netns, "route", "replace", node.podCIDR, "dev", "cni0");
        assert.match(await fetchPage(second.ip), /<b>second<\/b>/);
      }
      await node.client.runtime.removePodSandbox({ podSandboxId: second.podSandboxId });
    });

    await t.test("after destruction without deletion, the next start finds the images and dead sandboxes", async () => {
      await destroyNode({ ...node.options, deleteData: false });
      await ensureNode(node.options);
      await connectedAgain(node);
      const { items } = await node.client.runtime.listPodSandbox({}, { signal: signal() });
      assert.deepEqual(
        items.map(({ state }) => state),
        ["SANDBOX_NOTREADY"],
      );
      await node.client.runtime.removePodSandbox({ podSandboxId: pod.podSandboxId });
      const { image } = await node.client.image.imageStatus({ image: { image: demoImageName("v1") } });
      assert.equal(image?.id, web.imageId);
    });

    await t.test("destruction after every process was killed leaves nothing, and can be repeated", async () => {
      const own = (await listProcesses()).filter(
        ({ argv }) => argv.includes(layout.socketPath) || argv.includes(layout.containerdConfig),
      );
      await endProcesses(
        own.map(({ pid }) => pid),
        { graceMs: 0 },
      );
      const shims = (await listProcesses()).filter(({ argv }) => argv.includes(other.machinery.layout.socketPath));
      assert.ok(shims.length > 0);
      await endProcesses([other.machinery.containerdPid, ...shims.map(({ pid }) => pid)], { graceMs: 0 });
      for (let round = 0; round < 2; round++) {
        for (const { options } of cluster.nodes) await destroyNode({ ...options, deleteData: true });
      }
      for (const { machinery, options } of cluster.nodes) {
        const { layout } = machinery;
        assert.equal(await findContainerd(layout), undefined);
        for (const path of [layout.nodeDir, layout.runDir, layout.netnsPath]) assert.ok(!existsSync(path), path);
        for (const dir of cgroupDirectories(detectCgroups(), `/kubets/${options.cluster}`))
          assert.ok(!existsSync(dir), dir);
        assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(options.cluster));
        assert.ok(!execFileSync("ip", ["link"], { encoding: "utf8" }).includes(layout.hostInterface));
        assert.equal(await isAlive(machinery.containerdPid), false);
      }
    });
  });

  test("with egress, pods reach beyond the machine, and nobody beyond reaches pods unasked", async (t) => {
    const [node] = (await startTestNodes(t, 1, true)).nodes as [TestNode];
    await loadImage(node.machinery.layout, await buildImage(busyboxImage([busybox]), testImageCache));
    const world = `kubets-world-${process.pid}`;
    const [link, ip] = [`kw${process.pid}`, (...args: string[]) => execFileSync("ip", args)];
    t.after(() => ip("netns", "delete", world));
    ip("netns", "add", world);
    ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", world);
    ip("address", "add", "198.51.100.1/24", "dev", link);
    ip("link", "set", link, "up");
    ip("-netns", world, "address", "add", "198.51.100.2/24", "dev", "eth0");
    ip("-netns", world, "link", "set", "eth0", "up");
    // A neighbour who knows where the pods are.
    ip("-netns", world, "route", "add", node.podCIDR, "via", "198.51.100.1");
    execFileSync("sysctl", ["-q", "-w", `net.ipv4.conf.${link}.forwarding=1`]);
    const pod = await runPod(node, "outward", busybox, ["httpd", "-f", "-p", "80"]);
    const ping = ["ping", "-c", "1", "-W", "2", "198.51.100.2"];
    const out = await node.client.runtime.execSync({ containerId: pod.containerId, cmd: ping, timeout: 5 });
    assert.equal(out.exitCode, 0, String(out.stdout));
    assert.match(await fetchPage(pod.ip), /404 Not Found/);
    assert.throws(() => ip("netns", "exec", world, "timeout", "1", "bash", "-c", `exec 3<>/dev/tcp/${pod.ip}/80`));
  });
});
