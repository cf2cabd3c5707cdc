import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer, define, widgets } from "../testing/custom-resources.ts";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";

test("who creates an object owns neither the structs on the way nor lists that are always written", async () => {
  const server = realServer();
  const metadata = { labels: { a: "b" } };
  const spec = { containers: [{ name: "c", image: "i" }], volumes: [{ name: "v", emptyDir: {} }] };
  const deployment = {
    metadata: { name: "d" },
    spec: { selector: { matchLabels: { a: "b" } }, template: { metadata, spec } },
  };
  const { json } = await send(server, "POST", "/apis/apps/v1/namespaces/default/deployments", deployment);
  const { "f:spec": fields } = json.metadata.managedFields[0].fieldsV1;
  const { "f:template": template, "f:strategy": strategy } = fields;
  assert.ok(!("." in fields) && !("." in template) && !("." in strategy));
  assert.deepEqual(strategy["f:rollingUpdate"]["."], {});
  assert.deepEqual(template["f:metadata"], { "f:labels": { ".": {}, "f:a": {} } });
  assert.deepEqual(Object.keys(template["f:spec"]["f:containers"]), ['k:{"name":"c"}']);
  assert.deepEqual(Object.keys(template["f:spec"]["f:volumes"]), [".", 'k:{"name":"v"}']);
  assert.deepEqual(fields["f:selector"], {});
});

test("a definition's conditions are null at first, and never owned as a whole", async (t) => {
  const server = await customServer(t);
  const { json } = await define(server, widgets());
  assert.equal(json.status.conditions, null);
  const { "f:spec": spec } = json.metadata.managedFields[0].fieldsV1;
  assert.ok(!("." in spec) && !("." in spec["f:names"]));
  const url = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com";
  const served = await send(server, "GET", url);
  const entries: { subresource?: string; fieldsV1: { "f:status": { "f:conditions": object } } }[] =
    served.json.metadata.managedFields;
  const status = entries.find(({ subresource }) => subresource === "status");
  assert.ok(status !== undefined && !("." in status.fieldsV1["f:status"]["f:conditions"]));
});
