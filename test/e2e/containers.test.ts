/** A Deployment becomes running containers: the whole way, with real ones. */

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { TestCluster } from "../harness/cluster.ts";
import { startContainerCluster } from "../harness/containers.ts";
import { eventually, eventuallyMatching } from "../harness/eventually.ts";
import { kubectlBinaries } from "../harness/kubectl-binaries.ts";
import { busybox, web } from "../images/images.ts";

function manifest(image: string): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
        ports: [{name: http, containerPort: 80}]
        readinessProbe: {httpGet: {path: /healthz, port: http}, periodSeconds: 1}
`;
}

/** A pod of one shell script. */
function shellPod(name: string, script: string, more = ""): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 5
  containers:
  - name: main
    image: ${busybox}
    command: [sh, -c, ${JSON.stringify(script)}]
${more}`;
}

async function page(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(10_000), headers: { connection: "close" } });
  return await response.text();
}

test("a Deployment becomes running containers", { timeout: 300_000 }, async (t) => {
  const cluster = await startContainerCluster(t);
  if (cluster === undefined) return;
  const { kubectl } = cluster;
  const jsonpath = (path: string, ...what: string[]) => kubectl("get", ...what, "-o", `jsonpath={${path}}`);

  await t.test("it runs, and answers through ClusterIP and NodePort from this machine", async () => {
    await kubectl.given(manifest(web(1)), "apply", "-f", "-");
    assert.match(await kubectl("rollout", "status", "deployment/web", "--timeout=120s"), /successfully rolled out/);
    await kubectl("expose", "deployment", "web", "--port=80", "--type=NodePort");
    const [ip, nodePort] = [
      await jsonpath(".spec.clusterIP", "svc", "web"),
      await jsonpath(".spec.ports[0].nodePort", "svc", "web"),
    ];
    const node = await jsonpath('.items[0].status.addresses[?(@.type=="InternalIP")].address', "nodes");
    const answeredBy = new Set<string>();
    await eventually(
      async () => {
        const text = await page(`http://${ip}/`);
        assert.match(text, /web version 1/);
        answeredBy.add(/pod <b>([^<]+)/.exec(text)?.[1] ?? "");
        return answeredBy.size === 2;
      },
      { what: "answers by both pods" },
    );
    await eventuallyMatching(() => page(`http://${node}:${nodePort}/`), /web version 1/);
    assert.deepEqual(
      [...answeredBy].sort(),
      (await jsonpath(".items[*].metadata.name", "pods", "-l", "app=web")).split(" ").sort(),
    );
  });

  await t.test("scale, update without an outage, undo", async (step) => {
    const ip = await jsonpath(".spec.clusterIP", "svc", "web");
    await kubectl("scale", "deployment", "web", "--replicas=3");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    const failures: unknown[] = [];
    let asking = true;
    const asked = (async () => {
      while (asking) await page(`http://${ip}/`).catch((error) => failures.push(error));
    })();
    await kubectl("set", "image", "deployment/web", `web=${web(2)}`);
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    asking = false;
    await asked;
    if (failures.length > 0) step.diagnostic(`${failures.length} requests failed during the update: ${failures[0]}`);
    await eventually(async () => /web version 2/.test(await page(`http://${ip}/`)));
    await kubectl("rollout", "undo", "deployment/web");
    await kubectl("rollout", "status", "deployment/web", "--timeout=120s");
    await eventually(async () => /web version 1/.test(await page(`http://${ip}/`)));
  });

  for (const binary of await kubectlBinaries())
    await t.test(`streams with kubectl ${binary.version}`, (inner) => streams(inner, cluster, binary));

  await t.test("a container that ends is started again, later each time", async () => {
    await kubectl.given(shellPod("flaky", "echo one run; sleep 0.2; exit 3"), "apply", "-f", "-");
    await eventually(async () => /flaky +0\/1 +CrashLoopBackOff +[1-9]/.test(await kubectl("get", "pod", "flaky")));
    await eventuallyMatching(
      () => kubectl("describe", "pod", "flaky"),
      /Last State: +Terminated\n +Reason: +Error\n +Exit Code: +3/,
      /Warning +BackOff .* Back-off restarting failed container main in pod flaky_default/,
    );
    assert.match(await kubectl("logs", "flaky", "--previous"), /one run/);
    await kubectl("delete", "pod", "flaky", "--now");
  });

  await t.test("probes: a failing liveness restarts, readiness takes out, startup holds back", async () => {
    const probes = `    livenessProbe: {exec: {command: [cat, /tmp/alive]}, timeoutSeconds: 20, periodSeconds: 1, failureThreshold: 1}
    readinessProbe: {exec: {command: [cat, /tmp/ready]}, timeoutSeconds: 20, periodSeconds: 1, failureThreshold: 1}
    startupProbe: {exec: {command: [cat, /tmp/started]}, timeoutSeconds: 20, periodSeconds: 1, failureThreshold: 90}`;
    await kubectl.given(shellPod("probed", "touch /tmp/alive; sleep 1d", probes), "apply", "-f", "-");
    const pod = (path: string) => jsonpath(`.status.containerStatuses[0].${path}`, "pod", "probed");
    const inside = (command: string) => kubectl("exec", "probed", "--", "sh", "-c", command);
    await eventually(async () => (await pod("state.running.startedAt")) !== "");
    assert.equal(await pod("started"), "false");
    await inside("touch /tmp/ready; touch /tmp/started");
    await kubectl("wait", "pod/probed", "--for=condition=Ready", "--timeout=120s");
    await inside("rm /tmp/ready");
    await kubectl("wait", "pod/probed", "--for=condition=Ready=false", "--timeout=120s");
    assert.equal(await pod("restartCount"), "0");
    await inside("rm /tmp/alive");
    await eventually(async () => (await pod("restartCount")) === "1");
    await eventuallyMatching(
      () => kubectl("describe", "pod", "probed"),
      /Warning +Unhealthy .* Liveness probe failed: cat: can't open '\/tmp\/alive'/,
      /Normal +Killing .* Container main failed liveness probe, will be restarted/,
    );
    await kubectl("delete", "pod", "probed", "--now");
  });

  await t.test("init containers run first, one after the other", async () => {
    const init = `  initContainers:
  - {name: one, image: "${busybox}", command: [sh, -c, "echo 1 >> /work/order"], volumeMounts: [{name: work, mountPath: /work}]}
  - {name: two, image: "${busybox}", command: [sh, -c, "echo 2 >> /work/order"], volumeMounts: [{name: work, mountPath: /work}]}
  volumes: [{name: work, emptyDir: {}}]`;
    const mount = "    volumeMounts: [{name: work, mountPath: /work}]\n";
    await kubectl.given(shellPod("inits", "cat /work/order; sleep 1d", mount + init), "apply", "-f", "-");
    await kubectl("wait", "pod/inits", "--for=condition=Ready", "--timeout=120s");
    await eventuallyMatching(() => kubectl("logs", "inits"), /^1\n2\n$/);
    await kubectl("delete", "pod", "inits", "--now");
  });

  await t.test("deletion is graceful: the hook runs, the signal comes, then the end", async () => {
    const hook = `    lifecycle: {preStop: {exec: {command: [sh, -c, "echo hook > /proc/1/fd/1"]}}}`;
    const script = "trap 'echo asked; sleep 1; echo done; exit 0' TERM; echo up; while :; do sleep 0.1; done";
    const polite = shellPod("polite", script, hook).replace("Seconds: 5", "Seconds: 60");
    await kubectl.given(polite, "apply", "-f", "-");
    await kubectl("wait", "pod/polite", "--for=condition=Ready", "--timeout=120s");
    const following = kubectl.start("logs", "-f", "polite");
    await following.saying(/up/);
    const started = performance.now();
    await kubectl("delete", "pod", "polite");
    assert.ok(performance.now() - started < 30_000, "it ended before its grace period");
    assert.match((await following.ended).stdout, /up\nhook\nasked\ndone\n/);
    await kubectl.given(shellPod("stubborn", "trap '' TERM; while :; do sleep 0.1; done"), "apply", "-f", "-");
    await kubectl("wait", "pod/stubborn", "--for=condition=Ready", "--timeout=120s");
    const killing = performance.now();
    await kubectl("delete", "pod", "stubborn", "--grace-period=2");
    const tookMs = performance.now() - killing;
    assert.ok(tookMs > 1_800 && tookMs < 25_000, `${tookMs} ms`);
  });

  await t.test("an image that is nowhere", async () => {
    await kubectl("run", "missing", "--image=kubets.local/none:1");
    await eventually(async () =>
      /missing +0\/1 +(ErrImagePull|ImagePullBackOff) /.test(await kubectl("get", "pod", "missing")),
    );
    await eventuallyMatching(
      () => kubectl("describe", "pod", "missing"),
      /Warning +Failed .* Failed to pull image "kubets\.local\/none:1"/,
    );
    await kubectl("delete", "pod", "missing", "--now");
  });
});

/** logs -f, exec, port-forward: over SPDY with an old kubectl, over WebSocket with a new one. */
async function streams(t: TestContext, cluster: TestCluster, binary: TestCluster["kubectl"]["binary"]): Promise<void> {
  const kubectl = cluster.kubectl.as({ binary });
  const name = `streams-${binary.minor}`;
  await kubectl.given(shellPod(name, "i=0; while :; do echo line $i; i=$((i+1)); sleep 0.2; done"), "apply", "-f", "-");
  await kubectl("wait", `pod/${name}`, "--for=condition=Ready", "--timeout=120s");

  await t.test("logs", async () => {
    const following = kubectl.start("logs", "-f", name);
    await following.saying(/line 0\nline 1\n(.*\n)*line 8/);
    await following.stop();
    await eventually(async () => /^line \d+\nline \d+\n$/.test(await kubectl("logs", name, "--tail=2")));
    await eventuallyMatching(
      () => kubectl("logs", name, "--timestamps", "--tail=1"),
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(Z|[+-]\d\d:\d\d) line \d+\n$/,
    );
    assert.match(await kubectl.refused("logs", name, "-c", "nope"), /container nope is not valid for pod/);
  });

  await t.test("exec", async () => {
    assert.equal(await kubectl("exec", name, "--", "echo", "hello"), "hello\n");
    assert.equal(await kubectl.given("from outside\n", "exec", "-i", name, "--", "cat"), "from outside\n");
    const both = await kubectl.try(["exec", name, "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert.equal(both.stdout, "out\n");
    assert.match(both.stderr, /^err\n.*exit code 7/s);
    assert.equal(both.code, 7);
    const much = "x".repeat(1 << 20);
    assert.equal((await kubectl.given(much, "exec", "-i", name, "--", "cat")).length, much.length);
    assert.match((await kubectl.try(["exec", name, "--", "/no/such/program"])).stderr, /no such file or directory/);
  });

  await t.test("port-forward", async () => {
    const forwarding = kubectl.start("port-forward", "deployment/web", ":80");
    try {
      const [, port] = await forwarding.saying(/Forwarding from 127\.0\.0\.1:(\d+) -> 80/);
      for (let i = 0; i < 5; i++) assert.match(await page(`http://127.0.0.1:${port}/`), /web version/);
      const pages = await Promise.all(Array.from({ length: 10 }, () => page(`http://127.0.0.1:${port}/`)));
      assert.equal(pages.length, 10);
    } finally {
      await forwarding.stop();
    }
  });

  await kubectl("delete", "pod", name, "--now");
}
