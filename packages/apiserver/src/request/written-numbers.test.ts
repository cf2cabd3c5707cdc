/** Integers that JSON writes as Go does not read them. Expected values: sigs.k8s.io/json for kinds with a Go type; unstructured objects have floats. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { customServer, define, specOf, widgets, widgetsPath } from "../testing/custom-resources.ts";
import { send } from "../testing/server.ts";

const services = "/api/v1/namespaces/default/services";
const service = (port: string) =>
  `{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":${port}}]}}`;
const json = { headers: { "content-type": "application/json" } };
const field = "Go struct field ServicePort.spec.ports.port of type int32";

test("an integer with a fraction is none, however round", async (t) => {
  const server = await customServer(t);
  const refused = await send(server, "POST", services, service("80.0"), json);
  const why = `json: cannot unmarshal number 80.0 into ${field}`;
  assert.deepEqual(
    [refused.status, refused.json.message],
    [400, `Service in version "v1" cannot be handled as a Service: ${why}`],
  );
  const large = await send(server, "POST", services, service("1e999"), json);
  assert.match(large.json.message, /json: cannot unmarshal number 1e999 into Go/);
  // On its way from YAML to JSON it becomes one.
  const yaml = await send(server, "POST", services, service("80.0"), {
    headers: { "content-type": "application/yaml" },
  });
  assert.equal(yaml.status, 201, yaml.text);
});

test("a patch is decoded with what it makes", async (t) => {
  const server = await customServer(t);
  await send(server, "POST", services, service("80"), json);
  const patch = (type: string, body: string) =>
    send(server, "PATCH", `${services}/a`, body, { headers: { "content-type": `application/${type}` } });
  const merge = await patch("merge-patch+json", '{"spec":{"ports":[{"port":81.0}]}}');
  const operation = await patch("json-patch+json", '[{"op":"replace","path":"/spec/ports/0/port","value":81e0}]');
  for (const [reply, text] of [
    [merge, "81.0"],
    [operation, "81e0"],
  ] as const) {
    assert.equal(reply.status, 422, reply.text);
    assert.ok(reply.json.details.causes[0].message.endsWith(`: json: cannot unmarshal number ${text} into ${field}`));
  }
  const unset = '[{"op":"add","path":"/spec/x","value":1.0},{"op":"remove","path":"/spec/x"}]';
  assert.equal((await patch("json-patch+json", unset)).status, 200);
  assert.equal((await patch("strategic-merge-patch+json", '{"spec":{"ports":[{"port":80.0}]}}')).status, 200);
});

test("scales and options are decoded as everything is", async (t) => {
  const server = await customServer(t);
  const path = "/apis/apps/v1/namespaces/default/deployments";
  const labels = { a: "b" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
  await send(server, "POST", path, { metadata: { name: "d" }, spec: { selector: { matchLabels: labels }, template } });
  const scale = (replicas: string) =>
    `{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"d"},"spec":{"replicas":${replicas}}}`;
  const put = (replicas: string, query = "") => send(server, "PUT", `${path}/d/scale${query}`, scale(replicas), json);
  const of = "into Go struct field ScaleSpec.spec.replicas of type int32";
  for (const [replicas, found] of [
    ["1.0", "number 1.0"],
    ['"1"', "string"],
    ["3000000000", "number 3000000000"],
  ] as const) {
    const { status, json: answer } = await put(replicas);
    const why = `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${found} ${of}`;
    assert.deepEqual([status, answer.message], [400, why]);
  }
  const unknown = await put('2,"x":1', "?fieldValidation=Strict");
  assert.match(unknown.json.message, /strict decoding error: unknown field "spec\.x"$/);
  assert.equal((await put("2")).json.spec.replicas, 2);
  const patched = await send(server, "PATCH", `${path}/d/scale`, '{"spec":{"replicas":1.0}}', {
    headers: { "content-type": "application/merge-patch+json" },
  });
  assert.deepEqual([patched.status, patched.json.reason], [422, "Invalid"]);
  const removed = await send(server, "DELETE", `${path}/d`, '{"gracePeriodSeconds":1.0}', json);
  const options =
    "json: cannot unmarshal number 1.0 into Go struct field DeleteOptions.gracePeriodSeconds of type int64";
  assert.deepEqual([removed.status, removed.json.message], [400, options]);
});

test("a custom resource's integer may be written so, but what it is scaled by", async (t) => {
  const server = await customServer(t);
  const scale = { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" };
  const properties = { size: { type: "integer" }, ratio: { type: "number" }, replicas: { type: "integer" } };
  await define(server, widgets(specOf(properties), { subresources: { scale } }));
  const widget = (spec: string) =>
    `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":${spec}}`;
  const large = await send(server, "POST", widgetsPath, widget('{"ratio":1e999}'), json);
  const why =
    'Widget in version "v1" cannot be handled as a Widget: json: cannot unmarshal number 1e999 into Go value of type float64';
  assert.deepEqual([large.status, large.json.message], [400, why]);
  const digits = `1${"0".repeat(309)}`;
  const long = await send(server, "POST", widgetsPath, widget(`{"ratio":${digits}}`), json);
  assert.deepEqual([long.status, long.json.message], [400, why.replace("1e999", digits)]);
  const applied = await send(server, "PATCH", `${widgetsPath}/w?fieldManager=m`, widget(`{"ratio":${digits}}`), {
    headers: { "content-type": "application/apply-patch+yaml" },
  });
  assert.deepEqual([applied.status, applied.json.reason], [400, "BadRequest"], applied.text);
  const made = await send(server, "POST", widgetsPath, widget('{"size":1.0,"ratio":2.50}'), json);
  assert.deepEqual(made.json.spec, { size: 1, ratio: 2.5 }, made.text);
  const scaled = await send(server, "POST", widgetsPath, widget('{"replicas":2.0}').replace('"w"', '"x"'), json);
  const accessor = ".spec.replicas accessor error: 2 is of the type float64, expected int64";
  assert.deepEqual(
    [scaled.status, scaled.json.message],
    [422, `Widget.example.com "x" is invalid: .spec.replicas: Invalid value: 0: ${accessor}`],
  );
  const merge = { headers: { "content-type": "application/merge-patch+json" } };
  const patched = await send(server, "PATCH", `${widgetsPath}/w`, '{"spec":{"replicas":2.0}}', merge);
  assert.equal(patched.status, 422, patched.text);
});
