import assert from "node:assert/strict";
import { after, test } from "node:test";
import { requestOf, send } from "../../testing/server.ts";
import { configMap, group, patch, url, webhookServer } from "./testing.ts";

const { server, answers, asked, webhook, counted, configured, close } = await webhookServer();
after(close);

test("calls, refusals and failures are counted under upstream's names", async () => {
  const prefix = "apiserver_admission_webhook";
  await configured("Validating", [webhook("yes.example.com", "/yes"), webhook("no.example.com", "/no")], async () => {
    answers.set("/yes", () => ({ allowed: true }));
    answers.set("/no", () => ({ allowed: false, status: { code: 999 } }));
    assert.equal((await send(server, "POST", url, configMap())).status, 400);
  });
  // Nobody listens there.
  const clientConfig = { url: "https://127.0.0.1:1/gone" };
  const gone = webhook("gone.example.com", "/gone", { clientConfig, failurePolicy: "Ignore" });
  await configured("Mutating", [gone], async () => {
    assert.equal((await send(server, "POST", url, configMap())).status, 201);
  });
  await configured("Mutating", [webhook("fails.example.com", "/gone", { clientConfig })], async () => {
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
