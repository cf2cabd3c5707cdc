import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { test } from "node:test";
import { pods, secrets, serviceAccounts, type TokenRequest } from "@kubets/api";
import { type Clock, realClock, realRandom, StatusError } from "@kubets/apimachinery";
import { createCertificate, createCertificateAuthority, createSigningKey } from "../certificates/create.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { buildAuthentication } from "./build.ts";
import { discoveryDocument, keySet } from "./oidc-discovery.ts";
import { reviewSelf, reviewToken } from "./reviews.ts";
import { unverifiedClaims } from "./service-account-claims.ts";
import { ServiceAccountIssuer } from "./service-account-issuer.ts";
import { parseSigningKey, parseVerificationKeys } from "./service-account-keys.ts";
import { tokenFileAuthenticator } from "./token-file.ts";

const issuerUrl = "https://kubernetes.default.svc.cluster.local";

function movableClock(): Clock & { at: number } {
  const clock = { ...realClock, at: realClock.now(), now: () => clock.at, monotonic: () => clock.at };
  return clock;
}

async function world(lookup = true) {
  const clock = movableClock();
  const reader = new FakeReader()
    .put(serviceAccounts, { metadata: { namespace: "ns", name: "web", uid: "sa-uid" } })
    .put(pods, {
      metadata: { namespace: "ns", name: "pod", uid: "pod-uid" },
      spec: { serviceAccountName: "web", nodeName: "n1", containers: [] },
    });
  const keys = await createSigningKey();
  const key = parseSigningKey(keys.privateKey);
  const issuer = new ServiceAccountIssuer({
    issuer: issuerUrl,
    key,
    audiences: [issuerUrl],
    reader,
    clock,
    random: realRandom,
  });
  const authentication = await buildAuthentication({
    clock,
    reader,
    serviceAccounts: { issuers: [issuerUrl], keys: parseVerificationKeys(keys.publicKey), lookup },
    tokenFile: tokenFileAuthenticator('s3cret,alice,1,"dev,ops"\n', "tokens.csv"),
    bootstrapTokens: true,
  });
  const bearer = (token: string) =>
    authentication.request.authenticate({ headers: { authorization: `Bearer ${token}` } });
  return { clock, reader, issuer, key, authentication, bearer };
}

const refused = (reason: RegExp) => (error: unknown) =>
  error instanceof StatusError &&
  error.code === 401 &&
  error.message === "Unauthorized" &&
  reason.test((error.cause as Error).message);

test("a token file names users and groups; a bad token is refused, no token is anonymous", async () => {
  const { bearer, authentication } = await world();
  assert.deepEqual(await bearer("s3cret"), { name: "alice", uid: "1", groups: ["dev", "ops", "system:authenticated"] });
  await assert.rejects(bearer("wrong"), refused(/invalid bearer token/));
  assert.deepEqual(await authentication.request.authenticate({ headers: {} }), {
    name: "system:anonymous",
    groups: ["system:unauthenticated"],
  });
  const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from("s3cret").toString("base64url")}, v4.channel.k8s.io`;
  assert.equal(
    (await authentication.request.authenticate({ headers: { "sec-websocket-protocol": protocol } }))?.name,
    "alice",
  );
});

test("a token file that cannot be read is named, with its line", () => {
  assert.throws(() => tokenFileAuthenticator("a,b,c\nonly,two\n", "t.csv"), {
    message: "token file 't.csv' must have at least 3 columns (token, user name, user uid), found 2 on line 2",
  });
  assert.throws(() => tokenFileAuthenticator('a,"b,c\n', "t.csv"), /t\.csv', line 1: bare or unmatched quote/);
});

test("a token file is CSV: quotes, line ends within them, later lines win", async () => {
  const warnings: string[] = [];
  const text = '"to""ken","al,ice",,\r\n\n,nobody,1\nagain,first,1,"a,b"\nagain,"se\ncond",2,\n';
  const tokens = tokenFileAuthenticator(text, "t.csv", (warning) => warnings.push(warning));
  assert.deepEqual(await tokens.authenticateToken('to"ken', []), { user: { name: "al,ice", groups: [""] } });
  assert.deepEqual((await tokens.authenticateToken("again", []))?.user, { name: "se\ncond", uid: "2", groups: [""] });
  assert.equal(await tokens.authenticateToken("", []), undefined);
  assert.deepEqual(warnings, [
    "empty token has been found in token file 't.csv', record number '2'",
    "duplicate token has been found in token file 't.csv', record number '4'",
  ]);
  assert.throws(() => tokenFileAuthenticator('a,b"c,1\n', "t.csv"), /bare or unmatched quote/);
});

test("a token for other audiences is nobody's, though the file knows it", async () => {
  const { authentication } = await world();
  const review = (audiences: string[]) =>
    reviewToken({ spec: { token: "s3cret", audiences } }, authentication.token, authentication.apiAudiences);
  assert.deepEqual((await review(["vault"])).status, { user: {}, error: "invalid bearer token" });
  assert.deepEqual((await review(["vault", issuerUrl])).status?.audiences, [issuerUrl]);
});

test("a bound token says who, and dies with its pod", async () => {
  const { clock, reader, issuer, bearer } = await world();
  const answer = await issuer.createToken("ns", "web", {
    spec: {
      audiences: [],
      boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "pod", uid: "pod-uid" },
      expirationSeconds: 3607,
    },
  });
  const token = answer.status?.token ?? "";
  const claims = unverifiedClaims(token);
  assert.equal(claims?.exp, Math.floor(clock.at / 1000) + 365 * 24 * 3600);
  assert.equal(claims?.["kubernetes.io"]?.warnafter, Math.floor(clock.at / 1000) + 3607);
  assert.deepEqual(answer.spec?.audiences, [issuerUrl]);
  assert.deepEqual(await bearer(token), {
    name: "system:serviceaccount:ns:web",
    uid: "sa-uid",
    groups: ["system:serviceaccounts", "system:serviceaccounts:ns", "system:authenticated"],
    extra: {
      "authentication.kubernetes.io/credential-id": [`JTI=${claims?.jti}`],
      "authentication.kubernetes.io/pod-name": ["pod"],
      "authentication.kubernetes.io/pod-uid": ["pod-uid"],
      "authentication.kubernetes.io/node-name": ["n1"],
    },
  });
  reader.remove(pods, "ns", "pod");
  await bearer(token); // For ten seconds the answer is remembered.
  clock.at += 10_001;
  await assert.rejects(bearer(token), refused(/service account token has been invalidated/));
});

test("tokens expire, are for someone, and are not to be forged", async () => {
  const { clock, issuer, bearer, authentication } = await world();
  const make = async (spec: TokenRequest["spec"]) =>
    (await issuer.createToken("ns", "web", { spec: spec! })).status?.token ?? "";
  const short = await make({ audiences: [], expirationSeconds: 600 });
  const [header, payload = "", signature] = short.split(".");
  const forged = Buffer.from(Buffer.from(payload, "base64url").toString().replace("sa-uid", "xx-uid")).toString(
    "base64url",
  );
  await assert.rejects(bearer(`${header}.${forged}.${signature}`), refused(/invalid signature/));
  const foreign = await make({ audiences: ["vault"] });
  await assert.rejects(bearer(foreign), refused(/token audiences \["vault"\] is invalid for the target audiences/));
  const review = await reviewToken({ spec: { token: foreign, audiences: ["vault", "x"] } }, authentication.token, [
    issuerUrl,
  ]);
  assert.equal(review.status?.authenticated, true);
  assert.deepEqual(review.status?.audiences, ["vault"]);
  const bad = await reviewToken({ spec: { token: foreign } }, authentication.token, [issuerUrl]);
  assert.match(bad.status?.error ?? "", /token audiences/);
  clock.at += 600_000 + 61_000;
  await assert.rejects(bearer(short), refused(/service account token has expired/));
});

test("what a token request may not ask for", async () => {
  const { issuer } = await world();
  const ask = (spec: object) => issuer.createToken("ns", "web", { spec: { audiences: [], ...spec } });
  await assert.rejects(ask({ expirationSeconds: 10 }), {
    message:
      'TokenRequest.authentication.k8s.io "web" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
  });
  await assert.rejects(ask({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "nope" } }), {
    message: 'pods "nope" not found',
  });
  await assert.rejects(
    ask({ boundObjectRef: { kind: "Pod", apiVersion: "v1", name: "pod", uid: "old" } }),
    /does not match the UID in record/,
  );
  await assert.rejects(issuer.createToken("ns", "gone", {}), { message: 'serviceaccounts "gone" not found' });
});

test("a legacy token lives as long as its secret", async () => {
  const { clock, reader, issuer, bearer, authentication } = await world();
  const account = (await reader.get(serviceAccounts, "ns", "web"))!;
  const token = await issuer.legacyToken(account, "web-token");
  const data = { token: Buffer.from(token).toString("base64") };
  reader.put(secrets, {
    metadata: { namespace: "ns", name: "web-token" },
    type: "kubernetes.io/service-account-token",
    data,
  });
  assert.equal((await bearer(token))?.name, "system:serviceaccount:ns:web");
  reader.put(serviceAccounts, { ...account, secrets: [{ name: "web-token" }] });
  clock.at += 11_000;
  const warnings: string[] = [];
  const headers = { authorization: `Bearer ${token}` };
  await authentication.request.authenticate({ headers, warn: (text) => void warnings.push(text) });
  assert.match(warnings[0] ?? "", /instead of auto-generated secret-based tokens/);
  reader.remove(secrets, "ns", "web-token");
  clock.at += 11_000;
  await assert.rejects(bearer(token), refused(/Token has been invalidated/));
});

test("without looking up, a legacy token outlives its secret and its account; a bound one does not", async () => {
  const { reader, issuer, bearer } = await world(false);
  const account = (await reader.get(serviceAccounts, "ns", "web"))!;
  const legacy = await issuer.legacyToken(account, "web-token");
  const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "pod", uid: "pod-uid" };
  const bound =
    (await issuer.createToken("ns", "web", { spec: { audiences: [], boundObjectRef } })).status?.token ?? "";
  reader.remove(pods, "ns", "pod");
  await assert.rejects(bearer(bound), refused(/token has been invalidated/));
  reader.remove(serviceAccounts, "ns", "web");
  const { name, uid } = (await bearer(legacy)) ?? {};
  assert.deepEqual([name, uid], ["system:serviceaccount:ns:web", "sa-uid"]);
  await assert.rejects(bearer(`${legacy}x`), refused(/invalid signature/));
});

test("a bootstrap token is a secret in kube-system", async () => {
  const { clock, reader, bearer } = await world();
  const data = {
    "token-id": "abcdef",
    "token-secret": "0123456789abcdef",
    "usage-bootstrap-authentication": "true",
    "auth-extra-groups": "system:bootstrappers:kubeadm:default-node-token",
    expiration: new Date(clock.at + 60_000).toISOString(),
  };
  reader.put(secrets, {
    metadata: { namespace: "kube-system", name: "bootstrap-token-abcdef" },
    type: "bootstrap.kubernetes.io/token",
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  });
  assert.deepEqual(await bearer("abcdef.0123456789abcdef"), {
    name: "system:bootstrap:abcdef",
    groups: ["system:bootstrappers", "system:bootstrappers:kubeadm:default-node-token", "system:authenticated"],
  });
  await assert.rejects(bearer("abcdef.fedcba9876543210"), refused(/invalid bearer token/));
  clock.at += 61_000;
  await assert.rejects(bearer("abcdef.0123456789abcdef"), refused(/invalid bearer token/));
});

test("a client certificate is a user, when the cluster's CA signed it for clients and it is in time", async () => {
  const clock = movableClock();
  const validity = { now: clock.at, days: 10 };
  const ca = await createCertificateAuthority({ commonName: "kubernetes" }, { now: clock.at, days: 100 });
  const other = await createCertificateAuthority({ commonName: "kubernetes" }, { now: clock.at, days: 100 });
  const subject = { commonName: "bob", organizations: ["dev", "system:masters"] };
  const der = async (usage: "client" | "server", by = ca) =>
    new X509Certificate((await createCertificate({ ...subject, usages: [usage] }, by, validity)).certificate).raw;
  const { request } = await buildAuthentication({ clock, reader: new FakeReader(), clientCA: ca.certificate });
  const peerCertificate = await der("client");
  const user = await request.authenticate({ headers: {}, peerCertificate });
  assert.equal(user?.name, "bob");
  assert.deepEqual(user?.groups, ["dev", "system:masters", "system:authenticated"]);
  assert.match(user?.extra?.["authentication.kubernetes.io/credential-id"]?.[0] ?? "", /^X509SHA256=[0-9a-f]{64}$/);
  const refuse = (certificate: Uint8Array, reason: RegExp) =>
    assert.rejects(request.authenticate({ headers: {}, peerCertificate: certificate }), refused(reason));
  await refuse(await der("server"), /incompatible key usage/);
  await refuse(await der("client", other), /unknown authority/);
  await refuse(Buffer.from("nonsense"), /malformed/);
  clock.at += 11 * 24 * 3600 * 1000;
  await refuse(peerCertificate, /expired or is not yet valid/);
});

test("discovery tells others how to verify tokens", async () => {
  const { key, issuer } = await world();
  const [jwk] = keySet([key]).keys as { kid: string; alg: string; kty: string; d?: string }[];
  assert.deepEqual([jwk?.kid, jwk?.alg, jwk?.kty, jwk?.d], [key.id, "ES256", "EC", undefined]);
  assert.equal(
    discoveryDocument(issuerUrl, `${issuerUrl}/openid/v1/jwks`, [key]).id_token_signing_alg_values_supported[0],
    "ES256",
  );
  const { createLocalJWKSet, jwtVerify } = await import("jose");
  const token = (await issuer.createToken("ns", "web", {})).status?.token ?? "";
  const keys = createLocalJWKSet(keySet([key]) as Parameters<typeof createLocalJWKSet>[0]);
  assert.equal((await jwtVerify(token, keys, { issuer: issuerUrl })).payload.sub, "system:serviceaccount:ns:web");
});

test("a user is told who they are", () => {
  const review = reviewSelf({}, { name: "alice", groups: ["dev"] }, realClock);
  assert.deepEqual(review.status, { userInfo: { username: "alice", groups: ["dev"] } });
});
