import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { KubeObject } from "@kubets/apimachinery";
import { podNamed } from "../../testing/real-server.ts";
import { send } from "../../testing/server.ts";
import { configMap, patch, url, webhookServer } from "./testing.ts";

const { server, answers, asked, webhook, configured, close } = await webhookServer();
after(close);

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
