import assert from "node:assert/strict";
import { type webcrypto, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { realClock, VirtualClock } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, type KeyPair } from "../certificates/create.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { realServer } from "../testing/real-server.ts";
import { tlsFront } from "../testing/tls-front.ts";
import { buildAuthentication } from "./build.ts";
import { ClientCertificates } from "./client-certificates.ts";
import { requestHeaderAuthenticator } from "./request-header.ts";

const validity = { now: realClock.now(), days: 10 };
const der = ({ certificate }: KeyPair) => new X509Certificate(certificate).raw;
const client = (commonName: string, by: KeyPair) =>
  createCertificate({ commonName, organizations: ["dev"], usages: ["client"] }, by, validity);

test("intermediates that the client presents lead to a root; others do not", async () => {
  const { root, intermediate } = await authorities();
  const leaf = await client("bob", intermediate);
  const certificates = new ClientCertificates(root.certificate, realClock);
  const verify = (...presented: KeyPair[]) =>
    certificates.verify({ peerCertificate: Buffer.from(der(leaf)), peerIntermediates: () => presented.map(der) });
  assert.throws(() => verify(), { code: 401 });
  const stranger = await createCertificateAuthority({ commonName: "intermediate of root" }, validity);
  assert.throws(() => verify(stranger), { code: 401 });
  assert.equal((await verify(stranger, intermediate))?.commonName, "bob");
  assert.equal((await verify())?.commonName, "bob", "a certificate that was good once is known");
  const second = await createIntermediate(intermediate);
  const deep = await client("eve", second);
  const tooDeep = { peerCertificate: der(deep), peerIntermediates: () => [der(second), der(intermediate)] };
  await assert.rejects(
    async () => await certificates.verify(tooDeep),
    (error: Error) => /path length/.test((error.cause as Error).message),
  );
  const leafOfLeaf = await client("mallory", leaf);
  const forged = { peerCertificate: der(leafOfLeaf), peerIntermediates: () => [der(leaf), der(intermediate)] };
  assert.throws(() => certificates.verify(forged), { code: 401 }, "a client is no authority");
  certificates.replaceAuthorities(stranger.certificate);
  assert.throws(() => verify(intermediate), { code: 401 });
});

const dayMs = 86_400_000;

test("a certificate is good for its own time, at every request, however the clock is set", async () => {
  const clock = new VirtualClock(validity.now);
  const ca = await createCertificateAuthority({ commonName: "ca" }, { ...validity, days: 300 });
  const leaf = { peerCertificate: der(await client("bob", ca)) };
  const certificates = new ClientCertificates(ca.certificate, clock);
  const name = () => (certificates.verify(leaf) as { commonName: string }).commonName;
  const refused = (why: RegExp) =>
    assert.throws(name, (error: Error) => why.test((error.cause as Error).message) && error.message === "Unauthorized");
  assert.equal(name(), "bob");
  clock.set(11 * dayMs);
  refused(/x509: certificate has expired or is not yet valid: current time is after 20/);
  refused(/has expired/);
  clock.set(-30 * dayMs);
  refused(/current time is before 20/);
  clock.set(19 * dayMs);
  assert.equal(name(), "bob", "what was refused for the time is asked again when the time is another");
});

test("what authorities are valid decides anew, also on a connection that was refused before", async () => {
  const clock = new VirtualClock(validity.now);
  const future = { now: validity.now + 3 * dayMs, days: 10 };
  const ca = await createCertificateAuthority({ commonName: "ca" }, future);
  const leaf = {
    peerCertificate: der(
      await createCertificate({ commonName: "bob", usages: ["client"] }, ca, { ...future, now: validity.now }),
    ),
  };
  const certificates = new ClientCertificates(ca.certificate, clock);
  assert.throws(() => certificates.verify(leaf), /Unauthorized/);
  await clock.advance(4 * dayMs);
  assert.equal((await certificates.verify(leaf))?.commonName, "bob");
  clock.set(-2 * dayMs);
  assert.throws(() => certificates.verify(leaf), /Unauthorized/, "its authority is not valid yet");
  clock.set(9 * dayMs);
  assert.throws(() => certificates.verify(leaf), /Unauthorized/, "it has ended with its authority or before");
});

test("over TLS, the chain arrives", async () => {
  const { root, intermediate } = await authorities();
  const leaf = await client("bob", intermediate);
  const { request: authenticator } = await buildAuthentication({
    clock: realClock,
    reader: new FakeReader(),
    clientCA: root.certificate,
  });
  const { front, port } = await tlsFront(realServer({ authenticator }), root, validity);
  try {
    const who = (cert: string) => whoAmI({ port, ca: root.certificate, cert, key: leaf.key });
    assert.equal((await who(leaf.certificate + intermediate.certificate)).status?.userInfo.username, "bob");
  } finally {
    await front.close();
  }
});

test("a front proxy says who it is, and only a front proxy", async () => {
  const proxyCA = await createCertificateAuthority({ commonName: "proxy-ca" }, validity);
  const certificates = new ClientCertificates(proxyCA.certificate, realClock);
  const proxy = requestHeaderAuthenticator(certificates, {
    allowedNames: ["front-proxy-client"],
    usernameHeaders: ["X-Remote-User", "X-User"],
    uidHeaders: ["X-Remote-Uid"],
    groupHeaders: ["X-Remote-Group"],
    extraHeaderPrefixes: ["X-Remote-Extra-"],
  });
  const peerCertificate = der(await client("front-proxy-client", proxyCA));
  const rawHeaders = [
    ...["X-User", "jane", "X-Remote-Group", "a, b", "x-remote-group", "c", "X-Remote-Uid", "7"],
    ...["X-Remote-Extra-Acme.com%2Fproject", "x", "x-remote-extra-acme.com%2fproject", "y"],
  ];
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase();
    headers[name] = headers[name] === undefined ? rawHeaders[i + 1]! : `${headers[name]}, ${rawHeaders[i + 1]}`;
  }
  assert.deepEqual(await proxy.authenticate({ headers, rawHeaders, peerCertificate }), {
    name: "jane",
    uid: "7",
    groups: ["a, b", "c"],
    extra: { "acme.com/project": ["x", "y"] },
  });
  assert.equal(await proxy.authenticate({ headers: {}, peerCertificate }), undefined);
  assert.equal(await proxy.authenticate({ headers, rawHeaders }), undefined, "headers alone are nothing");
  const other = der(await client("someone", proxyCA));
  assert.throws(() => proxy.authenticate({ headers, rawHeaders, peerCertificate: other }), { code: 401 });
});

test("a changed CA file is in use without a restart", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ca-"));
  const stop = new AbortController();
  try {
    const [first, second] = await Promise.all([
      createCertificateAuthority({ commonName: "ca" }, validity),
      createCertificateAuthority({ commonName: "ca" }, validity),
    ]);
    const clientCAFile = join(folder, "ca.crt");
    writeFileSync(clientCAFile, first.certificate);
    const clock = new VirtualClock(realClock.now());
    const options = { clock, reader: new FakeReader(), clientCA: first.certificate, clientCAFile };
    const { request: authenticator } = await buildAuthentication(options, stop.signal);
    const peerCertificate = der(await client("bob", second));
    await assert.rejects(authenticator.authenticate({ headers: {}, peerCertificate }), { code: 401 });
    writeFileSync(clientCAFile, second.certificate);
    await clock.advance(60_001);
    const changed = async () =>
      (await authenticator.authenticate({ headers: {}, peerCertificate }).catch(() => undefined))?.name;
    for (let i = 0; i < 4000 && (await changed()) === undefined; i++) await realClock.sleep(5);
    assert.equal(await changed(), "bob");
  } finally {
    stop.abort();
    rmSync(folder, { recursive: true });
  }
});

async function authorities(): Promise<{ root: KeyPair; intermediate: KeyPair }> {
  const root = await createCertificateAuthority({ commonName: "root" }, validity);
  return { root, intermediate: await createIntermediate(root) };
}

async function createIntermediate(root: KeyPair): Promise<KeyPair> {
  const x509 = await import("@peculiar/x509");
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const { createPrivateKey } = await import("node:crypto");
  const pkcs8 = new Uint8Array(createPrivateKey(root.key).export({ type: "pkcs8", format: "der" }));
  const issuer = new x509.X509Certificate(root.certificate);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=intermediate of ${issuer.subject.replace("CN=", "")}`,
    issuer: issuer.subjectName,
    notBefore: new Date(validity.now - 1000),
    notAfter: new Date(validity.now + 86_400_000),
    publicKey: keys.publicKey,
    signingKey: await crypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
  });
  const exported = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: exported, format: "der", type: "pkcs8" }).export({
    type: "pkcs8",
    format: "pem",
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: key.toString() };
}

interface Who {
  readonly status?: { readonly userInfo: { readonly username: string } };
}

function whoAmI(tls: { port: number; ca: string; cert: string; key: string }): Promise<Who> {
  const path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
  const headers = { "content-type": "application/json" };
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...tls, host: "127.0.0.1", path, method: "POST", headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(JSON.parse(text)));
    });
    outgoing.on("error", reject);
    outgoing.end(JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" }));
  });
}
