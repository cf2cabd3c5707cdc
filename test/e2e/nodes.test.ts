/** Several nodes are the same as one: pods and Services are reached from everywhere, and nodes come and go by `--nodes`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { startContainerCluster } from "../harness/containers.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";
import { busybox, web } from "../images/images.ts";

const manifests = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}
      containers: [{name: web, image: "${web(1)}", ports: [{containerPort: 80}]}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, sessionAffinity: ClientIP, selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: any}
spec: {selector: {app: web}, ports: [{port: 80}]}
`;

function caller(node: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: caller-${node}}
spec:
  nodeName: ${node}
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "${busybox}", command: [sleep, 1d]}]
---
apiVersion: v1
kind: Pod
metadata: {name: host-${node}}
spec:
  nodeName: ${node}
  hostNetwork: true
  terminationGracePeriodSeconds: 0
  containers: [{name: main, image: "${busybox}", command: [sleep, 1d]}]
---
`;
}

test("two nodes are one cluster", { timeout: 300_000 }, async (t) => {
  const cluster = await startContainerCluster(t, { nodes: 2 });
  if (cluster === undefined) return;
  const { kubectl } = cluster;
  const values = async (path: string, ...what: string[]) =>
    (await kubectl("get", ...what, "-o", `jsonpath={${path}}`)).split(" ").filter((value) => value !== "");
  await kubectl.given(
    manifests + ["node-1", "node-2"].map((node) => `---${caller(node)}`).join(""),
    "apply",
    "-f",
    "-",
  );
  await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
  await kubectl("wait", "pod", "--all", "--for=condition=Ready", "--timeout=120s");

  await t.test("pods spread, with addresses of their node", async () => {
    assert.deepEqual((await values(".items[*].spec.nodeName", "pods", "-l", "app=web")).sort(), ["node-1", "node-2"]);
    const cidrs = await values(".items[*].spec.podCIDR", "nodes");
    assert.equal(new Set(cidrs).size, 2);
  });

  await t.test("pods and Services are reached from pods, from nodes and from the machine", async () => {
    const pods = await values(".items[*].status.podIP", "pods", "-l", "app=web");
    const nodes = await values('.items[*].status.addresses[?(@.type=="InternalIP")].address', "nodes");
    const [ip] = await values(".spec.clusterIP", "svc", "any");
    const [port] = await values(".spec.ports[0].nodePort", "svc", "web");
    const targets = [...pods, ip, ...nodes.map((node) => `${node}:${port}`)];
    for (const from of ["caller-node-1", "caller-node-2", "host-node-1", "host-node-2"])
      for (const target of targets)
        await eventually(
          async () => {
            const { code, stdout } = await kubectl.try(["exec", from, "--", "wget", "-qO-", `http://${target}/`], {
              timeoutMs: 15_000,
            });
            return code === 0 && /web version 1/.test(stdout);
          },
          { what: `${from} reaching ${target}` },
        );
    for (const target of targets)
      assert.match(
        await (await fetch(`http://${target}/`, { signal: AbortSignal.timeout(15_000) })).text(),
        /web version 1/,
      );
    for (const from of ["caller-node-1", "caller-node-2"])
      await eventuallyMatching(
        () => kubectl("exec", from, "--", "wget", "-qO-", "http://any.default.svc.cluster.local/"),
        /web version 1/,
      );
  });

  await t.test("session affinity keeps a client with one pod, and without it both answer", async () => {
    const ask = async (name: string) =>
      /pod <b>([^<]+)/.exec(await kubectl("exec", "caller-node-1", "--", "wget", "-qO-", `http://${name}/`))?.[1];
    const answers = async (name: string) => new Set(await Promise.all(Array.from({ length: 12 }, () => ask(name))));
    // Whom the first has met is known to the others: of several at the same moment each may be the first.
    await ask("web");
    assert.equal((await answers("web")).size, 1);
    // Twelve of one kind come once in two thousand times.
    await eventually(async () => (await answers("any")).size === 2);
  });

  await t.test("a second cluster with nodes runs beside it", async (inner) => {
    const other = await startContainerCluster(inner);
    assert.ok(other);
    await other.kubectl("create", "deployment", "web", `--image=${web(2)}`, "--port=80");
    await other.kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await other.kubectl("expose", "deployment", "web", "--port=80");
    const ip = await other.kubectl("get", "svc", "web", "-o", "jsonpath={.spec.clusterIP}");
    await eventually(async () =>
      /web version 2/.test(await (await fetch(`http://${ip}/`, { signal: AbortSignal.timeout(10_000) })).text()),
    );
    const [mine] = await values(".spec.clusterIP", "svc", "any");
    assert.match(await (await fetch(`http://${mine}/`)).text(), /web version 1/);
  });

  await t.test("up with fewer nodes takes the surplus away; with more, brings them", async () => {
    const fewer = await cluster.kubets(["up", "--nodes", "1"]);
    assert.equal(fewer.code, 0, fewer.stderr);
    assert.equal(await kubectl("get", "nodes", "-o", "name"), "node/node-1\n");
    const more = await cluster.kubets(["up", "--nodes", "2"]);
    assert.equal(more.code, 0, more.stderr);
    assert.match(await kubectl("get", "nodes"), /node-1 +Ready .*\nnode-2 +Ready /);
  });
});
