import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Clock, realClock, realRandom, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { openSqliteStore, type Store } from "@kubets/storage";
import { MetricsRegistry } from "../../metrics/families.ts";
import type { ApiServer } from "../../server.ts";
import { realServer } from "../../testing/real-server.ts";
import { send } from "../../testing/server.ts";
import { aesGcm } from "../ciphers.ts";
import { encryptionAtRest } from "../index.ts";
import { KmsMetrics } from "../metrics.ts";
import { decodeObject, encodeObject, sourceTypes } from "./encrypted-object.ts";
import { Sources } from "./provider.ts";
import { hkdfExpand, seedCipher } from "./seed-cipher.ts";
import { socketPath } from "./service.ts";
import { startPlugin } from "./testing.ts";

const url = "/api/v1/namespaces/default/secrets";
const secret = (name: string) => ({ metadata: { name }, stringData: { password: `pass-${name}` } });

/** A directory with a store in it that one plugin's key encrypts, and a socket for the plugin. */
async function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kms-"));
  const file = join(directory, "enc.yaml");
  const socket = join(directory, "kms.sock");
  writeFileSync(
    file,
    JSON.stringify({
      apiVersion: "apiserver.config.k8s.io/v1",
      kind: "EncryptionConfiguration",
      resources: [
        {
          resources: ["secrets"],
          providers: [
            { kms: { apiVersion: "v2", name: "vault", endpoint: `unix://${socket}`, timeout: "400ms" } },
            { identity: {} },
          ],
        },
      ],
    }),
  );
  let store: Store | undefined;
  let stop = new AbortController();
  const close = async () => {
    stop.abort();
    await store?.close();
  };
  t.after(async () => {
    await close();
    rmSync(directory, { recursive: true, force: true });
  });
  const open = async (clock: Clock = realClock) => {
    await close();
    stop = new AbortController();
    const meters = new MetricsRegistry();
    const encryption = await encryptionAtRest({ path: file, clock, logger: silentLogger }, stop.signal);
    meters.collect(() => encryption.metrics());
    store = await openSqliteStore({ path: join(directory, "store", "kubets.db"), transformer: encryption });
    return realServer({ store, meters, healthChecks: encryption.healthChecks });
  };
  const onDisk = () => {
    const files = readdirSync(join(directory, "store")).map((name) => readFileSync(join(directory, "store", name)));
    return Buffer.concat(files);
  };
  return { open, onDisk, socket };
}

async function passwordOf(server: ApiServer, name: string): Promise<string> {
  const { json } = await send(server, "GET", `${url}/${name}`);
  return json.data === undefined ? json.message : Buffer.from(json.data.password, "base64").toString();
}

test("secrets lie under a key of the plugin's, which is asked once for all of them", async (t) => {
  const { open, onDisk, socket } = await place(t);
  const plugin = await startPlugin(socket);
  t.after(() => plugin.stop());
  const first = await open();
  await send(first, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  for (const name of ["a", "b", "c"]) assert.equal((await send(first, "POST", url, secret(name))).status, 201);
  assert.ok(onDisk().includes("k8s:enc:kms:v2:vault:"));
  assert.ok(!onDisk().includes(Buffer.from("pass-a").toString("base64")));
  assert.equal((await plugin.set({})).Decrypt, 0, "what it wrote itself it can read");
  const second = await open();
  assert.deepEqual(await Promise.all(["a", "b", "c"].map((name) => passwordOf(second, name))), [
    "pass-a",
    "pass-b",
    "pass-c",
  ]);
  assert.equal((await plugin.set({})).Decrypt, 1);
  assert.equal((await send(second, "GET", "/healthz/kms-providers")).text, "ok");
  assert.equal((await send(second, "GET", "/livez/kms-providers")).status, 404);
  const metrics = (await send(second, "GET", "/metrics")).text;
  assert.match(metrics, /^apiserver_storage_envelope_transformation_cache_misses_total 1$/m);
  assert.match(
    metrics,
    /^apiserver_storage_transformation_operations_total\{resource="secrets",status="OK",transformation_type="from_storage",transformer_prefix="k8s:enc:kms:v2:vault:"\} 3$/m,
  );
  assert.match(metrics, /^apiserver_envelope_encryption_kms_operations_latency_seconds_count\{grpc_status_code="OK",/m);
  assert.doesNotMatch(metrics, /key-1/, "names of keys are told by their hash");
});

test("a new key of the plugin's is used within a minute, the old one still reads, and writing again changes over", async (t) => {
  const { open, socket } = await place(t);
  const plugin = await startPlugin(socket);
  t.after(() => plugin.stop());
  const clock = new VirtualClock();
  const server = await open(clock);
  await send(server, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  const { json: written } = await send(server, "POST", url, secret("a"));
  const again = async () => (await send(server, "PUT", `${url}/a`, written)).json.metadata.resourceVersion;
  delete written.metadata.resourceVersion;
  const before = await again();
  assert.equal(await again(), before, "as it would be stored now");
  await plugin.set({ keyId: "key-2" });
  await clock.advance(60_001);
  await eventually(async () => (await plugin.set({})).Encrypt === 2);
  assert.equal(await passwordOf(server, "a"), "pass-a");
  await eventually(async () => (await again()) !== before);
  const after = await again();
  assert.equal(await again(), after);
});

test("a plugin that comes late is waited for; one that stays away stops writes after three minutes, and never reads", async (t) => {
  const { open, socket } = await place(t);
  const plugin = await startPlugin(socket);
  const first = await open();
  await send(first, "POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  await send(first, "POST", url, secret("a"));
  await plugin.stop();
  const clock = new VirtualClock();
  const server = await open(clock);
  const unreadable = /unable to transform key .*: got unexpected nil transformer/;
  assert.match(await passwordOf(server, "a"), unreadable);
  assert.match((await send(server, "POST", url, secret("b"))).json.message, /got unexpected nil transformer/);
  const health = await send(server, "GET", "/readyz/kms-providers");
  assert.equal(health.status, 500);
  assert.match(
    health.text,
    /^internal server error: kms-provider-0: failed to perform status section of the healthz check for KMS Provider vault, error: rpc error: code = /,
  );
  rmSync(socket, { force: true });
  const late = await startPlugin(socket);
  t.after(() => late.stop());
  for (let i = 0; i < 3; i++) {
    await clock.advance(10_001);
    await eventually(async () => (await late.set({})).Status > 0, 20);
  }
  await eventually(async () => (await passwordOf(server, "a")) === "pass-a");
  assert.equal((await send(server, "POST", url, secret("b"))).status, 201);
  await late.set({ healthz: "sealed", refusal: "sealed", keyId: "" });
  await clock.advance(3 * 60_000 + 20_001);
  const refused = await send(server, "POST", url, secret("c"));
  assert.match(refused.json.message, /encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at /);
  assert.equal(await passwordOf(server, "a"), "pass-a");
});

test("a plugin that does not answer is waited for once, not for each value; none is waited for when it is closed", async () => {
  const directory = mkdtempSync(join(tmpdir(), "kms-"));
  try {
    const { WaitingDecrypt } = await import("./waiting-decrypt.ts");
    const closed = new WaitingDecrypt({ path: join(directory, "none.sock"), timeoutMs: 60_000 });
    closed.close();
    const encrypted = { keyId: "k", source: Buffer.from("s"), annotations: new Map(), type: sourceTypes.seed };
    assert.throws(
      () => closed.decrypt(encrypted, "u"),
      /code = Canceled desc = grpc: the client connection is closing/,
    );
    let calls = 0;
    const silent = {
      close() {},
      decrypt() {
        calls++;
        throw new Error("rpc error: code = DeadlineExceeded desc = context deadline exceeded");
      },
    };
    const metrics = new KmsMetrics(new MetricsRegistry(), realClock, "h");
    const sources = new Sources("vault", silent, { metrics, random: realRandom, onReadable() {} });
    for (const source of ["a", "b"])
      assert.throws(() => sources.cipherOf({ ...encrypted, source: Buffer.from(source) }), /DeadlineExceeded/);
    assert.equal(calls, 1);
    sources.tryAgain();
    assert.throws(() => sources.cipherOf({ ...encrypted, source: Buffer.from("b") }), /DeadlineExceeded/);
    assert.equal(calls, 2);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("KMS v1 is refused, in upstream's words", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kms-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, "enc.yaml");
  const kms = { name: "old", endpoint: "unix:///run/kms.sock" };
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "EncryptionConfiguration" };
  writeFileSync(path, JSON.stringify({ ...head, resources: [{ resources: ["secrets"], providers: [{ kms }] }] }));
  const { signal } = new AbortController();
  await assert.rejects(encryptionAtRest({ path, clock: realClock, logger: silentLogger }, signal), {
    message:
      "error while building transformers: KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.  Set --feature-gates=KMSv1=true to use the deprecated KMSv1 feature.",
  });
});

test("the stored form is upstream's", () => {
  const prk = Buffer.from("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", "hex");
  const okm = hkdfExpand(prk, Buffer.from("f0f1f2f3f4f5f6f7f8f9", "hex"));
  assert.equal(
    Buffer.from(okm).toString("hex"),
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf",
    "RFC 5869, test case 1",
  );
  const seed = Buffer.alloc(32, 7);
  const data = seedCipher(seed).encrypt(Buffer.from("{}"), "/registry/secrets/d/a");
  const plain = aesGcm(hkdfExpand(seed, data.subarray(0, 32))).decrypt(data.subarray(32), "/registry/secrets/d/a");
  assert.equal(Buffer.from(plain).toString(), "{}");
  assert.throws(() => seedCipher(seed).decrypt(data, "/registry/secrets/d/b"), /message authentication failed/);
  const object = {
    data: Buffer.from("d"),
    keyId: "k",
    source: Buffer.from("s"),
    annotations: new Map([["b.example.com", Buffer.from("2")]]),
    type: sourceTypes.seed,
  };
  const bytes = Buffer.from(encodeObject(object));
  const annotation = `0a0d${Buffer.from("b.example.com").toString("hex")}120132`;
  assert.equal(bytes.toString("hex"), `0a016412016b1a01732212${annotation}2801`);
  const read = decodeObject(bytes);
  assert.deepEqual(
    { ...read, data: Buffer.from(read.data), source: Buffer.from(read.source) },
    {
      ...object,
      annotations: read.annotations,
    },
  );
  assert.throws(
    () => decodeObject(Buffer.from("0a0164", "hex")),
    /failed to validate encrypted DEK source: encrypted DEK source is empty/,
  );
  assert.throws(() => decodeObject(bytes.subarray(0, 4)), /unexpected EOF/);
  assert.throws(
    () => decodeObject(Buffer.concat([bytes, Buffer.from("2807", "hex")])),
    /unknown encryptedDEKSourceType: 7/,
  );
  assert.equal(socketPath("unix:///run/kms.sock"), "/run/kms.sock");
  assert.equal(socketPath("unix:///@kms"), "@kms");
});

async function eventually(check: () => Promise<boolean>, tries = 2000): Promise<void> {
  for (let i = 0; i < tries; i++) {
    if (await check()) return;
    await realClock.sleep(10);
  }
  if (tries >= 200) assert.fail("it did not come to be");
}
