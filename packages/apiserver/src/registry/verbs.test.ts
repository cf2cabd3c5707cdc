import assert from "node:assert/strict";
import { test } from "node:test";
import { realServer } from "../testing/real-server.ts";
import { configMap, send, watch } from "../testing/server.ts";

/** What each verb answers to combinations of options and bodies: code, reason, and the message or a part of it. */

const maps = "/api/v1/namespaces/default/configmaps";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const merge = "application/merge-patch+json";
const json = "application/json-patch+json";
const apply = "application/apply-patch+yaml";
const listOptions = 'ListOptions.meta.k8s.io "" is invalid: ';
const notAllowed = "the server does not allow this method on the requested resource";
const mediaTypes = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

type Expected = [code: number, reason?: string | undefined, message?: string | RegExp];
type Row = [method: string, url: string, body: unknown, type: string | undefined, ...Expected];
const get = (url: string, ...expected: Expected): Row => ["GET", url, undefined, undefined, ...expected];
const patch = (type: string, url: string, body: unknown, ...expected: Expected): Row => [
  "PATCH",
  url,
  body,
  type,
  ...expected,
];
const invalidVersion = (given: string) =>
  `invalid resource version: resourceVersion: Invalid value: "${given}": strconv.ParseUint: parsing "${given}": invalid syntax`;

async function serverWithObjects() {
  const server = realServer();
  for (let index = 0; index < 5; index++) await send(server, "POST", maps, configMap(`m${index}`));
  const labels = { app: "x" };
  const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "i" }] } };
  const spec = { replicas: 1, selector: { matchLabels: labels }, template };
  await send(server, "POST", `${deployments}?fieldManager=maker`, { metadata: { name: "d" }, spec });
  return server;
}

test("there is nothing below a subresource", async () => {
  const server = realServer();
  const pods = "/api/v1/namespaces/default/pods";
  const spec = { containers: [{ name: "c", image: "i" }] };
  assert.equal((await send(server, "POST", pods, { metadata: { name: "p" }, spec })).status, 201);
  assert.equal((await send(server, "GET", `${pods}/p/status`)).status, 200);
  const { status, json } = await send(server, "GET", `${pods}/p/status/more`);
  assert.deepEqual([status, json.message], [404, "the server could not find the requested resource"]);
});

test("refusals have upstream's code, reason and words", async () => {
  const server = await serverWithObjects();
  const { metadata } = (await send(server, "GET", `${maps}?limit=2`)).json;
  const next = `limit=2&continue=${metadata.continue}`;
  const rows: Row[] = [
    get(`${maps}?resourceVersion=abc`, 400, "BadRequest", invalidVersion("abc")),
    get(`${maps}/m1?resourceVersion=-1`, 400, "BadRequest", invalidVersion("-1")),
    get(`${maps}?watch=1&resourceVersion=abc`, 400, "BadRequest", invalidVersion("abc")),
    get(`${maps}?resourceVersion=99999`, 504, "Timeout", /^Timeout: Too large resource version: 99999, current: \d+$/),
    get(`${maps}/m1?resourceVersion=99999`, 504, "Timeout", /Too large resource version/),
    get(
      `${maps}?${next}&resourceVersion=1`,
      400,
      "BadRequest",
      "specifying resource version is not allowed when using continue",
    ),
    get(`${maps}?${next}&resourceVersion=0`, 200),
    get(
      `${maps}?continue=!`,
      400,
      "BadRequest",
      "invalid continue token: continue key is not valid: illegal base64 data at input byte 0",
    ),
    get(`${maps}?continue=aGVsbG8`, 400, "BadRequest", /invalid character 'h' looking for beginning of value$/),
    get(`${maps}?resourceVersion=0&resourceVersionMatch=NotOlderThan`, 200),
    get(
      `${maps}?resourceVersion=0&resourceVersionMatch=Exact`,
      422,
      "Invalid",
      `${listOptions}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
    ),
    get(
      `${maps}?resourceVersionMatch=Exact`,
      422,
      "Invalid",
      `${listOptions}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
    ),
    get(
      `${maps}?watch=1&resourceVersionMatch=Exact&sendInitialEvents=true`,
      422,
      "Invalid",
      `${listOptions}[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]`,
    ),
    get(
      `${maps}?watch=1&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&continue=x`,
      422,
      "Invalid",
      /is forbidden when continue is provided/,
    ),
    get(
      `${maps}?watch=1&resourceVersionMatch=NotOlderThan`,
      422,
      "Invalid",
      /is forbidden for watch unless sendInitialEvents is provided$/,
    ),
    get(`${maps}?sendInitialEvents=true`, 422, "Invalid", /sendInitialEvents is forbidden for list$/),
    get(
      `${maps}?fieldSelector=spec.x=1`,
      400,
      "BadRequest",
      '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ),
    get(
      "/apis/batch/v1/jobs?fieldSelector=spec.x=1",
      400,
      "BadRequest",
      'field label "spec.x" not supported for batchv1.Job',
    ),
    get(`/api/v1/pods?fieldSelector=spec.x=1`, 400, "BadRequest", "field label not supported: spec.x"),
    get(`${maps}?labelSelector=a=b=c`, 400, "BadRequest", "found '=', expected: ',' or 'end of string'"),
    get(`${maps}/m1/status`, 404, "NotFound", "the server could not find the requested resource"),
    get("/api/v1/nothings", 404, "NotFound", "the server could not find the requested resource"),
    get("/apis/nothing.example.com/v1", 404),
    ["POST", `${maps}/m1`, {}, undefined, 405, "MethodNotAllowed", notAllowed],
    ["PUT", maps, {}, undefined, 405, "MethodNotAllowed", notAllowed],
    ["OPTIONS", maps, undefined, undefined, 405, "MethodNotAllowed", notAllowed],
    ["PUT", "/api/v1/componentstatuses/x", {}, undefined, 405, "MethodNotAllowed", notAllowed],
    [
      "POST",
      maps,
      "x",
      "text/plain",
      415,
      "UnsupportedMediaType",
      `the body of the request was in an unknown format - accepted media types include: ${mediaTypes}`,
    ],
    [
      "POST",
      maps,
      configMap("r", {}, { resourceVersion: "4" }),
      undefined,
      500,
      undefined,
      "resourceVersion should not be set on objects to be created",
    ],
    [
      "PUT",
      `${maps}/m1`,
      configMap("other"),
      undefined,
      400,
      "BadRequest",
      "the name of the object (other) does not match the name on the URL (m1)",
    ],
    [
      "PUT",
      `${maps}/m1`,
      configMap("m1", {}, { namespace: "o" }),
      undefined,
      400,
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    patch("application/json", `${maps}/m1`, {}, 415, "UnsupportedMediaType", /application\/apply-patch\+yaml$/),
    patch(merge, `${maps}/m1`, "{", 400, "BadRequest", "error decoding patch: unexpected end of JSON input"),
    patch(
      merge,
      `${maps}/m1`,
      [],
      400,
      "BadRequest",
      "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}",
    ),
    patch(
      merge,
      `${maps}/m1`,
      { metadata: { name: "o" } },
      400,
      "BadRequest",
      /does not match the name on the URL \(m1\)$/,
    ),
    patch(
      merge,
      `${maps}/m1?fieldValidation=Strict`,
      '{"data":{"a":"1","a":"2"},"zzz":1}',
      422,
      "Invalid",
      /: strict decoding error: duplicate field "data.a", unknown field "zzz"$/,
    ),
    patch(
      json,
      `${maps}/m1?fieldValidation=Strict`,
      '[{"op":"add","path":"/zzz","value":1}]',
      422,
      "Invalid",
      /: strict decoding error: unknown field "zzz"$/,
    ),
    patch(
      json,
      `${maps}/m1`,
      '[{"op":"test","path":"/data/a","value":"1"}]',
      422,
      "Invalid",
      "the server rejected our request due to an error in our request",
    ),
    patch(apply, `${maps}/m1?fieldManager=a`, "data: {a: b}", 400, "BadRequest", "invalid object type: /, Kind="),
    patch(
      apply,
      `${maps}/m1?fieldManager=a`,
      "a: [",
      400,
      "BadRequest",
      /^error decoding YAML: error converting YAML to JSON: yaml: line 1: /,
    ),
    patch(
      apply,
      `${maps}/m1?fieldManager=a`,
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: q}\n",
      400,
      "BadRequest",
      /does not match the name on the URL \(m1\)$/,
    ),
    patch(
      apply,
      `${maps}/m1?fieldManager=a`,
      "apiVersion: v1\nkind: ConfigMap\nzzz: 1\n",
      500,
      undefined,
      "failed to create typed patch object (/; /v1, Kind=ConfigMap): .zzz: field not declared in schema",
    ),
    patch(
      apply,
      `${maps}/m1?fieldManager=a`,
      "apiVersion: v1\nkind: ConfigMap\ndata: {a: 1}\n",
      500,
      undefined,
      "failed to create typed patch object (/; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:1}",
    ),
    patch(
      apply,
      `${maps}/m1?fieldManager=a`,
      "apiVersion: v1\nkind: ConfigMap\nzzz: 1\nyyy: 1\n",
      500,
      undefined,
      /: errors:\n {2}\.zzz: field not declared in schema\n {2}\.yyy: field not declared in schema$/,
    ),
    patch(
      apply,
      `${maps}/m1?fieldManager=a&fieldValidation=Strict`,
      "apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n  a: c\n",
      400,
      "BadRequest",
      'error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 5: key "a" already set in map',
    ),
    patch(
      apply,
      `${deployments}/d/scale?fieldManager=a`,
      "apiVersion: apps/v1\nkind: Scale\n",
      400,
      "BadRequest",
      "Incorrect version specified in apply patch. Specified patch version: apps/v1, expected: autoscaling/v1",
    ),
    patch(
      apply,
      `${deployments}/d/scale?fieldManager=a`,
      "apiVersion: autoscaling/v1\nkind: Scale\nspec: {replicas: 7}\n",
      409,
      "Conflict",
      /conflict with "maker" using autoscaling\/v1: \.spec\.replicas$/,
    ),
    [
      "DELETE",
      `${maps}/m1`,
      { propagationPolicy: "X" },
      undefined,
      422,
      "Invalid",
      /propagationPolicy: Unsupported value: "X": supported values: "Foreground", "Background", "Orphan", "nil"$/,
    ],
    [
      "DELETE",
      `${maps}/m1`,
      { preconditions: { uid: "x" } },
      undefined,
      409,
      "Conflict",
      /^Operation cannot be fulfilled on ConfigMap "m1": the UID in the precondition \(x\) does not match/,
    ],
    ["DELETE", `${maps}?dryRun=All&limit=2`, undefined, undefined, 200],
  ];
  for (const [method, url, body, type, code, reason, message] of rows) {
    const headers = type === undefined ? {} : { "content-type": type };
    const answer = await send(server, method, url, body, { headers });
    const what = `${method} ${url} ${JSON.stringify(body) ?? ""}: ${answer.text}`;
    assert.equal(answer.status, code, what);
    if (reason !== undefined || message !== undefined) assert.equal(answer.json.reason, reason, what);
    if (typeof message === "string") assert.equal(answer.json.message, message, what);
    else if (message !== undefined) assert.match(answer.json.message, message, what);
  }
  const accept = { headers: { accept: "text/html" } };
  const page = await send(server, "GET", maps, undefined, accept);
  assert.deepEqual(
    [page.status, page.json.message],
    [406, `only the following media types are accepted: ${mediaTypes}`],
  );
  assert.equal((await send(server, "GET", maps)).json.items.length, 5, "a dry run removes nothing");
});

test("unknown and duplicate fields are told in the order the body has them", async () => {
  const server = realServer();
  const body = (data: string) => `{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},${data}}`;
  const rows: [string, string][] = [
    [`"extra":1,"data":{"a":"1","a":"2"}`, 'unknown field "extra", duplicate field "data.a"'],
    [`"data":{"a":"1","a":"2"},"extra":1`, 'duplicate field "data.a", unknown field "extra"'],
    [`"data":{"a":"1"},"extra":1,"data":{"a":"2"}`, 'unknown field "extra", duplicate field "data"'],
  ];
  for (const [given, expected] of rows) {
    const { json: status } = await send(server, "POST", `${maps}?fieldValidation=Strict`, body(given));
    assert.match(status.message, new RegExp(`strict decoding error: ${expected}$`));
  }
});

test("who applies a scale owns the replicas through it, until another forces them away", async () => {
  const server = await serverWithObjects();
  const scale = (replicas: number) => `apiVersion: autoscaling/v1\nkind: Scale\nspec: {replicas: ${replicas}}\n`;
  const headers = { "content-type": apply };
  const applyScale = (manager: string, replicas: number) =>
    send(server, "PATCH", `${deployments}/d/scale?fieldManager=${manager}&force=true`, scale(replicas), { headers });
  const owners = async () => {
    const { metadata, spec } = (await send(server, "GET", `${deployments}/d`)).json;
    type Entry = { manager: string; operation: string; subresource?: string; fieldsV1: Record<string, object> };
    const entries = (metadata.managedFields as Entry[]).filter(({ fieldsV1 }) => {
      return "f:replicas" in (fieldsV1["f:spec"] ?? {});
    });
    return [spec.replicas, entries.map(({ manager, operation, subresource }) => [manager, operation, subresource])];
  };
  assert.equal((await applyScale("hpa", 3)).json.spec.replicas, 3);
  assert.deepEqual(await owners(), [3, [["hpa", "Apply", "scale"]]]);
  await applyScale("other", 4);
  assert.deepEqual(await owners(), [4, [["other", "Apply", "scale"]]]);
  await send(
    server,
    "PATCH",
    `${deployments}/d/scale?fieldManager=hand`,
    { spec: { replicas: 5 } },
    { headers: { "content-type": merge } },
  );
  assert.deepEqual(await owners(), [5, [["hand", "Update", "scale"]]]);
});

test("a watch of sendInitialEvents ends the beginning at once, whatever version was asked for", async () => {
  const server = await serverWithObjects();
  for (const version of ["", "0", "1"]) {
    const url = `${maps}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`;
    const watching = await watch(server, `${url}&resourceVersion=${version}`);
    await watching.until(6);
    assert.deepEqual(
      watching.events.map(({ type }) => type),
      ["ADDED", "ADDED", "ADDED", "ADDED", "ADDED", "BOOKMARK"],
    );
    assert.equal(watching.events[5].object.metadata.annotations["k8s.io/initial-events-end"], "true");
    watching.stop();
  }
});
