import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findDefinition, type Resource } from "@kubets/api";
import { type KubeObject, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { WebhookMetrics } from "../../metrics/admission-metrics.ts";
import { MetricsRegistry } from "../../metrics/families.ts";
import { StoreReader } from "../../reader/object-reader.ts";
import type { ApiServer } from "../../server.ts";
import { type HookServer, hookServer } from "../../testing/hook-server.ts";
import { podNamed, realServer } from "../../testing/real-server.ts";
import { requestOf, send } from "../../testing/server.ts";
import { WebhookClient } from "../../webhook/index.ts";
import {
  conditionCompiler,
  MutatingAdmissionWebhook,
  ValidatingAdmissionWebhook,
  webhookConfigurationHooks,
} from "./index.ts";

// biome-ignore lint/suspicious/noExplicitAny: AdmissionReviews of every shape.
type Review = any;

let hook: HookServer;
let server: ApiServer;
const meters = new MetricsRegistry();
const stop = new AbortController();
/** What the webhook at each path answers to the request it is given. */
const answers = new Map<string, (request: Review) => object | undefined>();
const asked: { path: string; review: Review }[] = [];

before(async () => {
  hook = await hookServer((request, body) => {
    const [path = ""] = (request.url ?? "").split("?");
    const review = JSON.parse(body);
    asked.push({ path, review });
    const response = answers.get(path)?.(review.request);
    if (response === undefined) return undefined;
    return {
      kind: "AdmissionReview",
      apiVersion: review.apiVersion,
      response: { uid: review.request.uid, ...response },
    };
  });
  const store = memoryStore();
  const definitionOf = ({ group, version, plural }: Resource) => findDefinition(group, version, plural)!;
  const reader = new StoreReader(store, definitionOf);
  const options = {
    source: { reader, resources: () => server.resources },
    client: new WebhookClient({
      clock: realClock,
      services: { resolve: async () => ({ host: "127.0.0.1", port: hook.port }) },
    }),
    clock: realClock,
    random: realRandom,
    logger: silentLogger,
    metrics: new WebhookMetrics(meters),
    compileConditions: conditionCompiler({
      authorize: ({ verb }) => ({ decision: verb === "allowed" ? "Allow" : "NoOpinion", reason: "" }),
    }),
  };
  const mutating = new MutatingAdmissionWebhook(options);
  const validating = new ValidatingAdmissionWebhook(options);
  await Promise.all([mutating.follow(stop.signal), validating.follow(stop.signal)]);
  server = realServer({ store, admission: [mutating, validating], hooks: webhookConfigurationHooks });
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
});

after(() => {
  stop.abort();
  hook.close();
});

const group = "/apis/admissionregistration.k8s.io/v1";

function webhook(name: string, path: string, more: object = {}) {
  return {
    name,
    clientConfig: { url: hook.url(path), caBundle: hook.caBundle },
    admissionReviewVersions: ["v1"],
    sideEffects: "None",
    timeoutSeconds: 5,
    rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["*"], resources: ["configmaps"] }],
    ...more,
  };
}

async function counted(name: string, labels: string): Promise<number> {
  const line = (await meters.text()).split("\n").find((each) => each.startsWith(`${name}{${labels}}`));
  return Number(line?.split(" ").at(-1) ?? 0);
}

async function configured(
  kind: "Mutating" | "Validating",
  webhooks: readonly object[],
  body: () => Promise<void>,
): Promise<void> {
  const plural = `${kind.toLowerCase()}webhookconfigurations`;
  const made = await send(server, "POST", `${group}/${plural}`, { metadata: { name: "test" }, webhooks });
  assert.equal(made.status, 201, made.text);
  try {
    await body();
  } finally {
    await send(server, "DELETE", `${group}/${plural}/test`);
    answers.clear();
    asked.length = 0;
  }
}

const url = "/api/v1/namespaces/default/configmaps";
let count = 0;
const configMap = (more: object = {}) => ({ metadata: { name: `c${count++}` }, data: { a: "1" }, ...more });
const patch = (...operations: object[]) => ({
  allowed: true,
  patchType: "JSONPatch",
  patch: Buffer.from(JSON.stringify(operations)).toString("base64"),
});

test("calls, refusals and failures are counted under upstream's names", async () => {
  const prefix = "apiserver_admission_webhook";
  await configured("Validating", [webhook("yes.example.com", "/yes"), webhook("no.example.com", "/no")], async () => {
    answers.set("/yes", () => ({ allowed: true }));
    answers.set("/no", () => ({ allowed: false, status: { code: 999 } }));
    assert.equal((await send(server, "POST", url, configMap())).status, 400);
  });
  await configured("Mutating", [webhook("gone.example.com", "/gone", { failurePolicy: "Ignore" })], async () => {
    assert.equal((await send(server, "POST", url, configMap())).status, 201);
  });
  await configured("Mutating", [webhook("fails.example.com", "/gone")], async () => {
    assert.equal((await send(server, "POST", url, configMap())).status, 500);
  });
  const request = (code: number, name: string, rejected: boolean, type: string) =>
    counted(
      `${prefix}_request_total`,
      `code="${code}",name="${name}.example.com",operation="CREATE",rejected="${rejected}",type="${type}"`,
    );
  assert.equal(await request(200, "yes", false, "validating"), 1);
  assert.equal(await request(400, "no", true, "validating"), 1);
  assert.equal(await request(503, "gone", false, "admit"), 1);
  assert.equal(await request(503, "fails", true, "admit"), 1);
  const rejection = (type: string, name: string, code: number, kind: string) =>
    counted(
      `${prefix}_rejection_count`,
      `error_type="${type}",name="${name}.example.com",operation="CREATE",rejection_code="${code}",type="${kind}"`,
    );
  assert.equal(await rejection("no_error", "no", 400, "validating"), 1);
  assert.equal(await rejection("calling_webhook_error", "fails", 503, "admit"), 1);
  assert.equal(await counted(`${prefix}_fail_open_count`, 'name="gone.example.com",type="admit"'), 1);
  const seconds = `${prefix}_admission_duration_seconds_count`;
  const labels = 'name="yes.example.com",operation="CREATE",rejected="false",type="validating"';
  assert.equal(await counted(seconds, labels), 1);
});

test("a webhook is not waited for on behalf of nobody", async () => {
  for (const [kind, type] of [
    ["Mutating", "admit"],
    ["Validating", "validating"],
  ] as const) {
    const arrived = Promise.withResolvers<undefined>();
    answers.set("/slow", () => void arrived.resolve(undefined));
    await configured(kind, [webhook("slow.example.com", "/slow", { failurePolicy: "Ignore" })], async () => {
      const client = new AbortController();
      const answer = server.handle(requestOf("POST", url, configMap(), { signal: client.signal }));
      await arrived.promise;
      client.abort(new DOMException("gone", "AbortError"));
      assert.equal((await answer).status, 504);
    });
    const labels = `name="slow.example.com",type="${type}"`;
    assert.equal(await counted("apiserver_admission_webhook_fail_open_count", labels), 0);
  }
});

test("a validating webhook is shown the request, and refuses it with its own words", () =>
  configured("Validating", [webhook("check.example.com", "/check")], async () => {
    answers.set("/check", () => ({ allowed: false, status: { code: 422, reason: "Invalid", message: "no" } }));
    const map = configMap();
    const refused = await send(server, "POST", `${url}?fieldManager=me&dryRun=All&fieldValidation=Strict`, map);
    assert.equal(refused.status, 422);
    assert.equal(refused.json.reason, "Invalid");
    assert.equal(refused.json.message, 'admission webhook "check.example.com" denied the request: no');
    const { request } = asked[0]!.review;
    const kind = { group: "", version: "v1", kind: "ConfigMap" };
    const resource = { group: "", version: "v1", resource: "configmaps" };
    assert.deepEqual(
      { ...request, uid: "", object: request.object.data },
      {
        uid: "",
        kind,
        resource,
        requestKind: kind,
        requestResource: resource,
        name: map.metadata.name,
        namespace: "default",
        operation: "CREATE",
        userInfo: { username: "admin", groups: ["system:masters", "system:authenticated"] },
        object: { a: "1" },
        oldObject: null,
        dryRun: true,
        options: {
          kind: "CreateOptions",
          apiVersion: "meta.k8s.io/v1",
          dryRun: ["All"],
          fieldManager: "me",
          fieldValidation: "Strict",
        },
      },
    );
    answers.set("/check", () => ({ allowed: false }));
    const plain = await send(server, "POST", url, configMap());
    assert.deepEqual(
      [plain.status, plain.json.message],
      [400, 'admission webhook "check.example.com" denied the request without explanation'],
    );
    answers.set("/check", () => ({ allowed: true, warnings: ["be careful"] }));
    const allowed = await send(server, "POST", url, configMap());
    assert.equal(allowed.status, 201);
    assert.match(String(allowed.headers["warning"]), /299 - "be careful"/);
    const deleted = await send(server, "DELETE", `${url}/${allowed.json.metadata.name}`);
    assert.equal(deleted.status, 200);
    const last = asked.at(-1)!.review.request;
    assert.deepEqual([last.operation, last.object, last.options.kind], ["DELETE", null, "DeleteOptions"]);
    assert.equal(last.oldObject.metadata.name, allowed.json.metadata.name);
  }));

test("a webhook that cannot be asked fails the request, or is passed over, as its failurePolicy says", async () => {
  const broken = { clientConfig: { url: "https://127.0.0.1:1/", caBundle: hook.caBundle } };
  await configured("Validating", [webhook("down.example.com", "/", broken)], async () => {
    const { status, json } = await send(server, "POST", url, configMap());
    const why =
      'failed calling webhook "down.example.com": failed to call webhook: Post "https://127.0.0.1:1/?timeout=5s": dial tcp 127.0.0.1:1: connect: connection refused';
    assert.deepEqual([status, json.reason, json.message], [500, "InternalError", `Internal error occurred: ${why}`]);
  });
  await configured(
    "Validating",
    [webhook("down.example.com", "/", { ...broken, failurePolicy: "Ignore" })],
    async () => {
      assert.equal((await send(server, "POST", url, configMap())).status, 201);
    },
  );
  await configured("Mutating", [webhook("slow.example.com", "/never", { timeoutSeconds: 1 })], async () => {
    const { json } = await send(server, "POST", url, configMap());
    assert.match(
      json.message,
      /slow.example.com": failed to call webhook: Post "https:.*\?timeout=1s": context deadline exceeded$/,
    );
  });
  await configured("Validating", [webhook("wrong.example.com", "/wrong")], async () => {
    answers.set("/wrong", () => ({ uid: "other", allowed: true }));
    answers.set("/wrong", () => ({ allowed: false, status: { code: "abc" } }));
    const strange = await send(server, "POST", url, configMap());
    assert.match(
      strange.json.message,
      /json: cannot unmarshal into Go struct field AdmissionReview.response.status.code of type int32$/,
    );
    answers.set("/wrong", () => ({ uid: "other", allowed: true }));
    const { json } = await send(server, "POST", url, configMap());
    assert.match(json.message, /received invalid webhook response: expected response.uid="[^"]+", got "other"$/);
  });
});

test("a patch is shown as the update, or the create, that it is", () =>
  configured("Validating", [webhook("check.example.com", "/check")], async () => {
    answers.set("/check", () => ({ allowed: true }));
    const apply = { headers: { "content-type": "application/apply-patch+yaml" } };
    const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "applied" }, data: { a: "1" } };
    for (const [data, operation, kind] of [
      ["1", "CREATE", "CreateOptions"],
      ["2", "UPDATE", "UpdateOptions"],
    ]) {
      await send(server, "PATCH", `${url}/applied?fieldManager=me&force=true`, { ...body, data: { a: data } }, apply);
      const { request } = asked.at(-1)!.review;
      assert.deepEqual(
        [request.operation, request.options],
        [operation, { kind, apiVersion: "meta.k8s.io/v1", fieldManager: "me" }],
      );
    }
  }));

test("mutating webhooks change the object one after the other, in the configurations' order", () =>
  configured(
    "Mutating",
    [webhook("first.example.com", "/first"), webhook("second.example.com", "/second")],
    async () => {
      answers.set("/first", () => patch({ op: "add", path: "/data/first", value: "1" }));
      answers.set("/second", ({ object }) =>
        patch({ op: "add", path: "/data/second", value: object.data.first === "1" ? "saw" : "blind" }),
      );
      const made = await send(server, "POST", `${url}?fieldManager=me`, configMap());
      assert.deepEqual(made.json.data, { a: "1", first: "1", second: "saw" });
      assert.equal(asked.length, 2);
      answers.set("/first", () => patch({ op: "remove", path: "/data/missing" }));
      const failed = await send(server, "POST", url, configMap());
      assert.equal(failed.status, 500);
      assert.match(failed.json.message, /^Internal error occurred: /);
    },
  ));

test("a webhook that wants it is asked again when the object changed after it", () => {
  const again = { reinvocationPolicy: "IfNeeded" };
  return configured("Mutating", [webhook("a.example.com", "/a", again), webhook("b.example.com", "/b")], async () => {
    answers.set("/a", ({ object }) =>
      patch({ op: "add", path: "/data/seen", value: object.data.b === undefined ? "1" : "2" }),
    );
    answers.set("/b", () => patch({ op: "add", path: "/data/b", value: "x" }));
    const made = await send(server, "POST", url, configMap());
    assert.deepEqual(made.json.data, { a: "1", seen: "2", b: "x" });
    assert.deepEqual(
      asked.map(({ path }) => path),
      ["/a", "/b", "/a"],
    );
  });
});

test("side effects and dry run; match conditions; configurations are not subject to webhooks", async () => {
  await configured(
    "Validating",
    [
      webhook("all.example.com", "/all", {
        rules: [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*"] }],
      }),
    ],
    async () => {
      answers.set("/all", () => ({ allowed: false }));
      assert.equal((await send(server, "POST", url, configMap())).status, 400);
    },
  );
  const conditions = (expression: string, more: object = {}) => [
    webhook("cond.example.com", "/cond", { matchConditions: [{ name: "x", expression }], ...more }),
  ];
  const passed = async (expression: string, more: object = {}) => {
    let reply: Awaited<ReturnType<typeof send>> | undefined;
    const map = { ...configMap(), metadata: { name: "conditions" } };
    await configured("Validating", conditions(expression, more), async () => {
      answers.set("/cond", () => ({ allowed: false }));
      reply = await send(server, "POST", `${url}?dryRun=All`, map);
    });
    return reply!;
  };
  assert.equal((await passed("object.data.a == '2'")).status, 201);
  assert.equal((await passed("object.data.a == '1' && request.operation == 'CREATE'")).status, 400);
  assert.equal((await passed("oldObject != null || request.userInfo.username != 'admin'")).status, 201);
  assert.equal((await passed("authorizer.requestResource.check('allowed').allowed()")).status, 400);
  assert.equal((await passed("authorizer.group('').resource('pods').check('other').allowed()")).status, 201);
  const failed = await passed("object.data.missing == '1'");
  assert.deepEqual(
    [failed.status, failed.json.message],
    [
      403,
      `configmaps "conditions" is forbidden: expression 'object.data.missing == '1'' resulted in error: no such key: missing`,
    ],
  );
  assert.equal((await passed("object.data.missing == '1'", { failurePolicy: "Ignore" })).status, 201);
});

test("an equivalent version is shown, and taken back", () => {
  const rules = [
    {
      apiGroups: ["autoscaling"],
      apiVersions: ["v1"],
      operations: ["CREATE"],
      resources: ["horizontalpodautoscalers"],
    },
  ];
  return configured("Mutating", [webhook("hpa.example.com", "/hpa", { rules })], async () => {
    answers.set("/hpa", ({ object }) =>
      object.spec.targetCPUUtilizationPercentage === 80
        ? patch({ op: "replace", path: "/spec/targetCPUUtilizationPercentage", value: 50 })
        : { allowed: false },
    );
    const cpu = {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
    };
    const made = await send(server, "POST", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers", {
      metadata: { name: "h" },
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "d", apiVersion: "apps/v1" },
        maxReplicas: 3,
        metrics: [cpu],
      },
    });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json.spec.metrics[0].resource.target.averageUtilization, 50);
    const { request } = asked[0]!.review;
    assert.deepEqual(
      [request.kind.version, request.requestKind.version, request.object.apiVersion],
      ["v1", "v2", "autoscaling/v1"],
    );
  });
});

test("what a patch adds is given defaults, and is not taken for the manager's", () => {
  const rules = [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }];
  return configured("Mutating", [webhook("pod.example.com", "/pod", { rules })], async () => {
    answers.set("/pod", () =>
      patch({ op: "add", path: "/spec/containers/-", value: { name: "side", image: "side:1" } }),
    );
    const made = await send(server, "POST", "/api/v1/namespaces/default/pods?fieldManager=me", podNamed("p"));
    assert.equal(made.status, 201, made.text);
    const side = made.json.spec.containers.find(({ name }: { name: string }) => name === "side");
    assert.equal(side.terminationMessagePath, "/dev/termination-log");
    const [entry] = (made.json as KubeObject).metadata!.managedFields!;
    assert.equal(entry?.manager, "me");
    assert.ok(!JSON.stringify(entry?.fieldsV1).includes("side"));
  });
});

test("subresources with kinds of their own are shown as those", () => {
  const rules = [{ apiGroups: ["*"], apiVersions: ["*"], operations: ["*"], resources: ["*/scale", "pods/proxy"] }];
  return configured("Mutating", [webhook("scale.example.com", "/scale", { rules })], async () => {
    answers.set("/scale", ({ operation }) =>
      operation === "CONNECT" ? { allowed: false } : patch({ op: "replace", path: "/spec/replicas", value: 3 }),
    );
    const container = { name: "c", image: "nginx:1" };
    const template = { metadata: { labels: { app: "x" } }, spec: { containers: [container] } };
    const spec = { replicas: 1, selector: { matchLabels: { app: "x" } }, template };
    const deployments = "/apis/apps/v1/namespaces/default/deployments";
    assert.equal((await send(server, "POST", deployments, { metadata: { name: "d" }, spec })).status, 201);
    const scaled = await send(server, "PUT", `${deployments}/d/scale`, {
      metadata: { name: "d" },
      spec: { replicas: 2 },
    });
    assert.equal(scaled.json.spec.replicas, 3);
    const { request } = asked[0]!.review;
    assert.deepEqual(request.kind, { group: "autoscaling", version: "v1", kind: "Scale" });
    assert.deepEqual(
      [request.subResource, request.object.spec, request.oldObject.spec],
      ["scale", { replicas: 2 }, { replicas: 1 }],
    );
    const refused = await send(server, "GET", "/api/v1/namespaces/default/pods/p/proxy/x");
    assert.equal(refused.json.message, 'admission webhook "scale.example.com" denied the request without explanation');
    const connect = asked.at(-1)!.review.request;
    assert.deepEqual(
      [connect.operation, connect.kind.kind, connect.object.kind, connect.options],
      ["CONNECT", "PodProxyOptions", "PodProxyOptions", null],
    );
  });
});

test("a configuration whose expressions do not compile is refused", async () => {
  const webhooks = [webhook("bad.example.com", "/", { matchConditions: [{ name: "x", expression: "nonsense" }] })];
  const made = await send(server, "POST", `${group}/validatingwebhookconfigurations`, {
    metadata: { name: "bad" },
    webhooks,
  });
  assert.equal(made.status, 422);
  const [cause] = made.json.details.causes;
  assert.equal(cause.field, "webhooks[0].matchConditions[0].expression");
  assert.match(
    cause.message,
    /^Invalid value: "nonsense": compilation failed: ERROR: <input>:1:1: undeclared reference/,
  );
});
