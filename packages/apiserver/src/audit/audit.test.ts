/** Whole requests, and what is recorded of them. */

import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { realClock, realRandom, silentLogger, unauthorized } from "@kubets/apimachinery";
import type { ApiServerOptions } from "../server/options.ts";
import { httpsHook } from "../testing/https-hook.ts";
import { podNamed, realServer } from "../testing/real-server.ts";
import { send, watch } from "../testing/server.ts";
import { Auditing, type AuditLogOptions, type AuditOptions } from "./index.ts";

const pods = "/api/v1/namespaces/default/pods";
const parts = { clock: realClock, random: realRandom, logger: silentLogger };

function policyOf(rules: object, more: object = {}) {
  return {
    text: JSON.stringify({ apiVersion: "audit.k8s.io/v1", kind: "Policy", rules, ...more }),
    path: "policy.yaml",
  };
}

// biome-ignore lint/suspicious/noExplicitAny: events of every shape.
type Event = any;

/** A server whose log is kept in memory. */
async function audited(
  rules: object,
  options: Partial<ApiServerOptions> = {},
  log: Partial<AuditLogOptions> = {},
  more: object = {},
) {
  const lines: string[] = [];
  let failing = false;
  const stdout = {
    write: (text: string, callback: (error?: Error) => void) => {
      if (failing) callback(new Error("no space left on device"));
      else {
        lines.push(...text.trimEnd().split("\n"));
        callback();
      }
      return true;
    },
  } as NonNullable<AuditLogOptions["stdout"]>;
  const auditing = await Auditing.create({ policy: policyOf(rules, more), log: { path: "-", stdout, ...log } }, parts);
  assert.ok(auditing);
  const server = realServer({ auditing, ...options });
  return {
    server,
    auditing,
    lines,
    fail: () => {
      failing = true;
    },
    events: (): Event[] => lines.map((line) => JSON.parse(line)),
  };
}

const all = (level: string, more: object = {}) => [{ level, ...more }];

test("a create at Metadata, byte for byte", async () => {
  const { server, lines, events } = await audited(all("Metadata"));
  const headers = {
    "audit-id": "an-id",
    "user-agent": "kubectl/v1.36 <x>",
    "x-forwarded-for": "10.0.0.1, bad, 10.0.0.2",
  };
  const reply = await send(server, "POST", `${pods}?fieldManager=a&dryRun=All`, podNamed("web"), { headers });
  assert.equal(reply.status, 201);
  assert.equal(reply.headers["audit-id"], "an-id");
  assert.equal(lines.length, 2);
  const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z";
  const start = '{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"an-id"';
  const who =
    '"requestURI":"/api/v1/namespaces/default/pods?fieldManager=a\\u0026dryRun=All","verb":"create","user":{"username":"admin","groups":["system:masters","system:authenticated"]},"sourceIPs":["10.0.0.1","10.0.0.2"],"userAgent":"kubectl/v1.36 \\u003cx\\u003e"';
  const object = '"objectRef":{"resource":"pods","namespace":"default",';
  const [received = "", complete = ""] = lines.map((line) => line.replaceAll(new RegExp(time, "g"), "T"));
  assert.equal(
    received,
    `${start},"stage":"RequestReceived",${who},${object}"apiVersion":"v1"},"requestReceivedTimestamp":"T","stageTimestamp":"T"}`,
  );
  assert.ok(
    complete.startsWith(
      `${start},"stage":"ResponseComplete",${who},${object}"name":"web","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":201},"requestReceivedTimestamp":"T","stageTimestamp":"T","annotations":{"authorization.k8s.io/decision":"allow"`,
    ),
    complete,
  );
  const [first] = events();
  assert.equal(first.requestReceivedTimestamp, first.stageTimestamp);
});

test("bodies come with their levels, without managed fields when they are to be omitted", async () => {
  const { server, events } = await audited(
    all("RequestResponse", { omitManagedFields: true }),
    {},
    {},
    {
      omitStages: ["RequestReceived"],
    },
  );
  await send(server, "POST", pods, podNamed("web"));
  await send(server, "PATCH", `${pods}/web`, '{"metadata":{"labels":{"a":"b"}}}', {
    headers: { "content-type": "application/merge-patch+json" },
  });
  await send(server, "GET", pods);
  await send(server, "DELETE", `${pods}/web`, { kind: "DeleteOptions", apiVersion: "v1", gracePeriodSeconds: 0 });
  await send(server, "GET", `${pods}/web`);
  const [create, patch, list, remove, missing] = events();
  assert.equal(create.requestObject.spec.dnsPolicy, "ClusterFirst");
  assert.equal(create.requestObject.metadata.uid, undefined);
  assert.equal(create.responseObject.metadata.name, "web");
  assert.equal(create.responseObject.metadata.managedFields, undefined);
  assert.deepEqual(patch.requestObject, { metadata: { labels: { a: "b" } } });
  assert.equal(patch.responseObject.metadata.labels.a, "b");
  assert.equal(list.requestObject, undefined);
  assert.equal(list.responseObject.items[0].metadata.managedFields, undefined);
  assert.equal(remove.requestObject.gracePeriodSeconds, 0);
  assert.deepEqual(missing.responseStatus, {
    metadata: {},
    status: "Failure",
    message: 'pods "web" not found',
    reason: "NotFound",
    details: { name: "web", kind: "pods" },
    code: 404,
  });
});

test("a watch has begun, and is complete when it ends", async () => {
  const { server, events } = await audited(all("Metadata"));
  const watching = await watch(server, `${pods}?watch=1`);
  assert.deepEqual(
    events().map(({ stage }) => stage),
    ["RequestReceived", "ResponseStarted"],
  );
  watching.stop();
  while (events().length < 3) await nextTurn();
  const last = events()[2];
  assert.equal(last.stage, "ResponseComplete");
  assert.deepEqual(last.responseStatus, { metadata: {}, code: 200 });
});

test("a connection that was taken over is complete when it closes", async () => {
  const { server, events } = await audited(all("RequestResponse"), {
    subresources: { "/pods/exec": async () => ({ status: 101, content: { type: "hijacked" } }) },
  });
  const abort = new AbortController();
  await send(server, "POST", `${pods}/web/exec?command=ls`, undefined, { signal: abort.signal });
  assert.equal(events().length, 2);
  abort.abort();
  while (events().length < 3) await nextTurn();
  const { stage, responseStatus, verb, objectRef } = events()[2];
  assert.deepEqual([stage, responseStatus.code, verb], ["ResponseComplete", 101, "create"]);
  assert.equal(objectRef.subresource, "exec");
});

test("who acts as whom, what was denied, and who nobody is", async () => {
  const { server, events } = await audited(all("Metadata"), {
    authenticator: {
      authenticate: ({ headers }) => {
        if (headers["authorization"] !== undefined) throw unauthorized("Unauthorized");
        return { name: "boss", groups: [], uid: "7", extra: { b: ["2"], a: ["1"] } };
      },
    },
    authorizer: {
      authorize: ({ user, verb }) =>
        verb === "impersonate" || user.name === "boss"
          ? { decision: "Allow", reason: "said so" }
          : { decision: "NoOpinion", reason: "no rule" },
    },
  });
  const reply = await send(server, "GET", pods, undefined, { headers: { "impersonate-user": "alice" } });
  assert.equal(reply.status, 403);
  const [received, denied] = events();
  assert.equal(received.impersonatedUser, undefined);
  assert.deepEqual(denied.user, {
    username: "boss",
    uid: "7",
    groups: ["system:authenticated"],
    extra: { a: ["1"], b: ["2"] },
  });
  assert.deepEqual(denied.impersonatedUser.username, "alice");
  assert.equal(denied.responseStatus.reason, "Forbidden");
  assert.equal(denied.annotations["authorization.k8s.io/decision"], "forbid");
  assert.equal(denied.annotations["authorization.k8s.io/reason"], "no rule");
  await send(server, "GET", pods, undefined, { headers: { authorization: "Bearer bad" } });
  const { stage, user, responseStatus } = events()[2];
  assert.deepEqual([stage, user, responseStatus.code], ["ResponseStarted", {}, 401]);
  assert.equal(events().length, 3);
});

test("a request that breaks is recorded as a panic", async () => {
  const { server, events } = await audited(all("Metadata"), {
    subresources: {
      "/pods/exec": async () => {
        throw new TypeError("x is undefined");
      },
    },
  });
  await send(server, "POST", `${pods}/web/exec`);
  const { stage, responseStatus } = events().at(-1);
  assert.equal(stage, "Panic");
  assert.deepEqual(responseStatus, {
    metadata: {},
    status: "Failure",
    message: "APIServer panic'd: x is undefined",
    reason: "InternalError",
    code: 500,
  });
  assert.equal(events().length, 2);
});

test("what admission has changed is told from the level Request on", async () => {
  for (const [level, told] of [
    ["Metadata", undefined],
    ["Request", "[]"],
  ] as const) {
    const { server, events } = await audited(all(level), {
      admission: [
        {
          name: "Test",
          handles: () => true,
          mutate: async (attributes) => {
            attributes.annotate("patch.webhook.admission.k8s.io/round_0_index_0", "[]");
            attributes.annotate("test/always", "1");
            attributes.annotate("test/always", "2");
          },
        },
      ],
    });
    await send(server, "POST", pods, podNamed("web"));
    const { annotations } = events()[1];
    assert.equal(annotations["patch.webhook.admission.k8s.io/round_0_index_0"], told);
    assert.equal(annotations["test/always"], "1");
  }
});

test("None is not recorded, and callers in this process are", async () => {
  const { server, lines, events } = await audited([{ level: "None", users: ["admin"] }, { level: "Metadata" }]);
  const reply = await send(server, "GET", pods);
  assert.match(String(reply.headers["audit-id"]), /^[0-9a-f-]{36}$/);
  assert.equal(lines.length, 0);
  const transport = server.transport({ name: "system:apiserver", groups: [] }, "kube-apiserver");
  await transport.request({ method: "GET", path: pods, query: { limit: "1" } });
  assert.deepEqual(events()[1].sourceIPs, ["::1"]);
  assert.equal(events()[1].requestURI, `${pods}?limit=1`);
});

test("a full disk is counted; only a strict log refuses what it cannot record", async () => {
  for (const [mode, status] of [
    ["batch", 200],
    ["blocking", 200],
    ["blocking-strict", 500],
  ] as const) {
    const { server, auditing, fail } = await audited(all("Metadata"), {}, { mode });
    fail();
    const reply = await send(server, "GET", pods);
    assert.equal(reply.status, status, mode);
    if (status === 500) assert.equal(reply.text, `Internal Server Error: "${pods}": failed to store audit event\n`);
    await auditing.close();
    const metrics = auditing.metrics().join("\n");
    assert.match(metrics, /apiserver_audit_error_total\{plugin="log"\} [12]/);
    assert.match(metrics, /apiserver_audit_level_total\{level="Metadata"\} 1/);
    assert.match(metrics, status === 500 ? /requests_rejected_total 1/ : /requests_rejected_total 0/);
  }
});

test("the legacy format", async () => {
  const { server, lines } = await audited(all("Metadata"), {}, { format: "legacy" });
  await send(server, "GET", pods, undefined, { headers: { "user-agent": "me", "audit-id": "7" } });
  assert.match(
    lines[1] ?? "",
    /^\d{4}-.*Z AUDIT: id="7" stage="ResponseComplete" ip="<unknown>" method="list" user="admin" groups="\\"system:masters\\",\\"system:authenticated\\"" as="<self>" asgroups="<lookup>" user-agent="me" namespace="default" uri="\/api\/v1\/namespaces\/default\/pods" response="200"$/,
  );
});

test("events that are too large lose their bodies", async () => {
  const truncate = { maxEventBytes: 2000, maxBatchBytes: 4000 };
  const { server, events, auditing } = await audited(all("RequestResponse"), {}, { truncate });
  const reply = await send(server, "POST", pods, podNamed("web", {}, { annotations: { a: "x".repeat(2000) } }));
  assert.equal(reply.status, 201);
  const complete = events()[1];
  assert.equal(complete.requestObject, undefined);
  assert.equal(complete.annotations["audit.k8s.io/truncated"], "true");
  await send(server, "GET", `${pods}?labelSelector=${"a".repeat(3000)}`);
  assert.match(auditing.metrics().join("\n"), /error_total\{plugin="truncate"\} 2/);
});

test("a log in a folder of its own rotates, and the server's end leaves nothing unwritten", async () => {
  const folder = await mkdtemp(join(tmpdir(), "audit-"));
  try {
    const path = join(folder, "deep", "audit.log");
    const rotation = { maxBytes: 4000, maxBackups: 2, compress: true };
    const options: AuditOptions = { policy: policyOf(all("Metadata")), log: { path, mode: "batch", rotation } };
    const auditing = await Auditing.create(options, parts);
    const server = realServer({ auditing });
    for (let i = 0; i < 20; i++) await send(server, "GET", pods);
    await auditing?.close();
    const files = (await readdir(join(folder, "deep"))).sort();
    assert.equal(files.length, 3, files.join());
    for (const file of files.slice(0, 2)) assert.match(file, /^audit-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}\.log\.gz$/);
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    assert.equal(JSON.parse(lines.at(-1) ?? "").stage, "ResponseComplete");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a webhook is sent lists of events, and again when it fails", async () => {
  const bodies = new EventEmitter();
  let failures = 1;
  const hook = await httpsHook(() => {
    bodies.emit("body");
    return failures-- > 0 ? 503 : 200;
  });
  try {
    const config = { text: hook.kubeconfig("/audit"), path: "kubeconfig" };
    const webhook = { config, initialBackoffMs: 1, batch: { maxBatchSize: 4, maxBatchWaitMs: 60_000 } };
    const auditing = await Auditing.create({ policy: policyOf(all("Metadata")), webhook }, parts);
    const server = realServer({ auditing });
    for (let i = 0; i < 3; i++) await send(server, "GET", pods);
    await auditing?.close();
    const lists = hook.requests.map(({ body }) => body as Event);
    assert.deepEqual(
      lists.map(({ kind, items }) => [kind, items.length]).sort(),
      [
        ["EventList", 2],
        ["EventList", 4],
        ["EventList", lists[0].items.length],
      ].sort(),
    );
    assert.equal(lists[0].items[0].kind, undefined);
    assert.equal(hook.requests[0]?.path, "/audit?timeout=30s");
  } finally {
    await hook.close();
  }
});

test("a dead webhook does not hold requests up; what does not fit its buffer is counted", async () => {
  const config = {
    text: JSON.stringify({
      "current-context": "x",
      clusters: [{ name: "x", cluster: { server: "https://127.0.0.1:1" } }],
      contexts: [{ name: "x", context: { cluster: "x" } }],
    }),
    path: "kubeconfig",
  };
  const webhook = { config, initialBackoffMs: 1, batch: { bufferSize: 3 } };
  const auditing = await Auditing.create({ policy: policyOf(all("Metadata")), webhook }, parts);
  const server = realServer({ auditing });
  for (let i = 0; i < 3; i++) assert.equal((await send(server, "GET", pods)).status, 200);
  await auditing?.close();
  const metrics = auditing?.metrics().join("\n") ?? "";
  assert.match(metrics, /error_total\{plugin="buffered"\} 3/);
  assert.match(metrics, /error_total\{plugin="webhook"\} 3/);
  assert.match(metrics, /event_total 6/);
});
