import assert from "node:assert/strict";
import { AsyncResource } from "node:async_hooks";
import { test } from "node:test";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { type Logger, realClock, realRandom, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { Fields } from "../encryption/kms/wire.ts";
import { httpsHook } from "../testing/https-hook.ts";
import { realServer } from "../testing/real-server.ts";
import { admin, requestOf, send } from "../testing/server.ts";
import { WebhookClient } from "../webhook/index.ts";
import { tracerFor } from "./collector.ts";
import { readTracingConfiguration } from "./configuration.ts";
import { parseTraceparent } from "./span.ts";
import { Tracer, traced } from "./tracer.ts";

interface Told {
  readonly name: string;
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly link: string;
  readonly kind: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** A message within a message, as often as it is there. */
function all(bytes: Uint8Array, field: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const varint = () => {
      let value = 0;
      for (let factor = 1; ; factor *= 128) {
        const byte = bytes[at++]!;
        value += (byte & 127) * factor;
        if (byte < 128) return value;
      }
    };
    const tag = varint();
    const type = tag & 7;
    const length = type === 2 ? varint() : type === 1 ? 8 : 0;
    if (type === 0) varint();
    else if (tag >> 3 === field) found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

/** What an ExportTraceServiceRequest says. */
function spansIn(request: Uint8Array): Told[] {
  const scopes = new Fields(new Fields(request).bytes(1)).bytes(2);
  return all(scopes, 2).map((bytes) => {
    const span = new Fields(bytes);
    const attributes = all(bytes, 9).map((each) => {
      const value = new Fields(new Fields(each).bytes(2));
      return [new Fields(each).text(1), value.text(1) || value.number(3)] as const;
    });
    return {
      ...{ name: span.text(5), trace: hex(span.bytes(1)), span: hex(span.bytes(2)), parent: hex(span.bytes(4)) },
      ...{ link: hex(new Fields(span.bytes(13)).bytes(1)), kind: span.number(6) },
      failed: new Fields(span.bytes(15)).number(3) === 2,
      attributes: Object.fromEntries(attributes),
    };
  });
}

function world(samplingRatePerMillion = 0, logger: Logger = silentLogger) {
  const clock = new VirtualClock();
  const sent: Buffer[] = [];
  const tracer = new Tracer({
    ...{ samplingRatePerMillion, clock, random: realRandom, logger },
    resource: { "service.name": "apiserver" },
    send: async (request) => void sent.push(request),
  });
  const stop = new AbortController();
  const running = tracer.run(stop.signal);
  /** All that was told, in the order in which it ended. */
  const told = async () => {
    stop.abort();
    await running;
    return sent.flatMap(spansIn);
  };
  return { tracer, clock, sent, told };
}

const trace = "0af7651916cd43dd8448eb211c80319c";
const traceparent = `00-${trace}-b7ad6b7169203331-01`;
const configMaps = "/api/v1/namespaces/default/configmaps";

test("a request of a trace is told as part of it, if those who say so are trusted", async () => {
  const { tracer, told } = world();
  const trusted = realServer({ tracer });
  await trusted.handle(requestOf("GET", `${configMaps}/none?pretty=1`, undefined, { headers: { traceparent } }));
  await trusted.handle(requestOf("GET", "/version"));
  const user = { name: "someone", groups: ["system:authenticated"] };
  const others = realServer({ tracer, authenticator: { authenticate: async () => user } });
  await others.handle(requestOf("GET", configMaps, undefined, { headers: { traceparent } }));
  const [verb, request, ...more] = await told();
  assert.equal(more.length, 0);
  const { span: requestSpan, attributes, ...rest } = request!;
  assert.deepEqual(rest, {
    ...{ name: "GET /api/v1/namespaces/{:namespace}/configmaps/{:name}", trace, parent: "b7ad6b7169203331" },
    ...{ link: "", kind: 2, failed: false },
  });
  assert.equal(attributes["http.response.status_code"], 404);
  assert.equal(attributes["http.request.method"], "GET");
  assert.deepEqual([verb?.name, verb?.trace, verb?.parent, verb?.kind], ["Get", trace, requestSpan, 1]);
});

test("of other requests a share begins a trace of its own, which knows where it came from", async () => {
  const { tracer, told } = world(1_000_000);
  const user = { name: "someone", groups: [] };
  const server = realServer({ tracer, authenticator: { authenticate: async () => user } });
  await server.handle(requestOf("GET", configMaps, undefined, { headers: { traceparent } }));
  const [list, request] = await told();
  assert.deepEqual([list?.name, request?.name], ["List", "GET /api/v1/namespaces/{:namespace}/configmaps"]);
  assert.deepEqual([request?.parent, request?.link], ["", trace]);
  assert.notEqual(request?.trace, trace);
  const share = world(250_000);
  for (let i = 0; i < 400; i++)
    await share.tracer.request(
      requestOf("GET", "/version"),
      { isResourceRequest: false } as Parameters<Tracer["request"]>[1],
      admin,
      async () => ({ status: 200, content: { type: "bytes", contentType: "", bytes: new Uint8Array() } }),
    );
  const { length } = await share.told();
  assert.ok(length > 50 && length < 150, `${length} of 400`);
});

test("what fails is told as such; what a request has begun and goes on after it is no part of it", async () => {
  const { tracer, told } = world(1_000_000);
  const broken = { authorize: () => Promise.reject(new Error("no")) };
  await realServer({ tracer, authorizer: broken }).handle(requestOf("GET", configMaps));
  const server = realServer({ tracer });
  await send(server, "POST", configMaps, { metadata: { name: "a" } });
  let after = () => Promise.resolve("");
  const info = { isResourceRequest: false } as Parameters<Tracer["request"]>[1];
  const inProcess = { ...requestOf("GET", "/inside", undefined, { headers: { traceparent } }), user: admin };
  await tracer.request(inProcess, info, admin, async () => {
    after = AsyncResource.bind(() => traced("later", "client", async (span) => span?.name ?? "untraced"));
    return { status: 200, content: { type: "bytes", contentType: "", bytes: new Uint8Array() } };
  });
  assert.equal(await after(), "untraced");
  const spans = await told();
  assert.equal(spans.find(({ attributes }) => attributes["http.target"] === "/inside")?.parent, "");
  const failed = spans.filter((span) => span.failed);
  assert.ok(failed.some(({ name }) => name.startsWith("GET ")));
  const create = spans.find(({ name }) => name === "Create");
  assert.equal(create?.failed, false);
  assert.equal(spans.find(({ name }) => name.startsWith("POST"))?.span, create?.parent);
});

test("webhooks are told which trace they are called in", async (t) => {
  const { tracer, told } = world();
  const hook = await httpsHook(() => ({ fine: true }));
  t.after(() => hook.close());
  const services = { resolve: async () => ({ host: "127.0.0.1", port: 1 }) };
  const client = new WebhookClient({ clock: realClock, services });
  const target = { url: hook.url, caBundle: Buffer.from(hook.ca).toString("base64") };
  const info = { isResourceRequest: false } as Parameters<Tracer["request"]>[1];
  await tracer.request(requestOf("GET", "/x", undefined, { headers: { traceparent } }), info, admin, async () => {
    await client.call(target, {});
    return { status: 200, content: { type: "bytes", contentType: "", bytes: new Uint8Array() } };
  });
  await traced("not in a trace", "client", () => client.call(target, {}));
  client.close();
  const [post, request] = await told();
  assert.deepEqual([post?.name, post?.kind, post?.parent], ["HTTP POST", 3, request?.span]);
  assert.deepEqual(
    hook.requests.map(({ headers }) => headers["traceparent"]),
    [`00-${trace}-${post?.span}-01`, undefined],
  );
});

test("batches are sent every five seconds; what a collector does not take is dropped, and said", async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
  const clock = new VirtualClock();
  let refuses = true;
  const batches: number[] = [];
  const tracer = new Tracer({
    ...{ samplingRatePerMillion: 1_000_000, clock, random: realRandom, logger, resource: {} },
    async send(request) {
      batches.push(spansIn(request).length);
      if (refuses) throw new Error("unavailable");
    },
  });
  const stop = new AbortController();
  const running = tracer.run(stop.signal);
  const some = async (count: number) => {
    const info = { isResourceRequest: false } as Parameters<Tracer["request"]>[1];
    const answer = { status: 200, content: { type: "bytes", contentType: "", bytes: new Uint8Array() } } as const;
    for (let i = 0; i < count; i++) await tracer.request(requestOf("GET", "/"), info, admin, async () => answer);
  };
  await some(1);
  await clock.advance(5000);
  assert.deepEqual([batches, warnings], [[1], ["Traces could not be exported"]]);
  refuses = false;
  await some(2100);
  await clock.advance(5000);
  assert.deepEqual(batches.slice(1), [512, 512, 512, 512]);
  assert.deepEqual(warnings.slice(1), ["Traces were dropped: too many wait to be exported"]);
  stop.abort();
  await running;
});

test("a collector is spoken to by OTLP", async (t) => {
  const collector = new Server();
  const got: Buffer[] = [];
  const same = (bytes: Buffer) => bytes;
  const take = (call: ServerUnaryCall<Buffer, Buffer>, done: sendUnaryData<Buffer>) => {
    got.push(call.request);
    done(null, Buffer.alloc(0));
  };
  collector.register("/opentelemetry.proto.collector.trace.v1.TraceService/Export", take, same, same, "unary");
  const port = await new Promise<number>((resolve, reject) =>
    collector.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  t.after(() => collector.forceShutdown());
  const config = await readTracingConfiguration(
    `apiVersion: apiserver.k8s.io/v1\nkind: TracingConfiguration\nendpoint: 127.0.0.1:${port}\nsamplingRatePerMillion: 1000000\n`,
  );
  const means = { clock: realClock, random: realRandom, logger: silentLogger, host: "h" };
  const tracer = await tracerFor(config, means);
  const server = realServer({ tracer });
  const stop = new AbortController();
  const running = server.start(stop.signal);
  await server.ready;
  await send(server, "GET", configMaps);
  stop.abort();
  await running;
  const resource = new Fields(new Fields(new Fields(got[0] ?? Buffer.alloc(0)).bytes(1)).bytes(1));
  assert.equal(new Fields(resource.bytes(1)).text(1), "service.instance.id");
  assert.ok(got.flatMap(spansIn).some(({ name }) => name === "List"));
});

const faults: [config: string, message: RegExp][] = [
  ["samplingRatePerMillion: -1", /samplingRatePerMillion: Invalid value: -1: sampling rate must be positive/],
  ["samplingRatePerMillion: 1000001", /must be less than or equal to one million/],
  ["endpoint: http://a:1", /endpoint: Invalid value: "http:\/\/a:1": unsupported scheme: http\. {2}Options are none/],
  ["odd: 1", /^failed to read tracing config: unable to decode tracing configuration data: strict decoding error/],
];
for (const [config, message] of faults)
  test(`refused: ${config}`, () =>
    assert.rejects(
      readTracingConfiguration(`apiVersion: apiserver.k8s.io/v1beta1\nkind: TracingConfiguration\n${config}\n`),
      { message },
    ));

test("a traceparent that is none is nobody's", () => {
  assert.deepEqual(parseTraceparent(traceparent, "a=b"), {
    ...{ traceId: trace, spanId: "b7ad6b7169203331", sampled: true, state: "a=b" },
  });
  for (const odd of [
    "",
    "00-1-2-01",
    traceparent.replace("00-", "ff-"),
    `${traceparent}-x`,
    `00-${"0".repeat(32)}-b7ad6b7169203331-01`,
  ])
    assert.equal(parseTraceparent(odd), undefined);
});
