/**
 * No request keeps the others waiting: while each of the largest and oddest that are within the limits is answered, the server's one event loop goes
 * round. What is measured is the processor time of its longest turn, so that the machine's other work does not count.
 */

import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { type TestContext, test } from "node:test";
import type { LongestTurn } from "../harness/measured-server.fixture.ts";

/** What issue and users call a hang, on a machine of the usual speed. Nearly all turns are a tenth of it. */
const longestMs = 1000;

interface Request {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

interface Reply {
  readonly status: number;
  readonly size: number;
}

class MeasuredServer {
  readonly #child: ChildProcess;
  readonly #session: ClientHttp2Session;

  private constructor(child: ChildProcess, session: ClientHttp2Session) {
    this.#child = child;
    this.#session = session;
  }

  static async start(t: TestContext): Promise<MeasuredServer> {
    const child = fork(new URL("../harness/measured-server.fixture.ts", import.meta.url));
    t.after(async () => {
      const exited = once(child, "exit");
      if (child.connected) child.disconnect();
      await exited;
    });
    const [{ port }] = (await once(child, "message")) as [{ port: number }];
    const session = connect(`https://127.0.0.1:${port}`, {
      rejectUnauthorized: false,
      maxSessionMemory: 1024,
      settings: { initialWindowSize: 16 << 20 },
    });
    t.after(() => session.destroy());
    await once(session, "connect");
    session.setLocalWindowSize(64 << 20);
    return new MeasuredServer(child, session);
  }

  async call(request: Request): Promise<Reply> {
    const { method = "GET", path, body, type = "application/json", accept = "application/json" } = request;
    const headers = { ":method": method, ":path": path, authorization: "Bearer tester", accept, "content-type": type };
    const stream = this.#session.request(headers, { endStream: false });
    stream.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
    const [answer] = (await once(stream, "response")) as [Record<string, unknown>];
    let size = 0;
    for await (const chunk of stream) size += (chunk as Buffer).length;
    return { status: Number(answer[":status"]), size };
  }

  async #longestTurn(): Promise<LongestTurn> {
    const reply = once(this.#child, "message");
    this.#child.send("longest");
    return ((await reply) as [LongestTurn])[0];
  }

  async measured(request: Request): Promise<Reply & LongestTurn> {
    await this.#longestTurn();
    const reply = await this.call(request);
    return { ...reply, ...(await this.#longestTurn()) };
  }
}

const maps = "/api/v1/namespaces/default/configmaps";
const pods = "/api/v1/namespaces/default/pods";
const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const yaml = "application/yaml";
const merge = "application/merge-patch+json";
const apply = "application/apply-patch+yaml";
const table = "application/json;as=Table;v=v1;g=meta.k8s.io";

const list = <T>(count: number, make: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const keys = (count: number, value: (i: number) => unknown) =>
  Object.fromEntries(list(count, (i) => [`key${i}`, value(i)]));

function definition(properties: object, kind = "Oddity"): object {
  const plural = kind.toLowerCase();
  const names = { plural, kind };
  const version = {
    name: "v1",
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: "object", properties } },
  };
  const spec = { group: "example.com", scope: "Namespaced", names, versions: [version] };
  return { metadata: { name: `${plural}.example.com` }, spec };
}

const pattern = (i: number) => ({ type: "string", pattern: `^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?x${i}$` });
const rule = (i: number) => ({ rule: `self != 'x${i}'` });
const devices = (request: number) => ({
  deviceClassName: "none",
  selectors: list(32, (i) => ({
    cel: { expression: list(30, (k) => `device.driver == "d${request}-${i}-${k}"`).join(" || ") },
  })),
});
const post = (path: string, body: unknown, type?: string): Request => ({
  method: "POST",
  path,
  body,
  ...(type === undefined ? {} : { type }),
});
const patch = (path: string, type: string, body: unknown): Request => ({ method: "PATCH", path, type, body });

/** Each with what it is answered: what is refused at the door shows nothing. */
const requests: Readonly<Record<string, readonly [status: number, Request]>> = {
  "a list in YAML": [200, { path: maps, accept: yaml }],
  "an indented list": [200, { path: `${maps}?pretty=true` }],
  "a table of objects": [200, { path: `${maps}?includeObject=Object&pretty=true`, accept: table }],
  "metadata of a list": [
    200,
    { path: maps, accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
  ],
  "a list in protobuf": [200, { path: maps, accept: "application/vnd.kubernetes.protobuf" }],
  "metadata of a list in protobuf": [
    200,
    { path: maps, accept: "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io" },
  ],
  "a list selected by a field": [200, { path: `${maps}?fieldSelector=metadata.name!%3Dnone` }],
  "a long label selector": [200, { path: `${maps}?labelSelector=${list(2000, (i) => `a${i}!=b`).join()}` }],
  "a YAML body of many keys": [422, post(maps, `data:\n${list(100_000, (i) => `  key${i}: v\n`).join("")}`, yaml)],
  "a YAML body of empty pairs": [422, post(maps, `data: {${"a:,".repeat(100_000)}}`, yaml)],
  "a YAML body of nesting": [400, post(maps, "[".repeat(1_000_000), yaml)],
  "a body of bad keys": [400, post(maps, { metadata: { name: "bad" }, data: keys(100_000, () => 1) })],
  "a body of bad labels": [422, post(maps, { metadata: { name: "bad", labels: keys(100_000, () => "!") } })],
  "a pod of empty containers": [
    422,
    post(pods, {
      metadata: { name: "bad" },
      spec: { containers: list(50_000, () => ({})) },
    }),
  ],
  "a body of unknown fields": [
    400,
    post(
      `${maps}?fieldValidation=Strict`,
      keys(150_000, () => 1),
    ),
  ],
  "a merge patch of many keys": [413, patch(`${maps}/map0`, merge, { data: keys(80_000, () => "v") })],
  "a configuration of unknown fields": [
    500,
    patch(`${maps}/map0?fieldManager=x`, apply, {
      apiVersion: "v1",
      kind: "ConfigMap",
      ...keys(80_000, () => 1),
    }),
  ],
  "a configuration of many fields": [
    201,
    patch(`${maps}/applied?fieldManager=x`, apply, {
      apiVersion: "v1",
      kind: "ConfigMap",
      data: keys(30_000, () => "v"),
    }),
  ],
  "a pattern that is written out long": [
    422,
    post(crds, definition({ a: { type: "string", pattern: `(${"a".repeat(1000)}){1000}` } })),
  ],
  "a definition of many counted patterns": [
    422,
    post(crds, definition(keys(2000, (i) => ({ type: "string", pattern: `^(a{1,900}x)b{1000}${i}$` })))),
  ],
  "a definition of many patterns and an enum": [
    201,
    post(
      crds,
      definition({
        ...keys(1000, pattern),
        list: { type: "array", items: { type: "string", enum: list(5000, (i) => `e${i}`) } },
      }),
    ),
  ],
  "a definition of many properties": [
    201,
    post(
      crds,
      definition(
        keys(50_000, () => ({ type: "string" })),
        "Wide",
      ),
    ),
  ],
  "a definition of properties that are nothing": [
    422,
    post(
      crds,
      definition(
        keys(200_000, () => ({})),
        "Hollow",
      ),
    ),
  ],
  "a definition of many rules": [
    201,
    post(
      crds,
      definition({ a: { type: "string", maxLength: 9, "x-kubernetes-validations": list(20_000, rule) } }, "Ruled"),
    ),
  ],
  "a claim of many long selectors": [
    201,
    post("/apis/resource.k8s.io/v1/namespaces/default/resourceclaims", {
      metadata: { name: "long" },
      spec: { devices: { requests: list(32, (i) => ({ name: `r${i}`, exactly: devices(i) })) } },
    }),
  ],
  "a policy of many variables": [
    201,
    post("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies", {
      metadata: { name: "many" },
      spec: {
        matchConstraints: {
          resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        },
        variables: list(8000, (i) => ({ name: `v${i}`, expression: i === 0 ? "1" : `variables.v${i - 1}` })),
        validations: [{ expression: "variables.v7999 == 1" }],
      },
    }),
  ],
  "the first object under many rules": [
    201,
    post("/apis/example.com/v1/namespaces/default/ruled", {
      apiVersion: "example.com/v1",
      kind: "Ruled",
      metadata: { name: "first" },
      a: "b",
    }),
  ],
  "objects of a collection, deleted": [200, { method: "DELETE", path: maps }],
};

test("nothing keeps the others waiting", { timeout: 300_000 }, async (t) => {
  const server = await MeasuredServer.start(t);
  await server.call(post("/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } }));
  const value = "some text of a usual length, and then some more of it";
  for (let i = 0; i < 1500; i += 50) {
    const some = list(50, (k) => post(maps, { metadata: { name: `map${i + k}` }, data: keys(200, () => value) }));
    for (const { status } of await Promise.all(some.map((each) => server.call(each)))) assert.equal(status, 201);
  }
  for (const [what, [wanted, request]] of Object.entries(requests)) {
    await t.test(what, async (t) => {
      const { status, size, cpuMs, wallMs, slowness } = await server.measured(request);
      const took = `longest turn ${Math.round(cpuMs)} ms (${Math.round(wallMs)} by the clock) at ${slowness.toFixed(1)} times the usual time`;
      t.diagnostic(`${status}, ${size} bytes; ${took}`);
      assert.equal(status, wanted);
      assert.ok(cpuMs < longestMs * slowness, took);
    });
  }
});
