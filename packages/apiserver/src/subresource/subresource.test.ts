import assert from "node:assert/strict";
import { test } from "node:test";
import { podNamed, realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

const pods = "/api/v1/namespaces/default/pods";
const mergePatch = { headers: { "content-type": "application/merge-patch+json" } };
const binding = (name: string, node: string) => ({ metadata: { name }, target: { kind: "Node", name: node } });

test("binding assigns a pod once", async () => {
  const server = realServer();
  const created = await send(server, "POST", pods, podNamed("p"));
  assert.equal(created.status, 201, created.text);
  const elsewhere = { ...binding("p", "n1"), metadata: { name: "p", namespace: "other" } };
  assert.equal((await send(server, "POST", `${pods}/p/binding`, elsewhere)).status, 400);
  const bound = await send(server, "POST", `${pods}/p/binding`, binding("p", "n1"));
  assert.deepEqual(
    [bound.status, bound.json],
    [201, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 }],
  );
  const { json } = await send(server, "GET", `${pods}/p`);
  assert.equal(json.spec.nodeName, "n1");
  const [condition] = json.status.conditions;
  assert.deepEqual([condition.type, condition.status], ["PodScheduled", "True"]);
  const again = await send(server, "POST", `${pods}/p/binding`, binding("p", "n2"));
  assert.deepEqual(
    [again.status, again.json.message],
    [409, 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"'],
  );
  const missing = await send(server, "POST", `${pods}/q/binding`, binding("q", "n2"));
  assert.equal(missing.status, 404);
  const nowhere = await send(server, "POST", `${pods}/p/binding`, { metadata: { name: "p" }, target: {} });
  assert.equal(nowhere.status, 422);
});

test("the older bindings resource binds too", async () => {
  const server = realServer();
  await send(server, "POST", pods, podNamed("p"));
  const bound = await send(server, "POST", "/api/v1/namespaces/default/bindings", {
    apiVersion: "v1",
    kind: "Binding",
    ...binding("p", "n1"),
  });
  assert.equal(bound.status, 201, bound.text);
  assert.equal((await send(server, "GET", `${pods}/p`)).json.spec.nodeName, "n1");
});

test("eviction asks the disruption budget", async () => {
  const server = realServer();
  await send(server, "POST", pods, podNamed("p", { nodeName: "n1" }, { labels: { app: "x" } }));
  const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
  const running = await send(server, "PATCH", `${pods}/p/status`, { status: ready }, mergePatch);
  assert.equal(running.status, 200, running.text);
  const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
  const made = await send(server, "POST", budgets, {
    metadata: { name: "b" },
    spec: { minAvailable: 1, selector: { matchLabels: { app: "x" } } },
  });
  assert.equal(made.status, 201, made.text);
  const setStatus = (status: object) => send(server, "PATCH", `${budgets}/b/status`, { status }, mergePatch);
  const counted = await setStatus({
    observedGeneration: 1,
    currentHealthy: 1,
    desiredHealthy: 1,
    expectedPods: 1,
    disruptionsAllowed: 0,
  });
  assert.equal(counted.status, 200, counted.text);
  const evict = () =>
    send(server, "POST", `${pods}/p/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "p" } });
  const refused = await evict();
  assert.equal(refused.status, 429, refused.text);
  assert.equal(refused.json.message, "Cannot evict pod as it would violate the pod's disruption budget.");
  assert.equal(
    refused.json.details.causes[0].message,
    "The disruption budget b needs 1 healthy pods and has 1 currently",
  );
  await setStatus({ disruptionsAllowed: 1 });
  const evicted = await evict();
  assert.equal(evicted.status, 201, evicted.text);
  assert.notEqual((await send(server, "GET", `${pods}/p`)).json.metadata.deletionTimestamp, undefined);
  const budget = (await send(server, "GET", `${budgets}/b`)).json;
  assert.equal(budget.status.disruptionsAllowed, 0);
  assert.deepEqual(Object.keys(budget.status.disruptedPods), ["p"]);
});

test("a namespace is terminating until it is finalized", async () => {
  const server = realServer();
  const namespaces = "/api/v1/namespaces";
  const created = await send(server, "POST", namespaces, { metadata: { name: "x" } });
  assert.deepEqual(created.json.spec.finalizers, ["kubernetes"], created.text);
  const deleted = await send(server, "DELETE", `${namespaces}/x`);
  assert.equal(deleted.json.status.phase, "Terminating", deleted.text);
  const finalized = await send(server, "PUT", `${namespaces}/x/finalize`, {
    ...deleted.json,
    spec: { finalizers: [] },
  });
  assert.equal(finalized.status, 200, finalized.text);
  assert.equal((await send(server, "GET", `${namespaces}/x`)).status, 404);
});

test("events are one thing under two names", async () => {
  const server = realServer();
  const created = await send(server, "POST", "/api/v1/namespaces/default/events", {
    metadata: { name: "e" },
    involvedObject: { kind: "Pod", name: "p", namespace: "default" },
    reason: "Started",
    message: "hello",
    type: "Normal",
  });
  assert.equal(created.status, 201, created.text);
  const other = await send(server, "GET", "/apis/events.k8s.io/v1/namespaces/default/events/e");
  assert.equal(other.json.apiVersion, "events.k8s.io/v1", other.text);
  assert.equal(other.json.note, "hello");
  assert.equal(other.json.regarding.name, "p");
});

test("access reviews ask the authorizer", async () => {
  const server = realServer({
    authorizer: {
      authorize: ({ user, verb }) =>
        user.name === "joe"
          ? { decision: verb === "get" ? "Allow" : "NoOpinion", reason: "" }
          : { decision: "Allow", reason: "" },
    },
  });
  const review = async (verb: string) =>
    (
      await send(server, "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
        spec: { user: "joe", resourceAttributes: { verb, resource: "pods", namespace: "default" } },
      })
    ).json.status;
  assert.deepEqual(await review("get"), { allowed: true });
  assert.deepEqual(await review("list"), { allowed: false });
});
