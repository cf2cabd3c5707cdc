import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, silentLogger } from "@kubets/apimachinery";
import { openEtcdStore } from "@kubets/storage";
import { etcdTestSkip, rawEtcd, startEtcd } from "@kubets/storage/testing";
import { realServer } from "../testing/real-server.ts";
import { send } from "../testing/server.ts";
import { encryptionAtRest } from "./index.ts";

const secret = Buffer.alloc(32, "k");
const config = (provider: string) => `
apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- resources: [secrets]
  providers: [{${provider}: {keys: [{name: key1, secret: ${secret.toString("base64")}}]}}, {identity: {}}]
`;

/** What upstream's API server would have left there. */
function sealedByHand(prefix: string, path: string, plain: string): Buffer {
  const nonce = Buffer.alloc(12, 3);
  const cipher = createCipheriv("aes-256-gcm", secret, nonce).setAAD(Buffer.from(path));
  return Buffer.concat([Buffer.from(prefix), nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openedByHand(prefix: string, path: string, stored: Buffer): string {
  assert.equal(stored.subarray(0, prefix.length).toString(), prefix);
  const [nonce, sealed] = [stored.subarray(prefix.length).subarray(0, 12), stored.subarray(prefix.length + 12)];
  const decipher = createDecipheriv("aes-256-gcm", secret, nonce, { authTagLength: 16 });
  decipher.setAAD(Buffer.from(path)).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString();
}

test("secrets lie in an etcd as upstream's API server leaves them, with the path in etcd", {
  skip: await etcdTestSkip(),
}, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "kubets-encryption-"));
  const [etcd, stop] = [await startEtcd(), new AbortController()];
  const raw = await rawEtcd(etcd.servers);
  t.after(async () => {
    stop.abort();
    raw.close();
    await etcd.stop();
    rmSync(directory, { recursive: true, force: true });
  });
  const path = join(directory, "enc.yaml");
  writeFileSync(path, config("aesgcm"));
  const means = { clock: realClock, logger: silentLogger };
  const transformer = await encryptionAtRest({ path, ...means }, stop.signal);
  const place = "/clusters/one/secrets/default";
  const mark = "k8s:enc:aesgcm:v1:key1:";
  const theirs = { kind: "Secret", apiVersion: "v1", metadata: { name: "theirs", namespace: "default" } };
  await raw.put(`${place}/theirs`, sealedByHand(mark, `${place}/theirs`, `${JSON.stringify(theirs)}\n`));
  await raw.put(`${place}/moved`, (await raw.get(`${place}/theirs`))!);
  const store = await openEtcdStore({ servers: etcd.servers, prefix: "/clusters/one", transformer });
  t.after(() => store.close());
  const server = realServer({ store });
  const url = "/api/v1/namespaces/default/secrets";
  await send(server, "POST", url, { metadata: { name: "ours" }, data: { password: "c3dvcmRmaXNo" } });
  const plain = openedByHand(mark, `${place}/ours`, (await raw.get(`${place}/ours`))!);
  const { metadata, data } = JSON.parse(plain);
  assert.deepEqual([metadata.name, metadata.resourceVersion, data], ["ours", undefined, { password: "c3dvcmRmaXNo" }]);
  assert.match(plain, /\} \n$/, "as upstream ends it, with the mark of our own writes");
  assert.equal((await send(server, "GET", `${url}/theirs`)).json.metadata.name, "theirs");
  const moved = await send(server, "GET", `${url}/moved`);
  assert.equal(
    moved.json.message,
    `Internal error occurred: unable to transform key "${place}/moved": cipher: message authentication failed`,
  );
});
