import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FlowSchema,
  flowSchemas,
  type PriorityLevelConfiguration,
  priorityLevelConfigurations,
} from "@kubets/api";
import { realClock, VirtualClock } from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { parseRequestInfo } from "../request/parse-request-info.ts";
import type { ApiServer } from "../server.ts";
import { configMap, requestOf, send, testServer } from "../testing/server.ts";
import { mandatoryLevels, mandatorySchemas, suggestedLevels, suggestedSchemas } from "./bootstrap-objects.ts";
import { danglingCondition, reconciled } from "./config-controller.ts";
import { FairQueueing } from "./fair-queueing.ts";
import { fairQueueingMetrics } from "./metrics.ts";

const levels = [...mandatoryLevels, ...suggestedLevels];
const schemas = [...mandatorySchemas, ...suggestedSchemas];

async function set(totalSeats: number, server?: () => ApiServer) {
  const reader = new FakeReader();
  for (const level of levels) reader.put(priorityLevelConfigurations, level);
  for (const schema of schemas) {
    reader.put(flowSchemas, { ...schema, metadata: { ...schema.metadata, uid: `uid-${schema.metadata?.name}` } });
  }
  const clock = server === undefined ? new VirtualClock() : realClock;
  const queueing = new FairQueueing({ clock, totalSeats, resources: () => server!().resources });
  const stop = new AbortController();
  await queueing.follow(reader, stop.signal);
  return { queueing, reader, clock, stop };
}

const user = (name: string, ...groups: string[]) => ({ name, groups: [...groups, "system:authenticated"] });
const account = (name: string) =>
  user(`system:serviceaccount:kube-system:${name}`, "system:serviceaccounts", "system:serviceaccounts:kube-system");
const node = user("system:node:n1", "system:nodes");
const manager = user("system:kube-controller-manager");

test("requests find upstream's flow schemas", async () => {
  const { queueing } = await set(600);
  const cases: [ReturnType<typeof user>, string, string, string][] = [
    [user("root", "system:masters"), "GET", "/api/v1/pods", "exempt/exempt/"],
    [user("ann"), "GET", "/healthz", "probes/exempt/"],
    [user("ann"), "GET", "/readyz/ping", "probes/exempt/"],
    [user("ann"), "GET", "/api/v1/namespaces/x/pods", "global-default/global-default/ann"],
    [node, "PATCH", "/api/v1/nodes/n1/status", "system-node-high/node-high/system:node:n1"],
    [node, "GET", "/api/v1/pods", "system-nodes/system/system:node:n1"],
    [
      manager,
      "PUT",
      "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/l",
      `system-leader-election/leader-election/${manager.name}`,
    ],
    [manager, "POST", "/api/v1/namespaces/x/pods", "kube-controller-manager/workload-high/x"],
    [account("job"), "GET", "/api/v1/namespaces/x/pods", "kube-system-service-accounts/workload-high/x"],
    [
      user("system:serviceaccount:a:b", "system:serviceaccounts"),
      "GET",
      "/api/v1/pods",
      "service-accounts/workload-low/system:serviceaccount:a:b",
    ],
  ];
  for (const [who, method, path, wanted] of cases) {
    const found = queueing.classify(who, parseRequestInfo(method, path, new URLSearchParams()));
    assert.equal(`${found.schema}/${found.level}/${found.distinguisher}`, wanted, `${who.name} ${method} ${path}`);
  }
});

test("configuration is followed, and a schema without its level is as if it were not", async () => {
  const { queueing, reader } = await set(600);
  const info = parseRequestInfo("GET", "/api/v1/pods", new URLSearchParams());
  const own: FlowSchema = {
    metadata: { name: "own" },
    spec: {
      matchingPrecedence: 50,
      priorityLevelConfiguration: { name: "missing" },
      rules: [
        {
          subjects: [{ kind: "User", user: { name: "ann" } }],
          resourceRules: [{ verbs: ["list"], apiGroups: [""], resources: ["pods"], clusterScope: true }],
        },
      ],
    },
  };
  reader.put(flowSchemas, own);
  assert.equal(queueing.classify(user("ann"), info).schema, "global-default");
  reader.put(flowSchemas, { ...own, spec: { ...own.spec!, priorityLevelConfiguration: { name: "system" } } });
  assert.equal(queueing.classify(user("ann"), info).schema, "own");
  const inNamespace = parseRequestInfo("GET", "/api/v1/namespaces/x/pods", new URLSearchParams());
  assert.equal(queueing.classify(user("ann"), inNamespace).schema, "global-default");
  reader.remove(flowSchemas, "", "own");
  reader.remove(flowSchemas, "", "global-default");
  assert.equal(queueing.classify(user("ann"), info).schema, "catch-all");
});

test("bootstrap objects are put right where they are ours, and left alone where not", () => {
  const [wanted] = suggestedLevels;
  const changed: PriorityLevelConfiguration = {
    ...wanted!,
    spec: { type: "Limited", limited: { nominalConcurrencyShares: 1 } },
  };
  assert.deepEqual(reconciled(changed, wanted!, false)?.spec, wanted!.spec);
  assert.equal(reconciled(wanted!, wanted!, false), undefined);
  const key = "apf.kubernetes.io/autoupdate-spec";
  const kept: PriorityLevelConfiguration = {
    ...changed,
    metadata: { name: "system", annotations: { [key]: "false" } },
  };
  assert.equal(reconciled(kept, wanted!, false), undefined);
  const bare: PriorityLevelConfiguration = { ...changed, metadata: { name: "system", generation: 2 } };
  const annotated = reconciled(bare, wanted!, false);
  assert.deepEqual([annotated?.metadata?.annotations, annotated?.spec], [{ [key]: "false" }, changed.spec]);
  assert.equal(danglingCondition("x", false).reason, "NotFound");
});

/** A server whose requests say who they are, and whose writes wait. */
async function flooded(totalSeats: number) {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { queueing, stop } = await set(totalSeats, () => server);
  const server: ApiServer = testServer({
    limiter: queueing,
    metrics: () => fairQueueingMetrics(queueing, realClock),
    authenticator: {
      authenticate: ({ headers }) => {
        const name = String(headers["x-user"] ?? "system:anonymous");
        if (name === "root") return { name, groups: ["system:masters"] };
        return { name, groups: [name === "system:anonymous" ? "system:unauthenticated" : "system:authenticated"] };
      },
    },
    authorizer: {
      authorize: async ({ user: { name } }) => {
        if (name === "flood" || name === "system:anonymous") await gate;
        return { decision: name === "system:anonymous" ? "NoOpinion" : "Allow", reason: "" };
      },
    },
  });
  return { server, queueing, release: () => release(), stop };
}

const maps = "/api/v1/namespaces/default/configmaps";
const as = (name: string) => ({ headers: { "x-user": name } });
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a flood of one user does not starve another, and never the exempt", async () => {
  const { server, queueing, release, stop } = await flooded(60);
  const { level } = queueing.levels.get("global-default")!;
  let read = 0;
  const flood = Array.from({ length: 500 }, (_, i) => {
    const request = requestOf("POST", maps, configMap(`flood-${i}`), as("flood"));
    const { body } = request;
    if (body.type !== "bytes") throw new Error("no body");
    const counted = {
      ...body,
      read: (limit: number) => {
        read++;
        return body.read(limit);
      },
    };
    return server.handle({ ...request, body: counted });
  });
  await turn();
  assert.equal(level.executing.length, level.limit);
  assert.ok(level.waiting.size > 100);
  assert.equal(read, 0); // Who waits has done nothing yet.
  const exempt = await send(server, "POST", maps, configMap("root"), as("root"));
  assert.equal(exempt.status, 201);
  assert.equal(exempt.headers["x-kubernetes-pf-flowschema-uid"], "uid-exempt");
  assert.equal((await send(server, "GET", "/healthz", undefined, as("ann"))).status, 200);
  const others = Array.from({ length: 5 }, (_, i) => send(server, "POST", maps, configMap(`ann-${i}`), as("ann")));
  let atOthers = 0;
  const done = flood.map((each) => each.then(({ status }) => status));
  let finished = 0;
  for (const each of done) void each.then(() => finished++);
  await turn();
  const refusedBefore = finished;
  release();
  for (const { status } of await Promise.all(others)) assert.equal(status, 201);
  atOthers = finished - refusedBefore;
  const statuses = await Promise.all(done);
  const refused = statuses.filter((status) => status === 429).length;
  assert.ok(refused > 0 && refused < 500);
  assert.ok(atOthers < (500 - refused) / 2, `${atOthers} of the flood were served first`);
  const text = (await send(server, "GET", "/metrics", undefined, as("root"))).text;
  assert.match(
    text,
    /apiserver_flowcontrol_rejected_requests_total\{flow_schema="global-default",priority_level="global-default",reason="queue-full"\} \d+/,
  );
  assert.ok(level.idle);
  stop.abort();
});

test("a flood of nobody in particular holds up nobody in particular", async () => {
  const { server, release, stop } = await flooded(60);
  const flood = Array.from({ length: 400 }, () => send(server, "GET", maps));
  await turn();
  const mine = send(server, "GET", maps, undefined, as("ann"));
  release();
  assert.equal((await mine).status, 200);
  const statuses = new Set((await Promise.all(flood)).map(({ status }) => status));
  assert.deepEqual([...statuses].sort(), [403, 429]);
  const refused = (await Promise.all(flood)).find(({ status }) => status === 429)!;
  assert.deepEqual(
    [refused.text, refused.headers["retry-after"]],
    ["Too many requests, please try again later.\n", "1"],
  );
  assert.equal(refused.headers["x-kubernetes-pf-prioritylevel-uid"], "");
  stop.abort();
});

test("a wide list holds its seats until it is sent", async () => {
  const { server, queueing, stop } = await flooded(600);
  const { level } = queueing.levels.get("global-default")!;
  const large = { text: "x".repeat(10_000) };
  for (let i = 0; i < 25; i++) await send(server, "POST", maps, configMap(`m-${i}`, large), as("ann"));
  await send(server, "GET", maps, undefined, as("ann")); // The first list finds out how many there are.
  await turn();
  const response = await server.handle(requestOf("GET", maps, undefined, as("ann")));
  assert.deepEqual([response.status, level.seatsInUse], [200, 3]);
  response.onSent?.();
  assert.equal(level.seatsInUse, 0);
  assert.equal((await send(server, "GET", `${maps}/m-1`, undefined, as("ann"))).status, 200);
  assert.ok(level.idle);
  stop.abort();
});
