import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Logger, type LogValues, realClock, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { openSqliteStore, type Store } from "@kubets/storage";
import type { ApiServer } from "../server.ts";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { encryptionAtRest } from "./index.ts";

const secretsPath = "/api/v1/namespaces/default/secrets";
const secret = (name: string, text: string) => ({
  metadata: { name },
  data: { password: Buffer.from(text).toString("base64") },
});
const key = (name: string) => `{name: ${name}, secret: ${Buffer.alloc(32, name).toString("base64")}}`;

/** A configuration for secrets, of providers in YAML's flow style. */
const configured = (...providers: string[]) => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [${providers.join(", ")}]
`;
const gcm = (...names: string[]) => `{aesgcm: {keys: [${names.map(key).join(", ")}]}}`;
const identity = "{identity: {}}";

/** A directory with a store in it, which can be opened again with another configuration. */
function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-encryption-"));
  const file = join(directory, "enc.yaml");
  const stop = new AbortController();
  let store: Store | undefined;
  t.after(async () => {
    stop.abort();
    await store?.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const open = async (config: string | undefined, clock = realClock, logger: Logger = silentLogger) => {
    await store?.close();
    if (config !== undefined) writeFileSync(file, config);
    const options = { path: file, automaticReload: true, clock, logger };
    const transformer = config === undefined ? undefined : await encryptionAtRest(options, stop.signal);
    const path = join(directory, "store", "kubets.db");
    store = await openSqliteStore({ path, ...(transformer === undefined ? {} : { transformer }) });
    return realServer({ store });
  };
  const onDisk = () => {
    const files = readdirSync(join(directory, "store")).map((name) => readFileSync(join(directory, "store", name)));
    return Buffer.concat(files);
  };
  return { file, open, onDisk };
}

async function revisionOf(server: ApiServer, name: string): Promise<string> {
  return (await send(server, "GET", `${secretsPath}/${name}`)).json.metadata.resourceVersion;
}

/** As `kubectl replace` does with what `kubectl get` gave: changes nothing. */
async function replace(server: ApiServer, name: string): Promise<void> {
  const { json } = await send(server, "GET", `${secretsPath}/${name}`);
  assert.equal((await send(server, "PUT", `${secretsPath}/${name}`, json)).status, 200);
}

test("no secret is in the database file, and everything else is", async (t) => {
  const { open, onDisk } = place(t);
  const server = await open(configured(gcm("one"), identity));
  const text = Buffer.from("swordfish").toString("base64");
  await send(server, "POST", secretsPath, secret("x", "swordfish"));
  await send(server, "PATCH", `${secretsPath}/x`, { data: { more: text } }, { headers: mergePatch });
  await send(server, "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "open-to-all" } });
  const reply = await send(server, "GET", `${secretsPath}/x`);
  assert.deepEqual(reply.json.data, { password: text, more: text });
  const bytes = onDisk();
  assert.ok(!bytes.includes(text));
  assert.ok(bytes.includes("k8s:enc:aesgcm:v1:one:"));
  assert.ok(bytes.includes("open-to-all"));
});
const mergePatch = { "content-type": "application/merge-patch+json" };

test("secrets are migrated by writing them again unchanged: to a first key, to the next, and back to plain", async (t) => {
  const { open, onDisk } = place(t);
  let server = await open(undefined);
  await send(server, "POST", secretsPath, secret("x", "swordfish"));
  const steps = [configured(gcm("one"), identity), configured(gcm("two", "one")), configured(identity, gcm("two"))];
  for (const step of steps) {
    server = await open(step);
    const before = await revisionOf(server, "x");
    const lists = await send(server, "GET", secretsPath);
    assert.equal(lists.json.items[0].data.password, Buffer.from("swordfish").toString("base64"));
    await replace(server, "x");
    const after = await revisionOf(server, "x");
    assert.notEqual(after, before, "it was written, unchanged as it is");
    await replace(server, "x");
    assert.equal(await revisionOf(server, "x"), after, "and is current now");
    if (step === steps[1]) assert.ok(onDisk().includes("k8s:enc:aesgcm:v1:two:"));
  }
  server = await open(configured(identity));
  assert.equal((await send(server, "GET", `${secretsPath}/x`)).status, 200, "no key is needed any more");
});

test("a lost key is told of where it is missed, and what was there comes back with it", async (t) => {
  const { open } = place(t);
  let server = await open(configured(gcm("one")));
  await send(server, "POST", secretsPath, secret("x", "swordfish"));
  await send(server, "POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "c" } });
  const missed = [
    [configured("{aescbc: {keys: [{name: one, secret: AAAAAAAAAAAAAAAAAAAAAA==}]}}"), "no matching prefix found"],
    [configured(gcm("two")), "no matching key was found for the provided AES transformer"],
    [undefined, "identity transformer tried to read encrypted data"],
  ] as const;
  for (const [config, why] of missed) {
    server = await open(config);
    await send(server, "POST", secretsPath, secret("another", "shark"));
    const message = `Internal error occurred: unable to transform key "/registry/secrets/default/x": ${why}`;
    for (const [method, url] of [
      ["GET", `${secretsPath}/x`],
      ["GET", secretsPath],
      ["GET", "/api/v1/secrets"],
      ["DELETE", `${secretsPath}/x`],
      ["PUT", `${secretsPath}/x`],
    ] as const) {
      const body = method === "PUT" ? secret("x", "shark") : undefined;
      const { status, json } = await send(server, method, url, body);
      assert.deepEqual([status, json.reason, json.message], [500, "InternalError", message], `${method} ${url}`);
    }
    assert.equal((await send(server, "GET", `${secretsPath}/another`)).status, 200);
    assert.equal((await send(server, "GET", "/api/v1/configmaps")).json.items.length, 1);
    assert.equal((await send(server, "POST", secretsPath, secret("x", "shark"))).status, 409);
    assert.equal((await send(server, "DELETE", `${secretsPath}/another`)).status, 200);
  }
  server = await open(configured(gcm("two", "one")));
  assert.equal((await send(server, "GET", `${secretsPath}/x`)).json.data.password, "c3dvcmRmaXNo");
});

test("a changed configuration is used while running; one that is not valid is not, and no secret is logged", async (t) => {
  const { file, open, onDisk } = place(t);
  const clock = new VirtualClock();
  const { logger, logged, line } = collectingLogger();
  const server = await open(configured(gcm("one")), clock, logger);
  await send(server, "POST", secretsPath, secret("x", "swordfish"));
  const change = async (content: string, message: string) => {
    writeFileSync(file, content);
    const told = line(message);
    await clock.advance(60_000);
    await told;
  };
  const before = await revisionOf(server, "x");
  await change(configured(gcm("two", "one")), "A changed configuration file is in use");
  await replace(server, "x");
  const after = await revisionOf(server, "x");
  assert.notEqual(after, before);
  assert.ok(onDisk().includes("k8s:enc:aesgcm:v1:two:"));
  await change(configured("{aesgcm: {keys: []}}"), "A changed configuration file is not used");
  await replace(server, "x");
  assert.equal(await revisionOf(server, "x"), after);
  assert.match(logged(), /sha256:[0-9a-f]{64}/);
  for (const name of ["one", "two"]) assert.ok(!logged().includes(Buffer.alloc(32, name).toString("base64")));
});

function collectingLogger() {
  const lines: [string, LogValues | undefined][] = [];
  let waiting: { message: string; resolve: () => void } | undefined;
  const log = (message: string, values?: LogValues) => {
    lines.push([message, values]);
    if (waiting?.message === message) waiting.resolve();
  };
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  const line = (message: string) => new Promise<void>((resolve) => (waiting = { message, resolve }));
  return { logger, logged: () => JSON.stringify(lines), line };
}

test("a file that cannot be read is named", async () => {
  const options = { path: "/nowhere/enc.yaml", clock: realClock, logger: silentLogger };
  await assert.rejects(
    encryptionAtRest(options, new AbortController().signal),
    /^Error: error while parsing file: error while loading file: error reading encryption provider configuration file "\/nowhere\/enc.yaml": /,
  );
});
