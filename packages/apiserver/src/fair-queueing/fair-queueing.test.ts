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

test("what a level has borrowed stays its own when the configuration changes", async () => {
  const { queueing, reader, clock, stop } = await set(600);
  assert.ok(clock instanceof VirtualClock);
  const { level, limits } = queueing.levels.get("global-default")!;
  // As upstream: what nobody wants is shared by what the levels keep for themselves.
  assert.deepEqual([limits.nominal, limits.lower, level.limit, clock.pendingTimers], [49, 24, 56, 0]);
  const info = parseRequestInfo("GET", "/api/v1/namespaces/x/pods/y", new URLSearchParams());
  const enter = () => queueing.enter(requestOf("GET", "/api/v1/namespaces/x/pods/y"), info, user("ann"));
  const entered = Array.from({ length: 300 }, enter);
  assert.deepEqual([level.executing.length, level.waiting.size], [56, 244]);
  await clock.advance(10_000);
  const borrowed = level.limit;
  assert.ok(borrowed > 250, String(borrowed));
  assert.equal(queueing.targets.get("global-default"), Math.max(49, level.demand.smoothed));
  reader.put(flowSchemas, { ...suggestedSchemas[0]!, metadata: { name: "system-nodes", labels: { new: "label" } } });
  assert.ok(queueing.levels.get("global-default")!.level.limit >= borrowed - 1);
  for (const place of entered) (await place)?.leave();
  // It gives back slowly, and then there is nothing to do any more.
  await clock.advance(60_000);
  const later = level.limit;
  assert.ok(later < borrowed && later > 100, String(later));
  await clock.advance(3_600_000);
  assert.deepEqual([level.limit, clock.pendingTimers], [56, 0]);
  stop.abort();
});

test("a level that is gone ends what it has, with its part of the seats", async () => {
  const { queueing, reader, stop } = await set(600);
  const info = parseRequestInfo("GET", "/api/v1/namespaces/x/pods/y", new URLSearchParams());
  const place = await queueing.enter(requestOf("GET", "/"), info, user("ann"));
  const { level } = queueing.levels.get("global-default")!;
  reader.remove(priorityLevelConfigurations, "", "global-default");
  assert.equal(queueing.classify(user("ann"), info).schema, "catch-all");
  assert.deepEqual([level.quiescing, queueing.levels.has("global-default")], [true, true]);
  assert.ok(queueing.counters.has("global-default/global-default"));
  place?.leave();
  assert.equal(queueing.levels.has("global-default"), false);
  assert.equal(queueing.counters.has("global-default/global-default"), false);
  stop.abort();
});

test("metrics have upstream's names and labels", async () => {
  const { queueing, clock, stop } = await set(600);
  const info = parseRequestInfo("GET", "/api/v1/namespaces/x/pods/y", new URLSearchParams());
  const place = await queueing.enter(requestOf("GET", "/"), info, user("ann"));
  place?.leave();
  const lines = fairQueueingMetrics(queueing, clock);
  const flow = 'flow_schema="global-default",priority_level="global-default"';
  const level = 'priority_level="global-default"';
  for (const line of [
    `dispatched_requests_total{${flow}} 1`,
    `current_executing_requests{${flow}} 0`,
    `request_execution_seconds_count{${flow},type="regular"} 1`,
    `request_wait_duration_seconds_bucket{${flow},execute="true",le="0"} 1`,
    `request_queue_length_after_enqueue_sum{${flow}} 1`,
    `work_estimated_seats_bucket{${flow},le="1"} 1`,
    `nominal_limit_seats{${level}} 49`,
    `lower_limit_seats{${level}} 24`,
    `upper_limit_seats{${level}} 649`,
    `current_limit_seats{${level}} 56`,
    `target_seats{${level}} 24`,
    `next_s_bounds{bound="min",${level}} 0`,
    `priority_level_seat_utilization_count{phase="executing",${level}} 0`,
    `priority_level_request_utilization_count{phase="waiting",${level}} 0`,
    `demand_seats_count{${level}} 0`,
    'read_vs_write_current_requests_count{phase="executing",request_kind="readOnly"} 0',
  ]) {
    assert.ok(lines.includes(`apiserver_flowcontrol_${line}`), line);
  }
  assert.ok(lines.includes('apiserver_current_inqueue_requests{request_kind="mutating"} 0'));
  const help = "# HELP apiserver_flowcontrol_dispatched_requests_total [BETA] Number of requests executed";
  assert.ok(lines.some((line) => line.startsWith(help)));
  stop.abort();
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

test("a watch that begins with what there is holds its seat until that is out", async () => {
  const { server, queueing, stop } = await flooded(600);
  const { level } = queueing.levels.get("global-default")!;
  for (let i = 0; i < 200; i++) await send(server, "POST", maps, configMap(`m-${i}`), as("ann"));
  const abort = new AbortController();
  const begin = async (query: string) => {
    const { body, onSent } = await server.handle(
      requestOf("GET", `${maps}?watch=1${query}`, undefined, { ...as("ann"), signal: abort.signal }),
    );
    assert.ok(body.type === "push");
    return { start: body.start, onSent };
  };
  const slow = await begin("");
  assert.equal(level.seatsInUse, 1);
  let drain = () => {};
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });
  slow.start({ write() {}, drained: () => drained, end() {} }, abort.signal);
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(level.seatsInUse, 1);
  drain();
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(level.seatsInUse, 0);
  // Of one that goes on from a version nothing is to be sent first.
  await begin("&resourceVersion=5");
  assert.equal(level.seatsInUse, 0);
  const gone = await begin("&resourceVersion=0");
  assert.equal(level.seatsInUse, 1);
  gone.onSent?.();
  assert.equal(level.seatsInUse, 0);
  abort.abort();
  slow.onSent?.();
  stop.abort();
});
