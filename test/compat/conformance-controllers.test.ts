/** What upstream's sig-apps, sig-network and sig-scheduling conformance tests ask of the API server and the controllers together. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Api, at, freshNamespace, refused, startApi, strategicPatch, type Thing } from "../harness/api.ts";
import { eventually } from "../harness/eventually.ts";

const labels = { app: "x" };
const podSpec = { containers: [{ name: "nginx", image: "nginx:latest" }] };
const template = { metadata: { labels }, spec: podSpec };
const selector = { matchLabels: labels };
const named = (apiVersion: string, kind: string, name: string, spec: object) => ({
  apiVersion,
  kind,
  metadata: { name, labels },
  spec,
});

test("conformance: apps, network and scheduling", { timeout: 300_000 }, async (t) => {
  const { api } = await startApi(t, { simulatedNodes: 2 });
  await t.test("endpoints made by hand are mirrored: created, updated, deleted", () => mirroring(api));
  await t.test("services: the kubernetes one, and endpoints as pods come and go", () => services(api));
  await t.test("services change their type and get and lose addresses", () => serviceTypes(api));
  await t.test("workloads have a working scale, and status endpoints", () => scales(api));
  await t.test("a daemon set's revisions", () => revisions(api));
  await t.test("a daemon set follows the labels of nodes", () => nodeLabels(api));
  await t.test("orphans are adopted, pods that no longer match released", () => adoption(api));
  await t.test("a quota that is exceeded shows as a condition, and goes", () => replicaFailure(api));
  await t.test("an eviction waits for its budget", () => evictions(api));
  await t.test("limit ranges give defaults and refuse what is beyond", () => limitRanges(api));
  await t.test("pods: status, phases, deadlines, ephemeral containers", () => pods(api));
});

async function mirroring(api: Api) {
  const namespace = await freshNamespace(api);
  const name = "example-custom-endpoints";
  const ports = [{ name: "example", port: 80, protocol: "TCP" }];
  await api.resource("v1/services", namespace).create(named("v1", "Service", name, { ports }));
  const endpoints = (ip: string) => ({
    apiVersion: "v1",
    kind: "Endpoints",
    metadata: { name },
    subsets: [{ ports: [{ port: 80 }], addresses: [{ ip }] }],
  });
  const slices = api.resource("discovery.k8s.io/v1/endpointslices", namespace);
  const mirrored = (...expected: string[]) =>
    eventually(async () => {
      const { items } = await slices.list({ labelSelector: `kubernetes.io/service-name=${name}` });
      assert.deepEqual(
        items.map((slice) => at(slice, "endpoints.0.addresses.0")),
        expected,
      );
      for (const slice of items) assert.equal(at(slice, "ports.0.port"), 80);
      return true;
    });
  const things = api.resource("v1/endpoints", namespace);
  await things.create(endpoints("10.1.2.3"));
  await mirrored("10.1.2.3");
  await things.update(endpoints("10.2.3.4"));
  await mirrored("10.2.3.4");
  await things.delete(name);
  await mirrored();
}

async function services(api: Api) {
  const everywhere = await api.resource("v1/services").list();
  assert.ok(
    everywhere.items.some(({ metadata }) => metadata.namespace === "default" && metadata.name === "kubernetes"),
  );
  assert.ok(at(await api.resource("v1/endpoints", "default").get("kubernetes"), "subsets.0.addresses.0.ip"));
  const own = await api
    .resource("discovery.k8s.io/v1/endpointslices", "default")
    .list({ labelSelector: "kubernetes.io/service-name=kubernetes" });
  assert.equal(own.items.length, 1);
  const namespace = await freshNamespace(api);
  const ports = [
    { name: "one", port: 80, targetPort: "p1" },
    { name: "two", port: 81, targetPort: "p2" },
  ];
  await api.resource("v1/services", namespace).create(named("v1", "Service", "multi", { selector: labels, ports }));
  const things = api.resource("v1/pods", namespace);
  const found = (...expected: number[]) =>
    eventually(async () => {
      const slices = await api.resource("discovery.k8s.io/v1/endpointslices", namespace).list();
      const open = slices.items.flatMap((slice) =>
        (slice["endpoints"] as { conditions: { ready: boolean } }[]).some(({ conditions }) => conditions.ready)
          ? (slice["ports"] as { port: number }[]).map(({ port }) => port)
          : [],
      );
      assert.deepEqual(open.sort(), expected);
      return true;
    });
  const pod = (name: string, portName: string, containerPort: number) =>
    named("v1", "Pod", name, {
      containers: [{ name: "c", image: "i", ports: [{ name: portName, containerPort }] }],
      terminationGracePeriodSeconds: 0,
    });
  await found();
  await things.create(pod("pod1", "p1", 100));
  await found(100);
  await things.create(pod("pod2", "p2", 101));
  await found(100, 101);
  await things.delete("pod1");
  await found(101);
  await things.delete("pod2");
  await found();
}

async function serviceTypes(api: Api) {
  const namespace = await freshNamespace(api);
  const things = api.resource("v1/services", namespace);
  const ports = [{ port: 80, name: "http", protocol: "TCP" }];
  const made = await things.create(
    named("v1", "Service", "s", { type: "ExternalName", externalName: "foo.example.com" }),
  );
  assert.equal(at(made, "spec.clusterIP"), undefined);
  const clusterIP = await things.change("s", (object) => {
    object["spec"] = { type: "ClusterIP", ports };
  });
  assert.match(String(at(clusterIP, "spec.clusterIP")), /^10\.96\./);
  const nodePort = await things.change("s", (object) => {
    Object.assign(object["spec"] as object, { type: "NodePort" });
  });
  assert.ok(Number(at(nodePort, "spec.ports.0.nodePort")) >= 30_000);
  const external = await things.change("s", (object) => {
    object["spec"] = { type: "ExternalName", externalName: "foo.example.com" };
  });
  assert.equal(at(external, "spec.clusterIP"), undefined);
}

async function scales(api: Api) {
  const namespace = await freshNamespace(api);
  const rows: [string, string, string, object][] = [
    ["apps/v1/deployments", "apps/v1", "Deployment", { replicas: 1, selector, template }],
    ["apps/v1/replicasets", "apps/v1", "ReplicaSet", { replicas: 1, selector, template }],
    ["apps/v1/statefulsets", "apps/v1", "StatefulSet", { replicas: 1, selector, template, serviceName: "s" }],
    ["v1/replicationcontrollers", "v1", "ReplicationController", { replicas: 1, selector: labels, template }],
  ];
  for (const [resource, apiVersion, kind, spec] of rows) {
    const things = api.resource(resource, namespace);
    const name = kind.toLowerCase();
    await things.create(named(apiVersion, kind, name, spec));
    const ready = (count: number) =>
      eventually(async () => at(await things.get(name), "status.readyReplicas") === count, {
        what: `${kind} ${count}`,
      });
    await ready(1);
    const scale = await things.get(name, "scale");
    assert.deepEqual([scale.kind, at(scale, "spec.replicas"), at(scale, "status.selector")], ["Scale", 1, "app=x"]);
    const updated = await things.change(
      name,
      (object) => {
        object["spec"] = { replicas: 2 };
        delete object.metadata.resourceVersion;
      },
      "scale",
    );
    assert.equal(at(updated, "spec.replicas"), 2);
    await ready(2);
    const patched = await things.patch(name, { spec: { replicas: 3 } }, strategicPatch, "scale");
    assert.equal(at(patched, "spec.replicas"), 3);
    await ready(3);
    await things.delete(name, { propagationPolicy: "Foreground" });
    await eventually(() => refused(things.get(name), 404).then(() => true));
  }
}

async function nodeLabels(api: Api) {
  const sets = api.resource("apps/v1/daemonsets", await freshNamespace(api));
  const nodes = api.resource("v1/nodes");
  const spec = { ...template.spec, nodeSelector: { color: "blue" } };
  await sets.create(named("apps/v1", "DaemonSet", "ds", { selector, template: { ...template, spec } }));
  const counts = (wanted: number) =>
    eventually(
      async () => {
        const set = await sets.get("ds");
        const { numberReady, desiredNumberScheduled } = set["status"] as Record<string, number>;
        return (
          at(set, "status.observedGeneration") === 1 && numberReady === wanted && desiredNumberScheduled === wanted
        );
      },
      { what: `${wanted} ready` },
    );
  await counts(0);
  await nodes.patch("simulated-0", { metadata: { labels: { color: "blue" } } });
  await counts(1);
  // The node's own view was older than its label: nothing may have been refused for that.
  const events = await api.resource("v1/events").list({ fieldSelector: "reason=FailedDaemonPod" });
  assert.deepEqual(events.items, []);
  await nodes.patch("simulated-0", { metadata: { labels: { color: "green" } } });
  await counts(0);
}

async function revisions(api: Api) {
  const namespace = await freshNamespace(api);
  const sets = api.resource("apps/v1/daemonsets", namespace);
  const things = api.resource("apps/v1/controllerrevisions", namespace);
  const count = (number: number) =>
    eventually(async () => {
      const { items } = await things.list({ labelSelector: "app=x" });
      return items.length === number ? items : undefined;
    });
  const set = await sets.create(named("apps/v1", "DaemonSet", "ds", { selector, template }));
  await eventually(async () => at(await sets.get("ds"), "status.numberReady") === 2);
  const [first] = (await count(1)) as Thing[];
  const name = first?.metadata.name ?? "";
  assert.equal(first?.metadata.ownerReferences?.[0]?.uid, set.metadata.uid);
  // kubectl and Go controllers compare bytes: keys are in Go's order.
  const remembered = { $patch: "replace", ...(at(set, "spec.template") as object) };
  assert.equal(JSON.stringify(first?.["data"]), goJson({ spec: { template: remembered } }));
  await things.patch(name, { metadata: { labels: { [name]: "patched" } } }, strategicPatch);
  await things.create({
    apiVersion: "apps/v1",
    kind: "ControllerRevision",
    metadata: {
      name: "ds-made-by-hand",
      labels: { ...labels, "controller-revision-hash": "made-by-hand" },
      ownerReferences: first?.metadata.ownerReferences,
    },
    data: first?.["data"],
    revision: Number(first?.["revision"]) + 1,
  });
  await count(2);
  await things.delete(name);
  const [left] = (await count(1)) as Thing[];
  const current = left?.metadata.name ?? "";
  await things.change(current, (object) => {
    object.metadata.labels = { ...object.metadata.labels, [current]: "updated" };
  });
  await sets.patch("ds", { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } }, strategicPatch);
  await count(2);
  await things.deleteCollection({ labelSelector: `${current}=updated` });
  const [last] = (await count(1)) as Thing[];
  assert.equal(last?.["revision"], 3);
  await sets.delete("ds", { propagationPolicy: "Foreground" });
}

async function adoption(api: Api) {
  const namespace = await freshNamespace(api);
  const things = api.resource("v1/pods", namespace);
  await things.create(named("v1", "Pod", "orphan", podSpec));
  for (const [resource, apiVersion, kind, of] of [
    ["apps/v1/replicasets", "apps/v1", "ReplicaSet", selector],
    ["v1/replicationcontrollers", "v1", "ReplicationController", labels],
  ] as const) {
    const owners = api.resource(resource, namespace);
    const made = await owners.create(named(apiVersion, kind, "owner", { replicas: 1, selector: of, template }));
    const owner = async () => (await things.get("orphan")).metadata.ownerReferences?.[0]?.uid;
    await eventually(async () => (await owner()) === made.metadata.uid);
    await things.patch("orphan", { metadata: { labels: { app: "not-matching" } } }, strategicPatch);
    await eventually(async () => (await owner()) === undefined || undefined);
    await owners.delete("owner", { propagationPolicy: "Foreground" });
    await eventually(() => refused(owners.get("owner"), 404).then(() => true));
    await things.patch("orphan", { metadata: { labels } }, strategicPatch);
  }
}

async function replicaFailure(api: Api) {
  const namespace = await freshNamespace(api);
  await api
    .resource("v1/resourcequotas", namespace)
    .create(named("v1", "ResourceQuota", "two", { hard: { pods: "2" } }));
  await eventually(
    async () => at(await api.resource("v1/resourcequotas", namespace).get("two"), "status.hard.pods") === "2",
  );
  const things = api.resource("v1/replicationcontrollers", namespace);
  await things.create(named("v1", "ReplicationController", "rc", { replicas: 3, selector: labels, template }));
  const condition = async () =>
    ((at(await things.get("rc"), "status.conditions") ?? []) as { type: string }[]).find(
      ({ type }) => type === "ReplicaFailure",
    );
  await eventually(condition);
  await things.patch("rc", { spec: { replicas: 2 } });
  await eventually(async () => (await condition()) === undefined);
}

async function evictions(api: Api) {
  const namespace = await freshNamespace(api);
  const budgets = api.resource("policy/v1/poddisruptionbudgets", namespace);
  const things = api.resource("v1/pods", namespace);
  for (const name of ["a", "b", "c"]) await things.create(named("v1", "Pod", name, podSpec));
  await budgets.create(named("policy/v1", "PodDisruptionBudget", "foo", { minAvailable: 3, selector }));
  await eventually(async () => at(await budgets.get("foo"), "status.currentHealthy") === 3);
  const evict = (name: string) =>
    api.ask("POST", things.path(name, "eviction"), {
      body: { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } },
    });
  await refused(
    evict("a"),
    429,
    "TooManyRequests",
    /^Cannot evict pod as it would violate the pod's disruption budget\.$/,
  );
  await budgets.change("foo", (object) => {
    (object["spec"] as { minAvailable: number }).minAvailable = 2;
  });
  await eventually(async () => at(await budgets.get("foo"), "status.disruptionsAllowed") === 1);
  await evict("a");
  await eventually(() => refused(things.get("a"), 404).then(() => true));
}

async function limitRanges(api: Api) {
  const namespace = await freshNamespace(api);
  const things = api.resource("v1/limitranges", namespace);
  const [min, max] = [
    { cpu: "50m", memory: "100Mi" },
    { cpu: "500m", memory: "500Mi" },
  ];
  const limit = { type: "Container", min, max, default: { cpu: "500m", memory: "500Mi" } };
  const watch = await things.watch({ labelSelector: "app=x" });
  const defaultRequest = { cpu: "100m", memory: "200Mi" };
  await things.create(named("v1", "LimitRange", "lr", { limits: [{ ...limit, defaultRequest }] }));
  await watch.until("ADDED");
  watch.stop();
  const places = api.resource("v1/pods", namespace);
  const pod = (name: string, resources: object) =>
    named("v1", "Pod", name, { containers: [{ name: "c", image: "i", resources }] });
  await eventually(async () => {
    const made = await places.create({ ...pod("p", {}), metadata: { generateName: "p-" } }, { dryRun: "All" });
    assert.deepEqual(at(made, "spec.containers.0.resources"), { limits: limit.default, requests: defaultRequest });
    return true;
  });
  const merged = await places.create(pod("partial", { requests: { memory: "150Mi" }, limits: { cpu: "300m" } }));
  assert.deepEqual(at(merged, "spec.containers.0.resources"), {
    limits: { cpu: "300m", memory: "500Mi" },
    // A limit without a request is the request too, before the range has its say.
    requests: { cpu: "300m", memory: "150Mi" },
  });
  await refused(
    places.create(pod("small", { requests: { cpu: "10m" } })),
    403,
    "Forbidden",
    /minimum cpu usage per Container is 50m, but request is 10m/,
  );
  await refused(places.create(pod("big", { requests: { cpu: "600m" }, limits: { cpu: "600m" } })), 403, "Forbidden");
}

async function pods(api: Api) {
  const namespace = await freshNamespace(api);
  const things = api.resource("v1/pods", namespace);
  const made = await things.create(named("v1", "Pod", "p", { ...podSpec, terminationGracePeriodSeconds: 0 }));
  await eventually(async () => at(await things.get("p"), "status.phase") === "Running");
  const updated = await things.change("p", (object) => {
    object.metadata.labels = { ...object.metadata.labels, time: "now" };
  });
  assert.equal(updated.metadata.labels?.["time"], "now");
  await things.change("p", (object) => {
    (object["spec"] as { activeDeadlineSeconds: number }).activeDeadlineSeconds = 3600;
  });
  await refused(things.patch("p", { spec: { activeDeadlineSeconds: null } }), 422, "Invalid");
  const ephemeral = { spec: { ephemeralContainers: [{ name: "debug", image: "busybox" }] } };
  const debugged = await things.patch("p", ephemeral, strategicPatch, "ephemeralcontainers");
  assert.equal(at(debugged, "spec.ephemeralContainers.0.name"), "debug");
  const status = await things.patch("p", { status: { message: "Patched by e2e test" } }, undefined, "status");
  assert.equal(status.metadata.uid, made.metadata.uid);
  await things.deleteCollection({ labelSelector: "app=x" });
  await eventually(async () => (await things.list()).items.length === 0);
}

/** Keys sorted, as Go writes maps. */
function goJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
