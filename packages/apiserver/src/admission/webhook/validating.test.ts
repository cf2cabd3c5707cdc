import assert from "node:assert/strict";
import { after, test } from "node:test";
import { send } from "../../testing/server.ts";
import { configMap, url, webhookServer } from "./testing.ts";

const { hook, server, answers, asked, webhook, configured, close } = await webhookServer();
after(close);

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
