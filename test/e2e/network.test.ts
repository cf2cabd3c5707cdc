/** What Services, DNS and host ports promise beyond the plain case; and links that come back with their routes. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { localNodes, readConfig } from "@kubets/cluster";
import type { TestCluster } from "../harness/cluster.ts";
import { startContainerCluster } from "../harness/containers.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";
import { output } from "../harness/run.ts";
import { busybox, web } from "../images/images.ts";

const pod = (name: string, node: string, spec: string, labels = "{}") => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}, labels: ${labels}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  ${spec}
---`;

const service = (name: string, spec: string) => `
apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec: ${spec}
---`;

const manifests = [
  pod(
    "one",
    "node-1",
    `containers: [{name: c, image: "${web(1)}", ports: [{containerPort: 80, hostPort: 8181}]}]`,
    "{app: one}",
  ),
  pod("two", "node-2", `containers: [{name: c, image: "${web(1)}"}]`, "{app: two}"),
  pod(
    "unready",
    "node-2",
    `hostname: early
  subdomain: early
  containers: [{name: c, image: "${busybox}", command: [sleep, 1d], readinessProbe: {exec: {command: ["false"]}}}]`,
    "{app: unready}",
  ),
  pod(
    "drained",
    "node-1",
    `containers: [{name: c, image: "${web(1)}", lifecycle: {preStop: {exec: {command: [sh, -c, "until [ -e /tmp/enough ]; do sleep 0.1; done"]}}}}]`,
    "{app: drained}",
  ).replace("Seconds: 0", "Seconds: 120"),
  pod("caller", "node-2", `containers: [{name: c, image: "${busybox}", command: [sleep, 1d]}]`),
  service("one", "{selector: {app: one}, ports: [{name: http, port: 80}]}"),
  service("drained", "{selector: {app: drained}, ports: [{port: 80}]}"),
  service("local", "{type: NodePort, externalTrafficPolicy: Local, selector: {app: one}, ports: [{port: 80}]}"),
  service("empty", "{type: NodePort, selector: {app: nobody}, ports: [{port: 80}]}"),
  service("headless", "{clusterIP: None, selector: {app: one}, ports: [{name: http, port: 80}]}"),
  service("early", "{clusterIP: None, publishNotReadyAddresses: true, selector: {app: unready}, ports: [{port: 80}]}"),
  service("late", "{clusterIP: None, selector: {app: unready}, ports: [{port: 80}]}"),
  service("alias", "{type: ExternalName, externalName: one.default.svc.cluster.local}"),
].join("");

test("Services, names and host ports on two nodes", { timeout: 300_000 }, async (t: TestContext) => {
  const cluster = await startContainerCluster(t, { nodes: 2 });
  if (cluster === undefined) return;
  const { kubectl } = cluster;
  const config = readConfig(cluster.dataDir) ?? assert.fail("no configuration");
  const [first, second] = localNodes(config);
  assert.ok(first && second);
  await kubectl.given(manifests, "apply", "-f", "-");
  await kubectl("wait", "pod/one", "pod/two", "pod/drained", "pod/caller", "--for=condition=Ready", "--timeout=120s");
  const value = (path: string, ...what: string[]) => kubectl("get", ...what, "-o", `jsonpath={${path}}`);
  const inPod = async (name: string, ...command: string[]): Promise<string> => {
    const { stdout, stderr } = await kubectl.try(["exec", name, "--", ...command], { timeoutMs: 30_000 });
    return stdout + stderr;
  };
  const wget = (name: string, url: string) => inPod(name, "wget", "-qO-", `http://${url}/`);
  const lookUp = (name: string) => inPod("caller", "nslookup", name);

  await t.test("a pod reaches itself through its Service", async () => {
    await eventuallyMatching(() => wget("one", "one"), /web version 1/);
  });

  await t.test("the Local policy: the node with the pod answers everyone, the other one pods and itself", async () => {
    const port = await value(".spec.ports[0].nodePort", "svc", "local");
    const fromMachine = (address: string) =>
      fetch(`http://${address}:${port}/`, { signal: AbortSignal.timeout(2_000) });
    await eventually(async () => (await fromMachine(first.address)).status === 200);
    // Before its rules are there, a node refuses.
    await eventually(() => assert.rejects(fromMachine(second.address), { name: "TimeoutError" }).then(() => true));
    await eventuallyMatching(() => wget("caller", `${second.address}:${port}`), /web version 1/);
  });

  await t.test("without endpoints a Service refuses at once, every time", async () => {
    const ip = await value(".spec.clusterIP", "svc", "empty");
    const port = await value(".spec.ports[0].nodePort", "svc", "empty");
    for (const target of [`${ip}`, `${first.address}:${port}`, `${second.address}:${port}`, `${ip}:81`])
      for (let i = 0; i < 3; i++) {
        const before = performance.now();
        const error = await fetch(`http://${target}/`).then(
          () => undefined,
          (error: Error) => error.cause,
        );
        assert.equal((error as NodeJS.ErrnoException | undefined)?.code, "ECONNREFUSED", target);
        // A packet that is dropped is sent again after a second.
        assert.ok(performance.now() - before < 900, `${target} took ${performance.now() - before} ms`);
      }
    const timed = `read before _ </proc/uptime; wget -qO- http://${ip}/; read after _ </proc/uptime; echo from $before to $after`;
    const text = await inPod("caller", "sh", "-c", timed);
    assert.match(text, /Connection refused/);
    const [, before, after] = /from (\S+) to (\S+)/.exec(text) ?? [];
    assert.ok(Number(after) - Number(before) < 0.9, text);
  });

  await t.test("the last pod of a Service serves while it ends, and then the Service refuses", async () => {
    const ip = await value(".spec.clusterIP", "svc", "drained");
    const answers = async () => (await fetch(`http://${ip}/`, { headers: { connection: "close" } })).status === 200;
    await eventually(answers);
    await kubectl("delete", "pod", "drained", "--wait=false");
    for (let i = 0; i < 10; i++) {
      assert.ok(await answers(), `asked ${i} times`);
      await sleep(200);
    }
    await kubectl("exec", "drained", "--", "sh", "-c", ": >/tmp/enough");
    await eventually(async () => {
      const error = await answers().then(
        () => undefined,
        (error: Error) => error.cause,
      );
      return (error as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED";
    });
  });

  await t.test("a host port answers on its node, from everywhere", async () => {
    assert.equal((await fetch(`http://${first.address}:8181/`)).status, 200);
    for (const from of ["one", "caller"]) assert.match(await wget(from, `${first.address}:8181`), /web version/);
  });

  await t.test("names: search domains, headless, not ready, alias, pointers", async () => {
    assert.equal(
      await inPod("caller", "cat", "/etc/resolv.conf"),
      `search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver ${await value(".spec.clusterIP", "-n", "kube-system", "svc", "kube-dns")}\noptions ndots:5\n`,
    );
    const podIP = await value(".status.podIP", "pod", "one");
    const ip = await value(".spec.clusterIP", "svc", "one");
    const early = await eventuallyMatching(() => value(".status.podIP", "pod", "unready"), /./);
    const full = (name: string) => `${name}.default.svc.cluster.local`;
    for (const [name, answer] of [
      [full("one"), ip],
      [full("headless"), podIP],
      [full("early"), early],
      [full("early.early"), early],
      [full("alias"), ip],
      [ip, full("one")],
      [podIP, full(`${podIP.replaceAll(".", "-")}.headless`)],
    ] as const)
      await eventually(async () => (await lookUp(name)).includes(answer), { what: `${name} being ${answer}` });
    assert.match(await lookUp(full("late")), /NXDOMAIN/);
    for (const name of ["one", "one.default", "one.default.svc"])
      await eventuallyMatching(() => wget("caller", name), /web version 1/);
  });

  await t.test("a link that was taken away comes back with its routes", async () => {
    await restored(cluster, second.layout.hostInterface, await value(".status.podIP", "pod", "two"));
  });
});

async function restored(cluster: TestCluster, link: string, podIP: string): Promise<void> {
  const serves = async () => (await fetch(`http://${podIP}/`, { signal: AbortSignal.timeout(2_000) })).status === 200;
  assert.ok(await serves());
  await output("ip", ["link", "delete", link]);
  await assert.rejects(serves());
  const { code, stderr } = await cluster.kubets(["up"]);
  assert.equal(code, 0, stderr);
  await eventually(serves, { what: "the pod answering again" });
}
