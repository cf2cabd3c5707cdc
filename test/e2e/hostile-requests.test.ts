/** Requests that no client would send: each gets a Status or a closed connection, and the server goes on as before. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { connect as connectHttp2, constants } from "node:http2";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { connect, type TLSSocket } from "node:tls";
import { startCluster, type TestCluster, testDirectory } from "../harness/cluster.ts";
import { seededRandom } from "../harness/random.ts";

const token = "a-token-that-no-log-may-hold";

interface Answer {
  /** Undefined when the connection was closed without one. */
  readonly status?: number;
  readonly headers: string;
  readonly body: string;
}

class Wire {
  readonly #port: number;

  constructor({ server }: TestCluster) {
    this.#port = Number(new URL(server).port);
  }

  async open(protocol = "http/1.1"): Promise<TLSSocket> {
    const socket = connect({
      host: "127.0.0.1",
      port: this.#port,
      rejectUnauthorized: false,
      ALPNProtocols: [protocol],
    });
    socket.on("error", () => undefined); // A reset is one way of closing.
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    return socket;
  }

  /** Sends bytes and reads until the answer is whole or the connection is closed. */
  async send(...parts: readonly (string | Buffer)[]): Promise<Answer> {
    const socket = await this.open();
    const answer = read(socket);
    for (const part of parts) if (!socket.write(part)) await Promise.race([drained(socket), answer]);
    return answer.finally(() => socket.destroy());
  }

  /** A request with this token, method, path, and body. */
  request(
    method: string,
    path: string,
    body: string | Buffer = "",
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const all = {
      host: "x",
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      ...headers,
    };
    const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.send(`${method} ${path} HTTP/1.1\r\n${head.join("")}\r\n`, body);
  }
}

/** The server may answer, and close, before it has read everything. */
function drained(socket: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["drain", "close", "error"]) socket.once(event, () => resolve());
  });
}

function read(socket: TLSSocket): Promise<Answer> {
  let bytes: Buffer = Buffer.alloc(0);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`neither answer nor end in a minute; so far ${bytes}`)), 60_000);
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      const answer = parse(bytes);
      if (answer !== undefined) finish(answer);
    });
    socket.on("close", () => finish(parse(bytes, true) ?? { headers: "", body: "" }));
  });
}

function parse(bytes: Buffer, ended = false): Answer | undefined {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const headers = bytes.subarray(0, end).toString();
  const body = bytes.subarray(end + 4);
  const length = Number(/^content-length: *(\d+)/im.exec(headers)?.[1] ?? Number.POSITIVE_INFINITY);
  const chunkedEnd = /^transfer-encoding: *chunked/im.test(headers) && body.toString().endsWith("0\r\n\r\n");
  if (!ended && body.length < length && !chunkedEnd) return undefined;
  return { status: Number(headers.split(" ")[1]), headers, body: body.toString() };
}

async function postOverHttp2({ server }: TestCluster, path: string, body: string): Promise<number | undefined> {
  const session = connectHttp2(server, { rejectUnauthorized: false });
  session.on("error", () => undefined);
  try {
    const stream = session.request({ ":method": "POST", ":path": path, authorization: `Bearer ${token}` });
    stream.on("error", () => undefined);
    stream.end(body);
    return await new Promise((resolve, reject) => {
      stream.setTimeout(60_000, () => reject(new Error("no answer in a minute over HTTP/2")));
      stream.once("response", (headers) => resolve(headers[":status"]));
      stream.once("close", () => resolve(undefined));
    });
  } finally {
    session.destroy();
  }
}

/** A refusal as Kubernetes words it. */
function assertStatus({ status, body }: Answer, ...codes: number[]): void {
  assert.ok(
    status !== undefined && codes.includes(status),
    `${status}, not ${codes.join(" or ")}: ${body.slice(0, 300)}`,
  );
  const text = body.slice(body.indexOf("{"), body.lastIndexOf("}") + 1);
  const object = JSON.parse(text) as { kind: string; code: number; status: string };
  assert.equal(object.kind, "Status", text);
  assert.equal(object.status, "Failure");
  assert.equal(object.code, status);
  assert.doesNotMatch(body, /\/packages\/|node:internal|\.ts:\d/, "no stack goes out");
}

/** For what HTTP itself forbids: an answer of 4xx, or an end. */
function assertRefused({ status }: Answer, what: string): void {
  assert.ok(status === undefined || (status >= 400 && status < 600), `${what} was answered with ${status}`);
}

async function begin(t: TestContext): Promise<{ cluster: TestCluster; wire: Wire }> {
  const file = join(await testDirectory(t), "tokens.csv");
  writeFileSync(file, `${token},tester,1,"system:masters"\n`);
  const cluster = await startCluster(t, { flags: ["--token-auth-file", file] });
  return { cluster, wire: new Wire(cluster) };
}

const collection = "/api/v1/namespaces/default/configmaps";

test("hostile requests are refused, and nothing breaks", { timeout: 300_000 }, async (t) => {
  const { cluster, wire } = await begin(t);
  const pid = cluster.controlPlanePid();
  const healthy = async () => {
    const { status, body } = await wire.request("GET", "/readyz");
    assert.equal(status, 200);
    assert.equal(body, "ok");
    assert.equal(cluster.controlPlanePid(), pid, "it was not restarted");
  };
  const check = (name: string, body: () => Promise<void>) =>
    t.test(name, async () => {
      await body();
      await healthy();
    });

  await check("the wire works at all", async () => {
    const made = await wire.request("POST", collection, '{"metadata":{"name":"first"}}');
    assert.equal(made.status, 201, made.body);
  });

  await check("bodies that are not JSON", async () => {
    for (const body of [
      "",
      "{",
      '{"a":',
      "null",
      "[]",
      "1",
      '"text"',
      "{'a':1}",
      '{"a":1}}',
      "\u0000",
      "\ufeff{}",
      "nul",
      "{}{}",
    ])
      assertStatus(await wire.request("POST", collection, body), 400, 422);
    assertStatus(await wire.request("POST", collection, Buffer.from([0xff, 0xfe, 0x7b, 0x7d])), 400, 422);
    assertStatus(await wire.request("POST", collection, "apiVersion: v1", { "content-type": "text/plain" }), 415);
    const protobuf = { "content-type": "application/vnd.kubernetes.protobuf" };
    for (const body of ["k8s\0", "k8s\0\xff\xff\xff", "{}", `k8s\0${"\x12\xff\xff\xff\x7f"}`])
      assertStatus(await wire.request("POST", collection, Buffer.from(body, "latin1"), protobuf), 400, 415, 422);
  });

  await check("wrong types and shapes", async () => {
    for (const body of [
      '{"metadata":5}',
      '{"metadata":{"name":["a"]}}',
      '{"metadata":{"name":"a","labels":{"x":{}}}}',
      '{"metadata":{"name":"a"},"data":"text"}',
      '{"metadata":{"name":"a"},"data":{"x":1e999}}',
      '{"kind":"Pod","metadata":{"name":"a"}}',
      '{"apiVersion":"apps/v1","kind":"ConfigMap","metadata":{"name":"a"}}',
      '{"metadata":{"name":"../../etc"}}',
      '{"metadata":{"name":"a","namespace":"kube-system"}}',
      '{"metadata":{"name":"a","creationTimestamp":"yesterday"}}',
    ])
      assertStatus(await wire.request("POST", collection, body), 400, 422);
  });

  await check("nesting without end", async () => {
    for (const [open, close] of [
      ["[", "]"],
      ['{"a":', "}"],
    ] as const) {
      const nested = open.repeat(200_000) + (open === "[" ? "" : "1") + close.repeat(200_000);
      assertStatus(
        await wire.request("POST", collection, `{"metadata":{"name":"deep"},"data":${nested}}`),
        400,
        413,
        422,
      );
      assertStatus(
        await wire.request("PATCH", `${collection}/first`, nested, { "content-type": "application/merge-patch+json" }),
        400,
        413,
        422,
      );
    }
    const yaml = { "content-type": "application/yaml" };
    const laughs = `a: &a [x,x,x,x,x,x,x,x,x]\n${[..."bcdefghi"].map((c, i) => `${c}: &${c} [${Array(9).fill(`*${"abcdefgh"[i]}`)}]`).join("\n")}`;
    assertStatus(await wire.request("POST", collection, laughs, yaml), 400, 413, 422);
    assertStatus(await wire.request("POST", collection, `${"- ".repeat(50_000)}x`, yaml), 400, 413, 422);
  });

  await check("__proto__ and constructor are names like any other", async () => {
    const body = '{"metadata":{"name":"proto","labels":{"constructor":"x"}},"data":{"__proto__":"y","toString":"z"}}';
    const made = await wire.request("POST", collection, body);
    assert.ok(made.status === 201 || made.status === 422, made.body);
    for (const pollution of [
      '{"__proto__":{"polluted":"yes"},"metadata":{"name":"p1"}}',
      '{"metadata":{"__proto__":{"polluted":"yes"},"name":"p2"}}',
    ])
      assert.ok([201, 400, 422].includes((await wire.request("POST", collection, pollution)).status ?? 0));
    const merge = { "content-type": "application/merge-patch+json" };
    for (const patch of [
      '{"__proto__":{"polluted":"yes"}}',
      '{"constructor":{"prototype":{"polluted":"yes"}}}',
      '{"data":{"__proto__":"y"}}',
    ])
      await wire.request("PATCH", `${collection}/first`, patch, merge);
    const operations = '[{"op":"add","path":"/__proto__/polluted","value":"yes"}]';
    await wire.request("PATCH", `${collection}/first`, operations, { "content-type": "application/json-patch+json" });
    assert.doesNotMatch((await wire.request("GET", `${collection}/first`)).body, /polluted/);
    for (const path of [
      "/api/v1/__proto__",
      "/apis/__proto__/v1",
      "/api/constructor",
      "/api/v1/namespaces/__proto__/pods/constructor",
    ])
      assert.equal((await wire.request("GET", path)).status, 404, path);
  });

  await check("duplicate and unknown fields, as strictly as asked", async () => {
    const twice = '{"metadata":{"name":"twice"},"data":{"a":"1"},"data":{"a":"2"},"nope":1}';
    assertStatus(await wire.request("POST", `${collection}?fieldValidation=Strict`, twice), 400, 422);
    const warned = await wire.request("POST", `${collection}?fieldValidation=Warn`, twice);
    assert.equal(warned.status, 201, warned.body);
    assert.match(warned.headers, /^warning: 299 .*duplicate field/im);
    assert.match(warned.headers, /unknown field/i);
    assertStatus(await wire.request("POST", `${collection}?fieldValidation=Nope`, twice), 400, 422);
  });

  await check("bodies of five megabytes, and of none that was promised", async () => {
    const huge = `{"metadata":{"name":"huge"},"data":{"x":"${"x".repeat(5 << 20)}"}}`;
    assert.equal((await wire.request("POST", collection, huge)).status, 413);
    assert.equal(await postOverHttp2(cluster, collection, huge), 413);
    const { status } = await wire.send(
      `POST ${collection} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
      ...Array.from({ length: 6 }, () => `100000\r\n${"x".repeat(1 << 20)}\r\n`),
    );
    assert.equal(status, 413);
    // What fits is taken, however unusual.
    const many = `{"metadata":{"name":"many"},"data":{${Array.from({ length: 100_000 }, (_, i) => `"k${i}":"v"`)}}}`;
    assert.ok([201, 413, 422].includes((await wire.request("POST", collection, many)).status ?? 0));
  });

  await check("bad paths and queries", async () => {
    for (const path of [
      "/api/v1/namespaces/default/../../../etc/passwd",
      "/api/v1/namespaces/default/configmaps/%2e%2e%2f",
      "/api/v1/namespaces/default/configmaps/%00",
      "/api/v1/namespaces/default/nopes",
      "/apis//v1",
      "/api/v1/namespaces/default/configmaps/first/nope",
      `/api/v1/namespaces/default/configmaps/${"x".repeat(5_000)}`,
    ]) {
      const answer = await wire.request("GET", path);
      assert.ok(answer.status === undefined || answer.status >= 300, `${path} was answered with ${answer.status}`);
    }
    for (const path of ["/%", "/api/v1/configmaps/%zz", "/\u0001"])
      assertRefused(await wire.request("GET", path), path);
    for (const query of [
      "limit=abc",
      "labelSelector=%3D%3D%3D",
      "labelSelector=a+in+(",
      "fieldSelector=nope%3D1",
      "continue=garbage",
      "resourceVersion=abc",
      "resourceVersion=-1",
      "resourceVersionMatch=Exact",
    ])
      assertStatus(await wire.request("GET", `${collection}?${query}`), 400, 410, 422);
    assertStatus(await wire.request("GET", `${collection}?limit=99999999999999999999999`), 400);
    assertRefused(await wire.request("BREW", collection), "BREW");
    assertStatus(await wire.request("POST", `${collection}/first`, "{}"), 405);
  });

  await check("requests that HTTP forbids", async () => {
    for (const [what, text] of Object.entries({
      garbage: "\x16\x03\x01 not http at all\r\n\r\n",
      "no version": "GET /\r\n\r\n",
      "two lengths": `POST ${collection} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}`,
      smuggling: `POST ${collection} HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      "a negative length": `POST ${collection} HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n`,
      "bad chunks": `POST ${collection} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      "a header of a megabyte": `GET / HTTP/1.1\r\nhost: x\r\nx: ${"x".repeat(1 << 20)}\r\n\r\n`,
      "many headers": `GET / HTTP/1.1\r\nhost: x\r\n${"a: b\r\n".repeat(20_000)}\r\n`,
      "an upgrade to nowhere": "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: nowhere\r\n\r\n",
    }))
      assertRefused(await wire.send(text), what);
  });

  await check("credentials that are none", async () => {
    for (const authorization of [
      "Bearer",
      "Bearer ",
      "Bearer nope",
      "Basic YTpi",
      `Bearer ${"x".repeat(10_000)}`,
      "Bearer a.b.c",
      "\x80",
    ]) {
      const answer = await wire.request("GET", collection, "", { authorization });
      if (answer.status !== undefined) assertStatus(answer, 401, 403, 400);
    }
    const impersonation = { "impersonate-group": "system:masters" };
    assertStatus(await wire.request("GET", collection, "", impersonation), 400, 403, 500);
  });

  await check("slow and idle connections do not keep others waiting", async () => {
    const slow: TLSSocket[] = [];
    for (let i = 0; i < 50; i++) {
      const socket = await wire.open();
      socket.write(i % 2 ? "GET / HT" : `POST ${collection} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{`);
      slow.push(socket);
    }
    const started = performance.now();
    await healthy();
    assert.ok(performance.now() - started < 10_000);
    for (const socket of slow) socket.destroy();
  });

  await check("plain HTTP on the TLS port, and half a handshake", async () => {
    const { createConnection } = await import("node:net");
    for (const text of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00", ""]) {
      const socket = createConnection({ host: "127.0.0.1", port: Number(new URL(cluster.server).port) });
      socket.on("error", () => undefined);
      socket.once("connect", () => socket.end(text));
      let said = "";
      socket.on("data", (chunk) => {
        said += chunk;
      });
      await new Promise((resolve) => socket.once("close", resolve));
      if (text.startsWith("GET")) assert.match(said, /400 [\s\S]*Client sent an HTTP request to an HTTPS server\.\n$/);
    }
  });

  await check("HTTP/2: garbage after the preface, floods of streams, resets", async () => {
    const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    for (const rest of [Buffer.alloc(1_000, 0xff), Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.alloc(0)]) {
      const socket = await wire.open("h2");
      socket.write(Buffer.concat([Buffer.from(preface), rest]));
      if (rest.length > 0) await new Promise((resolve) => socket.once("close", resolve).resume());
      socket.destroy();
    }
    const session = connectHttp2(cluster.server, { rejectUnauthorized: false });
    session.on("error", () => undefined);
    for (let i = 0; i < 2_000; i++) {
      const stream = session.request({ ":path": `${collection}?watch=1`, authorization: `Bearer ${token}` });
      stream.on("error", () => undefined);
      stream.close(constants.NGHTTP2_CANCEL);
    }
    await new Promise((resolve) => session.close(() => resolve(undefined)));
  });

  await check("random bytes", async () => {
    const random = seededRandom(t);
    const head = `POST ${collection} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`;
    const good = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"f","labels":{"a":"b"}},"data":{"k":"v"}}';
    for (let round = 0; round < 300; round++) {
      const body = Buffer.from(good);
      for (let change = random.below(4); change >= 0; change--) body[random.below(body.length)] = random.below(256);
      const { status } = await wire.send(`${head}content-length: ${body.length}\r\n\r\n`, body);
      assert.ok(status !== undefined && status < 500, `${status} for ${JSON.stringify(body.toString("latin1"))}`);
    }
  });

  await t.test("the log holds no secret", async () => {
    const secret = { metadata: { name: "s" }, stringData: { password: "a-secret-that-no-log-may-hold" } };
    await wire.request("POST", "/api/v1/namespaces/default/secrets", JSON.stringify(secret));
    await wire.request("POST", "/api/v1/namespaces/default/secrets", JSON.stringify({ ...secret, data: 5 }));
    await wire.request("GET", `${collection}?token=${token}`);
    const log = cluster.log();
    assert.notEqual(log, "");
    assert.ok(!log.includes(token), "the token is in the log");
    assert.ok(!log.includes("a-secret-that-no-log-may-hold"), "a Secret's value is in the log");
    assert.doesNotMatch(log, /PRIVATE KEY/);
    assert.doesNotMatch(log, /a request failed unexpectedly/, "no hostile request may be a surprise");
  });
});
