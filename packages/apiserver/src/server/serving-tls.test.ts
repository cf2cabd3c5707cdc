import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { connect } from "node:tls";
import { type Logger, realClock, silentLogger } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, type KeyPair } from "../certificates/create.ts";
import { testServer } from "../testing/server.ts";
import { type NamedCertificate, NamedContexts, type TlsFiles } from "./serving-tls.ts";

const directory = mkdtempSync(join(tmpdir(), "kubets-serving-tls-"));
const validity = { now: realClock.now(), days: 1 };
let ca: KeyPair;

before(async () => {
  ca = await createCertificateAuthority({ commonName: "test-ca" }, validity);
});
after(() => rmSync(directory, { recursive: true }));

async function pairFor(commonName: string, dnsNames: readonly string[] = []) {
  const { certificate: cert, key } = await createCertificate(
    { commonName, usages: ["server"], dnsNames },
    ca,
    validity,
  );
  return { cert, key };
}

/** As an editor or cert-manager would: not in place. */
function put(name: string, text: string): string {
  const file = join(directory, name);
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}

async function onDisk(name: string, pair: { readonly cert: string; readonly key: string }) {
  return { ...pair, files: { cert: put(`${name}.crt`, pair.cert), key: put(`${name}.key`, pair.key) } };
}

async function shown(port: number, servername?: string) {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...(servername ? { servername } : {}) });
  await once(socket, "secureConnect");
  const { CN } = socket.getPeerCertificate().subject;
  socket.destroy();
  return CN;
}

/** Waits for lines of the log. */
function listeningLogger() {
  const heard: string[] = [];
  let wake = () => {};
  const hear = (message: string) => {
    heard.push(message);
    wake();
  };
  const logger: Logger = { ...silentLogger, info: hear, error: hear };
  const next = async () => {
    while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return heard.shift();
  };
  return { logger, next };
}

const used = "A changed configuration file is in use";
const refused = "A changed configuration file is not used";

test("certificates are taken anew when their files change, those by name too; never a half", async () => {
  const stop = new AbortController();
  const tls: TlsFiles = {
    ...(await onDisk("own", await pairFor("first"))),
    named: [{ ...(await onDisk("named", await pairFor("a.example.com"))), names: ["*.example.com"] }],
    clientCAs: [{ pem: ca.certificate, file: put("ca.crt", ca.certificate) }],
  };
  const { logger, next } = listeningLogger();
  const server = testServer({ listen: { tls, bindAddress: "127.0.0.1", port: 0 }, logger });
  const running = server.start(stop.signal);
  await server.ready;
  const port = server.port!;
  assert.equal(await shown(port), "first");
  assert.equal(await shown(port, "x.example.com"), "a.example.com");
  assert.equal(await shown(port, "x.y.example.com"), "first");

  const second = await pairFor("second");
  put("own.crt", second.cert);
  assert.equal(await next(), refused);
  assert.equal(await shown(port), "first");
  put("own.key", second.key);
  assert.equal(await next(), used);
  assert.equal(await shown(port), "second");
  assert.equal(await shown(port, "x.example.com"), "a.example.com");

  await onDisk("named", await pairFor("b.example.com"));
  assert.equal(await next(), used);
  assert.equal(await shown(port, "x.example.com"), "b.example.com");
  assert.equal(await shown(port), "second");

  const another = await createCertificateAuthority({ commonName: "another-ca" }, validity);
  put("ca.crt", another.certificate);
  assert.equal(await next(), used);
  assert.equal(await shown(port), "second");
  stop.abort();
  await running;
});

test("names that were said come before those in certificates, and earlier certificates before later ones", async () => {
  const own = await pairFor("own");
  const named = async (commonName: string, dnsNames: readonly string[], names: readonly string[] = []) =>
    ({ ...(await pairFor(commonName, dnsNames)), names }) satisfies NamedCertificate;
  const all = [
    await named("a", ["one.example.com", "two.example.com"]),
    await named("b", ["one.example.com"]),
    await named("c", [], ["two.example.com", "*.wild.example.com"]),
    await named("not a domain", []),
  ];
  const contexts = new NamedContexts({ ...own, named: all });
  assert.ok(contexts.get("A"));
  assert.equal(contexts.get("one.example.com"), contexts.get("a"));
  assert.notEqual(contexts.get("two.example.com"), contexts.get("a"));
  assert.equal(contexts.get("x.wild.example.com"), contexts.get("Two.Example.com"));
  assert.equal(contexts.get("not a domain"), undefined);
  assert.throws(() => new NamedContexts({ ...own, named: [{ ...all[0]!, key: own.key }] }));
});
