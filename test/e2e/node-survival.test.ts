/** `kill -9` of any part leaves pods running and is made good; `down --delete` leaves nothing of a node. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { localNodes, readConfig, runningProgram } from "@kubets/cluster";
import type { TestCluster } from "../harness/cluster.ts";
import { startContainerCluster } from "../harness/containers.ts";
import { eventually } from "../harness/eventually.ts";
import { output } from "../harness/run.ts";
import { web } from "../images/images.ts";

interface Process {
  readonly pid: number;
  readonly commandLine: string;
}

function processes(): Process[] {
  return readdirSync("/proc").flatMap((entry) => {
    try {
      return [
        { pid: Number(entry), commandLine: readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ") },
      ];
    } catch {
      return []; // No process, or one that ended just now.
    }
  });
}

interface PodSummary {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses: readonly { readonly containerID: string; readonly restartCount: number }[];
  };
}

async function containersOf({ kubectl }: TestCluster): Promise<string[]> {
  const { items } = await kubectl.json<{ items: PodSummary[] }>("get", "pods", "-l", "app=web");
  return items
    .map(
      ({ metadata, status }) =>
        `${metadata.name} ${status.containerStatuses[0]?.containerID} ${status.containerStatuses[0]?.restartCount}`,
    )
    .sort();
}

/** What is left on the machine of a cluster: namespaces, links, tables, mounts, cgroups, processes. */
async function tracesOf({ name, dataDir }: TestCluster, interfaces: readonly string[]): Promise<string[]> {
  const places = [
    await output("ip", ["netns"]),
    await output("ip", ["-o", "link"]),
    await output("nft", ["list", "tables"]),
    await output("ip", ["route"]),
    readFileSync("/proc/mounts", "utf8"),
    processes()
      .map(({ commandLine }) => commandLine)
      .join("\n"),
    readdirSync("/run/kubets").join("\n"),
    await output("find", ["/sys/fs/cgroup", "-type", "d", "-path", "*kubets*"]),
  ];
  const marks = [name, dataDir, ...interfaces];
  return places.flatMap((text) => text.split("\n")).filter((line) => marks.some((mark) => line.includes(mark)));
}

test("pods outlive every part that looks after them", { timeout: 300_000 }, async (t) => {
  const cluster = await startContainerCluster(t);
  if (cluster === undefined) return;
  const { kubectl } = cluster;
  const config = readConfig(cluster.dataDir);
  assert.ok(config);
  const [node] = localNodes(config);
  assert.ok(node);
  await kubectl("create", "deployment", "web", `--image=${web(1)}`, "--replicas=2", "--port=80");
  await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await kubectl("expose", "deployment", "web", "--port=80");
  const ip = await kubectl("get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}");
  const serves = async () =>
    /web version 1/.test(
      await (
        await fetch(`http://${ip}/`, { signal: AbortSignal.timeout(2_000), headers: { connection: "close" } })
      ).text(),
    );
  await eventually(serves);
  const before = await containersOf(cluster);

  /** Everything works again, in the same containers. */
  const recovered = async () => {
    await eventually(serves, { what: "the Service answering" });
    await eventually(
      async () =>
        /True/.test(
          await kubectl("get", "node", "-o", 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].status}'),
        ),
      { what: "a ready node" },
    );
    // A new pod starts: the kubelet and the runtime work together again.
    await eventually(async () => (await kubectl.try(["run", "probe", `--image=${web(1)}`])).code === 0);
    await kubectl("wait", "pod/probe", "--for=condition=Ready", "--timeout=120s");
    await kubectl("delete", "pod", "probe", "--now");
    assert.deepEqual(await containersOf(cluster), before);
  };
  const containerd = () =>
    processes().find(
      ({ commandLine }) => /\bcontainerd /.test(commandLine) && commandLine.includes(node.layout.containerdConfig),
    );

  await t.test("the node agent", async () => {
    const agent = runningProgram(node.pidFile);
    assert.ok(agent);
    process.kill(agent.pid, "SIGKILL");
    assert.ok(await serves(), "Services go on without it");
    await eventually(() => runningProgram(node.pidFile)?.pid !== agent.pid);
    await recovered();
  });

  await t.test("the control plane", async () => {
    const pid = cluster.controlPlanePid();
    assert.ok(pid);
    process.kill(pid, "SIGKILL");
    assert.ok(await serves());
    await eventually(() => cluster.controlPlanePid() !== pid);
    await recovered();
  });

  await t.test("containerd", async () => {
    const { pid } = containerd() ?? assert.fail("no containerd");
    process.kill(pid, "SIGKILL");
    assert.ok(await serves());
    await eventually(() => (containerd()?.pid ?? pid) !== pid, { what: "another containerd" });
    await recovered();
  });

  await t.test("all of them at once, supervisors too; up finds everything", async () => {
    const agent = runningProgram(node.pidFile);
    const { pid } = containerd() ?? assert.fail("no containerd");
    cluster.killEverything();
    for (const each of [agent?.supervisorPid, agent?.pid, pid]) process.kill(each ?? assert.fail(), "SIGKILL");
    assert.ok(await serves(), "pods and Services go on alone");
    const { code, stderr } = await cluster.kubets(["up"]);
    assert.equal(code, 0, stderr);
    await recovered();
  });

  await t.test("a container's own process is started again", async () => {
    await kubectl("exec", "deployment/web", "--", "sh", "-c", "kill -9 -1; kill -9 1; kill -QUIT 1").catch(
      () => undefined,
    );
    await eventually(async () => (await containersOf(cluster)).some((line) => line.endsWith(" 1")), {
      what: "one restart",
    });
    await eventually(serves);
  });

  await t.test("down stops every pod; up brings the deployment back", async () => {
    assert.equal((await cluster.kubets(["down"])).code, 0);
    assert.deepEqual(
      processes().filter(
        ({ commandLine }) =>
          commandLine.includes(cluster.dataDir) || commandLine.includes(`/run/kubets/${cluster.name}/`),
      ),
      [],
    );
    const { code, stderr } = await cluster.kubets(["up"]);
    assert.equal(code, 0, stderr);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await eventually(serves);
  });

  await t.test("down --delete leaves nothing", async () => {
    const interfaces = [node.layout.hostInterface];
    assert.notDeepEqual(await tracesOf(cluster, interfaces), [], "there is something to leave");
    const { code, stderr } = await cluster.kubets(["down", "--delete"]);
    assert.equal(code, 0, stderr);
    assert.deepEqual(await tracesOf(cluster, interfaces), []);
  });
});
