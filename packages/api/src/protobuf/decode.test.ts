import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom, testSeed } from "@kubets/apimachinery";
import { decodeProtobuf, ProtobufError } from "./decode.ts";

// A tiny encoder: a message is what it holds by field number; an array is a field written several times.

type Content = string | Buffer | number | bigint | boolean | Message;
interface Message {
  readonly [number: number]: Content | readonly Content[];
}

function varint(value: number | bigint | boolean): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

function field(number: number, content: Content): Buffer {
  if (typeof content !== "string" && typeof content !== "object")
    return Buffer.concat([varint(number << 3), varint(content)]);
  const bytes = typeof content === "string" || Buffer.isBuffer(content) ? Buffer.from(content) : encode(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function encode(message: Message): Buffer {
  const fields = Object.entries(message).flatMap(([number, contents]) =>
    [contents].flat().map((content) => field(Number(number), content)),
  );
  return Buffer.concat(fields);
}

/** runtime.Unknown around an object, behind the magic. */
function body(apiVersion: string, kind: string, message: Message | Buffer): Buffer {
  return Buffer.concat([Buffer.from("k8s\0"), encode({ 1: { 1: apiVersion, 2: kind }, 2: message, 3: "", 4: "" })]);
}

function decoded(apiVersion: string, kind: string, message: Message): Record<string, unknown> {
  return decodeProtobuf(body(apiVersion, kind, message));
}

function podSpec(spec: Message): Record<string, unknown> {
  return decoded("v1", "Pod", { 2: spec })["spec"] as Record<string, unknown>;
}

test("an object has its apiVersion and kind, and its metadata's names", () => {
  assert.deepEqual(decoded("v1", "ConfigMap", { 1: { 1: "web", 3: "default" } }), {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "web", namespace: "default" },
  });
});

test("zero is kept where the type has a pointer, and dropped elsewhere", () => {
  // Of a DeploymentSpec, replicas (1) is a pointer; minReadySeconds (5) and paused (7) are not.
  assert.deepEqual(decoded("apps/v1", "Deployment", { 2: { 1: 0, 5: 0, 7: false } })["spec"], { replicas: 0 });
  // Of a PodSpec, hostNetwork (11) and hostname (16) are not.
  assert.deepEqual(podSpec({ 4: 0, 11: false, 16: "", 21: false, 37: false }), {
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
    hostUsers: false,
  });
});

test("a field written twice holds the last value; a list all of them", () => {
  assert.deepEqual(podSpec({ 16: ["first", "second"] }), { hostname: "second" });
  assert.deepEqual(podSpec({ 16: ["first", ""] }), {});
  assert.deepEqual(podSpec({ 2: [{ 1: "a" }, { 1: "b" }] }), { containers: [{ name: "a" }, { name: "b" }] });
});

test("maps of strings, bytes, quantities and lists", () => {
  const data = [
    { 1: "a", 2: "1" },
    { 1: "b", 2: "" },
  ];
  assert.deepEqual(decoded("v1", "ConfigMap", { 2: data, 3: { 1: "raw", 2: Buffer.from([0, 255]) } }), {
    apiVersion: "v1",
    kind: "ConfigMap",
    data: { a: "1", b: "" },
    binaryData: { raw: "AP8=" },
  });
  const hard = { 1: "cpu", 2: { 1: "500m" } };
  assert.deepEqual(decoded("v1", "ResourceQuota", { 2: { 1: hard } })["spec"], { hard: { cpu: "500m" } });
  const extra = { 1: "scopes", 2: { 1: ["x", "y"] } };
  const review = decoded("authorization.k8s.io/v1", "SubjectAccessReview", { 2: { 5: extra } });
  assert.deepEqual(review["spec"], { extra: { scopes: ["x", "y"] } });
});

test("a map's entry may lack its key or its value, which are then empty", () => {
  assert.deepEqual(decoded("v1", "ConfigMap", { 2: [{ 1: "a" }, { 2: "b" }] })["data"], { a: "", "": "b" });
});

test("a map's key may be __proto__ and stays a key", () => {
  const { data } = decoded("v1", "ConfigMap", { 2: { 1: "__proto__", 2: "x" } });
  assert.equal(JSON.stringify(data), '{"__proto__":"x"}');
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
});

test("messages that JSON has in line: a volume's source, a probe's handler", () => {
  const volumes = [
    { 1: "scratch", 2: { 2: {} } },
    { 1: "keys", 2: { 6: { 1: "tls" } } },
  ];
  assert.deepEqual(podSpec({ 1: volumes })["volumes"], [
    { name: "scratch", emptyDir: {} },
    { name: "keys", secret: { secretName: "tls" } },
  ]);
  const probe = { 1: { 2: { 1: "/healthz", 2: { 1: 1, 3: "http" } } }, 4: 5 };
  assert.deepEqual(podSpec({ 2: { 1: "web", 10: probe } })["containers"], [
    { name: "web", livenessProbe: { httpGet: { path: "/healthz", port: "http" }, periodSeconds: 5 } },
  ]);
});

test("a number or a name", () => {
  const targetPort = (value: Message): unknown => {
    const spec = decoded("v1", "Service", { 2: { 1: { 3: 80, 4: value } } })["spec"] as { ports: object[] };
    return (spec.ports[0] as { targetPort?: unknown }).targetPort;
  };
  assert.equal(targetPort({ 1: 0, 2: 8080, 3: "" }), 8080);
  assert.equal(targetPort({ 1: 1, 2: 0, 3: "http" }), "http");
  // Not a pointer: Go writes the zero of a port that the user left out.
  assert.equal(targetPort({}), undefined);
});

test("times in seconds, and with microseconds", () => {
  const seconds = Date.UTC(2026, 10, 21, 1, 2, 3) / 1000;
  const metadata = (time: Message) => decoded("v1", "Secret", { 1: { 1: "s", 8: time } })["metadata"];
  assert.deepEqual(metadata({ 1: seconds, 2: 0 }), { name: "s", creationTimestamp: "2026-11-21T01:02:03Z" });
  assert.deepEqual(metadata({}), { name: "s" });
  const lease = decoded("coordination.k8s.io/v1", "Lease", { 2: { 4: { 1: seconds, 2: 123_456_789 } } });
  assert.deepEqual(lease["spec"], { renewTime: "2026-11-21T01:02:03.123456Z" });
});

test("a time that RFC 3339 cannot say is refused", () => {
  for (const seconds of [253_402_300_800n, 1n << 60n, -(1n << 62n)])
    assert.throws(() => decoded("v1", "Secret", { 1: { 8: { 1: seconds } } }), ProtobufError);
});

test("JSON inside of protobuf", () => {
  const revision = decoded("apps/v1", "ControllerRevision", { 2: { 1: '{"spec":{"a":[1]}}' }, 3: 0 });
  assert.deepEqual(revision["data"], { spec: { a: [1] } });
  assert.equal(revision["revision"], 0); // Always written, as upstream has no omitempty there.
  assert.throws(() => decoded("apps/v1", "ControllerRevision", { 2: { 1: "{" } }), ProtobufError);
});

test("whole numbers of all sizes", () => {
  assert.equal(podSpec({ 25: -1 })["priority"], -1);
  assert.equal(podSpec({ 25: 2_000_000_000 })["priority"], 2_000_000_000);
  assert.equal(podSpec({ 5: 4_294_967_296 })["activeDeadlineSeconds"], 4_294_967_296);
});

test("fields of a newer version are passed over", () => {
  assert.deepEqual(podSpec({ 16: "h", 998: 7, 999: "?" }), { hostname: "h" });
});

test("options belong to every group", () => {
  const { kind, gracePeriodSeconds, propagationPolicy } = decoded("apps/v1", "DeleteOptions", {
    1: 0,
    4: "Background",
  });
  assert.deepEqual([kind, gracePeriodSeconds, propagationPolicy], ["DeleteOptions", 0, "Background"]);
});

test("an unknown kind is named in the refusal", () => {
  assert.throws(() => decoded("example.com/v1", "Thing", {}), {
    constructor: ProtobufError,
    message: /no kind "Thing" is registered for version "example\.com\/v1"/,
  });
  for (const apiVersion of ["", "v1", "__proto__/v1", "a/b/c", "constructor"])
    for (const kind of ["", "__proto__", "constructor", "toString"])
      assert.throws(() => decoded(apiVersion, kind, {}), ProtobufError);
});

test("what is not protobuf is refused", () => {
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from("k8s"),
    Buffer.from('{"kind":"Pod"}'),
    Buffer.from([0x1f, 0x8b, 8]),
  ])
    assert.throws(() => decodeProtobuf(bytes), ProtobufError);
  const wrong: Readonly<Record<string, Buffer>> = {
    "a length beyond the end": Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    "a negative length": Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    "a number without end": Buffer.alloc(32, 0xff),
    "field 0": Buffer.from([0x00, 0x01]),
    "a group": Buffer.from([0x0b]),
    "a number where a message belongs": encode({ 2: 7 }),
    "text where a number belongs": encode({ 2: { 4: "text" } }),
  };
  for (const [what, bytes] of Object.entries(wrong))
    assert.throws(() => decodeProtobuf(body("v1", "Pod", bytes)), ProtobufError, what);
});

const samples = [
  body("v1", "Pod", {
    1: { 1: "web", 8: { 1: 1_700_000_000 }, 11: { 1: "a", 2: "b" } },
    2: { 1: { 1: "v", 2: { 2: {} } }, 2: { 1: "c", 8: { 1: { 1: "cpu", 2: { 1: "1" } } }, 10: { 4: 5 } }, 4: 0 },
  }),
  body("v1", "ConfigMap", { 1: { 1: "m", 11: { 1: "a", 2: "b" } }, 2: { 1: "k", 2: "v" } }),
  body("apps/v1", "ControllerRevision", { 2: { 1: '{"a":1}' }, 3: 1 }),
  body("v1", "Service", { 2: { 1: { 3: 80, 4: { 1: 1, 3: "http" } }, 2: { 1: "a", 2: "b" } } }),
  body("authorization.k8s.io/v1", "SubjectAccessReview", { 2: { 5: { 1: "scopes", 2: { 1: "x" } } } }),
];

/** Anything but a ProtobufError is a defect. */
function decodeOrRefuse(bytes: Buffer): void {
  try {
    decodeProtobuf(bytes);
  } catch (error) {
    if (!(error instanceof ProtobufError)) throw error;
  }
}

test("every cut of a message is read or refused", () => {
  for (const whole of samples)
    for (let length = 0; length < whole.length; length++) decodeOrRefuse(whole.subarray(0, length));
});

test("deep nesting does not end the stack", () => {
  let nested: Buffer = Buffer.alloc(0);
  for (let depth = 0; depth < 5_000; depth++) nested = field(2, nested);
  decodeOrRefuse(body("v1", "Pod", nested));
  decodeOrRefuse(body("apps/v1", "ControllerRevision", { 2: { 1: "[".repeat(100_000) + "]".repeat(100_000) } }));
});

test("random changes to a message give an object or a ProtobufError", (t) => {
  const seed = testSeed();
  t.diagnostic(`seed ${seed}; KUBETS_SEED=${seed} repeats it`);
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random.next() * limit);
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(samples[below(samples.length)] as Buffer);
    for (let change = below(4); change >= 0; change--) bytes[4 + below(bytes.length - 4)] = below(256);
    decodeOrRefuse(below(4) === 0 ? bytes.subarray(0, below(bytes.length)) : bytes);
  }
});
