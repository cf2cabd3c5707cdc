import assert from "node:assert/strict";
import { connect } from "node:http2";
import { test } from "node:test";
import { secrets, serviceAccounts } from "@kubets/api";
import { realClock, realRandom, VirtualClock } from "@kubets/apimachinery";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createCertificate, createCertificateAuthority, createSigningKey } from "../certificates/create.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { httpsHook } from "../testing/https-hook.ts";
import { realServer } from "../testing/real-server.ts";
import { tlsFront } from "../testing/tls-front.ts";
import { buildAuthentication } from "./build.ts";
import { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { parseSigningKey, parseVerificationKeys } from "./service-account-keys.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const issuerUrl = "https://kubernetes.default.svc.cluster.local";

test("on a connection that lives on, a certificate that ends is refused at the next request, and no watch is ended for it", async (t) => {
  const clock = new VirtualClock(realClock.now());
  const validity = { now: clock.now(), days: 10 };
  const ca = await createCertificateAuthority({ commonName: "ca" }, { ...validity, days: 100 });
  const client = await createCertificate({ commonName: "bob", usages: ["client"] }, ca, validity);
  const { request: authenticator } = await buildAuthentication({
    clock,
    reader: new FakeReader(),
    clientCA: ca.certificate,
  });
  const { front, port } = await tlsFront(realServer({ authenticator }), ca, validity);
  const session = connect(`https://127.0.0.1:${port}`, {
    ca: ca.certificate,
    cert: client.certificate,
    key: client.key,
  });
  t.after(async () => {
    session.destroy();
    await front.close();
  });
  const open = (path: string) => session.request({ ":path": path });
  const status = async (path: string) => {
    const stream = open(path);
    const code = await new Promise((resolve) => stream.on("response", (headers) => resolve(headers[":status"])));
    stream.close();
    return code;
  };
  const watching = open("/api/v1/namespaces?watch=true");
  assert.equal(await new Promise((resolve) => watching.on("response", (headers) => resolve(headers[":status"]))), 200);
  assert.equal(await status("/api/v1/namespaces"), 200);
  clock.set(11 * dayMs);
  assert.equal(await status("/api/v1/namespaces"), 401);
  assert.equal(watching.closed, false);
  clock.set(-12 * dayMs);
  assert.equal(await status("/api/v1/namespaces"), 401, "before it begins");
  clock.set(dayMs + hourMs);
  assert.equal(await status("/api/v1/namespaces"), 200);
});

test("tokens follow the time of day, wherever it is set; what is remembered of them does not outlive ten seconds", async () => {
  const clock = new VirtualClock(realClock.now());
  const outside = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(outside.publicKey)), kid: "k", alg: "RS256" };
  const oidc = await httpsHook(({ path }) =>
    path === "/keys" ? { keys: [jwk] } : { issuer: oidc.url, jwks_uri: `${oidc.url}/keys` },
  );
  try {
    const expiration = new Date(clock.now() + hourMs).toISOString();
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const reader = new FakeReader()
      .put(serviceAccounts, { metadata: { namespace: "ns", name: "web", uid: "u" } })
      .put(secrets, {
        metadata: { namespace: "kube-system", name: "bootstrap-token-abcdef" },
        type: "bootstrap.kubernetes.io/token",
        data: {
          "token-id": base64("abcdef"),
          "token-secret": base64("0123456789abcdef"),
          "usage-bootstrap-authentication": base64("true"),
          expiration: base64(expiration),
        },
      });
    const keys = await createSigningKey();
    const key = parseSigningKey(keys.privateKey);
    const means = { reader, clock, random: realRandom };
    const issuer = new ServiceAccountIssuer({ issuer: issuerUrl, key, audiences: [issuerUrl], ...means });
    const { request } = await buildAuthentication({
      ...means,
      serviceAccounts: { issuers: [issuerUrl], keys: parseVerificationKeys(keys.publicKey) },
      bootstrapTokens: true,
      oidc: { issuerUrl: oidc.url, clientId: "kubernetes", ca: oidc.ca },
      anonymous: false,
    });
    const bound = (await issuer.createToken("ns", "web", {} as never)).status!.token;
    const foreign = await new SignJWT({ sub: "jane", aud: "kubernetes" })
      .setProtectedHeader({ alg: "RS256", kid: "k" })
      .setIssuer(oidc.url)
      .setNotBefore(Math.floor(clock.now() / 1000))
      .setExpirationTime(Math.floor((clock.now() + hourMs) / 1000))
      .sign(outside.privateKey);
    const tokens = { bound, foreign, bootstrap: "abcdef.0123456789abcdef" };
    const good = async () => {
      const accepted: string[] = [];
      for (const [name, token] of Object.entries(tokens)) {
        const headers = { authorization: `Bearer ${token}` };
        if ((await request.authenticate({ headers }).catch(() => undefined)) !== undefined) accepted.push(name);
      }
      return accepted;
    };
    assert.deepEqual(await good(), ["bound", "foreign", "bootstrap"]);
    clock.set(2 * hourMs);
    await clock.advance(10_001);
    assert.deepEqual(await good(), [], "two hours forward");
    clock.set(-2 * hourMs);
    assert.deepEqual(await good(), ["bound", "foreign", "bootstrap"], "and back: who was refused is asked again");
    clock.set(-2 * hourMs);
    assert.deepEqual(await good(), ["bound", "foreign", "bootstrap"], "remembered, for ten seconds");
    await clock.advance(10_001);
    assert.deepEqual(await good(), ["bootstrap"], "tokens that are not valid yet");
  } finally {
    await oidc.close();
  }
});
