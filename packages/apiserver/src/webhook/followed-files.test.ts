import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { realClock, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, type KeyPair } from "../certificates/create.ts";
import { hookServer } from "../testing/hook-server.ts";
import { WebhookClient } from "./client.ts";
import { kubeconfigCaller } from "./kubeconfig-caller.ts";
import { webhookUsers } from "./webhook-users.ts";

const validity = { now: realClock.now(), days: 2 };
const logger = silentLogger;

/** A webhook that says who called it, and files of a client whose certificate is renewed. */
async function world(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), "kubets-followed-"));
  const authority = await createCertificateAuthority({ commonName: "client-ca" }, validity);
  const hook = await hookServer(
    (request) => ({
      caller: new X509Certificate((request.socket as TLSSocket).getPeerX509Certificate()?.raw ?? "").subject,
    }),
    { clientCA: authority.certificate },
  );
  const stop = new AbortController();
  t.after(() => {
    stop.abort();
    hook.close();
    rmSync(directory, { recursive: true });
  });
  const path = (name: string) => join(directory, name);
  const put = (name: string, text: string) => writeFileSync(path(name), text);
  const client = (commonName: string) => createCertificate({ commonName, usages: ["client"] }, authority, validity);
  const use = ({ certificate, key }: KeyPair) => {
    put("client.crt", certificate);
    put("client.key", key);
  };
  const [first, second] = [await client("first"), await client("second")];
  use(first);
  put("ca.crt", hook.ca);
  const clock = new VirtualClock();
  return { hook, path, put, use, first, second, clock, following: { clock, logger, signal: stop.signal } };
}

const user = { "client-certificate": "client.crt", "client-key": "client.key" };
const nothing = Buffer.from("{}");

/** Files are read by the machine's time, their changes noticed by the clock's. */
async function until(clock: VirtualClock, holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 2000; i++) {
    if (await holds()) return;
    await clock.advance(60_000);
    await realClock.sleep(2);
  }
  assert.fail("it did not come about");
}

test("a webhook's kubeconfig names files that are renewed: who calls and who is believed", async (t) => {
  const { hook, path, put, use, first, second, clock, following } = await world(t);
  const kubeconfig = {
    "current-context": "c",
    clusters: [{ name: "c", cluster: { server: hook.url("/"), "certificate-authority": "ca.crt" } }],
    users: [{ name: "u", user }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
  };
  const caller = await kubeconfigCaller(JSON.stringify(kubeconfig), path("kubeconfig"), realClock, {
    ...following,
    ...{ clock },
  });
  const who = async () => ((await caller.post(nothing, {})) as { caller: string }).caller;
  assert.equal(await who(), "CN=first");
  put("client.crt", second.certificate);
  await clock.advance(200_000);
  assert.equal(await who(), "CN=first", "the key is yet to come");
  use(second);
  await until(clock, async () => (await who()) === "CN=second");
  put("ca.crt", (await createCertificateAuthority({ commonName: "another" }, validity)).certificate);
  await until(clock, () =>
    who().then(
      () => false,
      (error) => /certificate/.test(String(error)),
    ),
  );
  put("ca.crt", hook.ca);
  await until(clock, () =>
    who().then(
      (name) => name === "CN=second",
      () => false,
    ),
  );
  assert.notEqual(first.certificate, second.certificate);
  caller.close();
});

test("so are those of the users that admission webhooks are called as", async (t) => {
  const { hook, path, use, second, clock, following } = await world(t);
  const users = await webhookUsers(JSON.stringify({ users: [{ name: "*", user }] }), path("kubeconfig"));
  const client = new WebhookClient({
    clock: realClock,
    users,
    services: { resolve: async () => ({ host: "127.0.0.1", port: hook.port }) },
  });
  users.follow(() => client.close(), following);
  const target = { url: hook.url("/"), caBundle: hook.caBundle };
  const who = async () => ((await client.call(target, {})) as { caller: string }).caller;
  assert.equal(await who(), "CN=first");
  use(second);
  await until(clock, async () => (await who()) === "CN=second");
  client.close();
});
