import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Clock, realClock, StatusError, silentLogger, VirtualClock } from "@kubets/apimachinery";
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from "jose";
import { MetricsRegistry } from "../metrics/families.ts";
import { FakeReader } from "../reader/fake-reader.ts";
import { type Hook, httpsHook } from "../testing/https-hook.ts";
import { type AuthenticationOptions, buildAuthentication } from "./build.ts";
import type { OidcFlags } from "./oidc/configuration.ts";
import { reviewToken } from "./reviews.ts";

let issuer: Hook;
let folder: string;
let keys: { privateKey: CryptoKey; publicKey: CryptoKey };
let kid = "first";
let isDown = false;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "authentication-"));
  keys = await generateKeyPair("RS256", { extractable: true });
  let jwk = await exportJWK(keys.publicKey);
  let exported = keys.publicKey;
  issuer = await httpsHook(({ path }) => {
    if (isDown) return 503;
    if (path === "/.well-known/openid-configuration") return { issuer: issuer.url, jwks_uri: `${issuer.url}/keys` };
    if (path === "/keys")
      return {
        keys: [
          { ...jwk, kid, use: "sig", alg: "RS256" },
          { kty: "oct", k: "AA" },
        ],
      };
    return 404;
  });
  rotate = async () => {
    keys = await generateKeyPair("RS256", { extractable: true });
    kid = "second";
    exported = keys.publicKey;
    jwk = await exportJWK(exported);
  };
});

let rotate: () => Promise<void>;
const stop = new AbortController();

after(async () => {
  stop.abort();
  await issuer.close();
  rmSync(folder, { recursive: true });
});

const tokenOf = (claims: object, expiration = "1h", by = keys.privateKey, named = kid) =>
  new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "RS256", kid: named })
    .setIssuer(issuer.url)
    .setExpirationTime(expiration)
    .sign(by);

async function world(options: Partial<AuthenticationOptions> = {}) {
  const clock: Clock & { ahead: number } = {
    ...realClock,
    ahead: 0,
    monotonic: () => realClock.monotonic() + clock.ahead,
  };
  const authentication = await buildAuthentication({ clock, reader: new FakeReader(), ...options }, stop.signal);
  const bearer = (token: string) =>
    authentication.request.authenticate({ headers: { authorization: `Bearer ${token}` } });
  return { clock, bearer, authentication };
}

const flags = (more: Partial<OidcFlags> = {}): OidcFlags => ({
  issuerUrl: issuer.url,
  clientId: "kubernetes",
  ca: issuer.ca,
  ...more,
});

const refused = (reason: RegExp) => (error: unknown) => {
  assert.ok(error instanceof StatusError && error.code === 401);
  assert.match((error.cause as Error).message, reason);
  return true;
};

test("an OIDC user by flags", async () => {
  const more = { groupsClaim: "roles", groupsPrefix: "oidc:", requiredClaims: { hd: "example.org" } };
  const { bearer } = await world({ oidc: flags(more) });
  const claims = { sub: "jane", aud: ["x", "kubernetes"], roles: "dev", hd: "example.org", jti: "7" };
  assert.deepEqual(await bearer(await tokenOf(claims)), {
    name: `${issuer.url}#jane`,
    groups: ["oidc:dev", "system:authenticated"],
    extra: { "authentication.kubernetes.io/credential-id": ["JTI=7"] },
  });
  const fails = async (token: Promise<string>, reason: RegExp) => assert.rejects(bearer(await token), refused(reason));
  await fails(tokenOf({ ...claims, aud: "other" }), /expected audience "kubernetes" got \["other"\]/);
  await fails(tokenOf(claims, "-1h"), /token is expired/);
  await fails(tokenOf({ ...claims, hd: "evil.org" }), /required claim hd value does not match/);
  await fails(tokenOf({ ...claims, sub: 1 }), /parse username claims "sub"/);
  const stranger = await generateKeyPair("RS256");
  await fails(tokenOf(claims, "1h", stranger.privateKey), /failed to verify id token signature/);
  const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await tokenOf(claims)).split(".")[1]}.`;
  await fails(Promise.resolve(none), /unsupported algorithm/);
  assert.equal((await bearer(await tokenOf({ ...claims, iss: "ignored" })))?.name, `${issuer.url}#jane`);
});

test("an email is a name only when it is verified, and needs no prefix", async () => {
  const { bearer } = await world({ oidc: flags({ usernameClaim: "email" }) });
  const claims = { aud: "kubernetes", email: "jane@example.org" };
  assert.equal((await bearer(await tokenOf({ ...claims, email_verified: true })))?.name, "jane@example.org");
  await assert.rejects(bearer(await tokenOf({ ...claims, email_verified: false })), refused(/email not verified/));
});

test("keys are asked for when a token comes, again when a new one is named, and not too often", async () => {
  const before = issuer.requests.length;
  isDown = true;
  const { bearer, clock } = await world({ oidc: flags() });
  assert.equal(issuer.requests.length, before, "not before there is need");
  const claims = { sub: "jane", aud: "kubernetes" };
  await assert.rejects(bearer(await tokenOf(claims)), refused(/status is 503/));
  isDown = false;
  await assert.rejects(bearer(await tokenOf(claims)), refused(/status is 503/));
  assert.equal(issuer.requests.length, before + 1);
  clock.ahead += 11_000;
  assert.ok(await bearer(await tokenOf(claims)));
  await rotate();
  clock.ahead += 11_000;
  assert.ok(await bearer(await tokenOf(claims)));
  const asked = issuer.requests.length;
  for (let i = 0; i < 5; i++)
    await assert.rejects(bearer(await tokenOf(claims, "1h", keys.privateKey, `unknown-${i}`)), refused(/signature/));
  assert.ok(issuer.requests.length <= asked + 1);
});

test("groups that are not in the token are asked for where it says", async () => {
  const elsewhere: { jwt: string } = { jwt: "" };
  const source = await httpsHook(({ path, headers }) => {
    if (path === "/.well-known/openid-configuration") return { issuer: source.url, jwks_uri: `${source.url}/keys` };
    if (path === "/keys") return { keys: [{ ...publicJwk, kid: "s", alg: "RS256" }] };
    if (path === "/groups" && headers["authorization"] === "Bearer access") return elsewhere.jwt;
    return 403;
  });
  const own = await generateKeyPair("RS256", { extractable: true });
  const publicJwk = await exportJWK(own.publicKey);
  const sign = (claims: object) =>
    new SignJWT({ aud: "kubernetes", ...claims })
      .setProtectedHeader({ alg: "RS256", kid: "s" })
      .setIssuer(source.url)
      .setExpirationTime("1h")
      .sign(own.privateKey);
  try {
    const { bearer } = await world({ oidc: flags({ groupsClaim: "groups", ca: issuer.ca + source.ca }) });
    const names = { _claim_names: { groups: "src" } };
    const at = (endpoint: string, more: object = {}) => ({ _claim_sources: { src: { endpoint, ...more } } });
    let number = 0;
    const as = async (claims: object) =>
      bearer(await tokenOf({ sub: `jane${number++}`, aud: "kubernetes", ...claims }));
    const access = { access_token: "access" };
    elsewhere.jwt = await sign({ groups: ["a", "b"] });
    const whole = { ...names, ...at(`${source.url}/groups`, access) };
    assert.deepEqual((await as(whole))?.groups, ["a", "b", "system:authenticated"]);
    assert.deepEqual((await as({ ...whole, groups: ["own"] }))?.groups, ["own", "system:authenticated"]);
    const aggregated = { ...names, _claim_sources: { src: { JWT: "x" } } };
    assert.deepEqual((await as(aggregated))?.groups, ["system:authenticated"], "aggregated claims are not known");
    const fails = (claims: object, reason: RegExp) => assert.rejects(as(claims), refused(reason));
    await fails({ ...names }, /could not expand distributed claims: oidc: no claim sources/);
    await fails({ ...names, _claim_sources: {} }, /contained a source src missing in _claims_sources/);
    await fails({ ...names, ...at(`${source.url}/groups`) }, /while getting distributed claim "groups": Get .*403/);
    await fails({ ...names, ...at("http://127.0.0.1:1/groups") }, /the URL is not https/);
    elsewhere.jwt = await sign({ roles: ["a"] });
    await fails(whole, /did not contain claim: groups/);
    elsewhere.jwt = await sign({ groups: ["a"], aud: "other" });
    await fails(whole, /verify distributed claim token: oidc: expected audience/);
    elsewhere.jwt = `${(await sign({ groups: ["a"] })).slice(0, -8)}AAAAAAAA`;
    await fails(whole, /verify distributed claim token: failed to verify signature/);
    elsewhere.jwt = "no jwt";
    await fails(whole, /getting untrusted issuer from endpoint .* failed for claim "groups"/);
  } finally {
    await source.close();
  }
});

const jwt = (more: object = {}) => ({
  issuer: { url: issuer.url, audiences: ["a", "b"], audienceMatchPolicy: "MatchAny", certificateAuthority: issuer.ca },
  claimMappings: {
    username: { expression: "'ext:' + claims.sub" },
    groups: { expression: "claims.roles.filter(r, r != 'admin')" },
    uid: { claim: "uid" },
    extra: [{ key: "example.org/tenant", valueExpression: "claims.?tenant.orValue('')" }],
  },
  claimValidationRules: [{ expression: "claims.exp - claims.iat <= 86400", message: "too long" }],
  userValidationRules: [{ expression: "!user.username.startsWith('ext:system')", message: "reserved" }],
  ...more,
});

const configFile = (config: object) => {
  const path = join(folder, `config-${Math.floor(realClock.monotonic() * 1000)}`);
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" };
  writeFileSync(path, JSON.stringify({ ...head, ...config }));
  return path;
};

test("a configuration maps and checks claims in CEL", async () => {
  const path = configFile({ jwt: [jwt()], anonymous: { enabled: true, conditions: [{ path: "/livez" }] } });
  const { bearer, authentication } = await world({ configFile: path });
  const iat = Math.floor(realClock.now() / 1000);
  const claims = { sub: "jane", aud: "b", roles: ["dev", "admin"], uid: "42", tenant: "t1", iat };
  assert.deepEqual(await bearer(await tokenOf(claims)), {
    name: "ext:jane",
    uid: "42",
    groups: ["dev", "system:authenticated"],
    extra: { "example.org/tenant": ["t1"] },
  });
  await assert.rejects(bearer(await tokenOf(claims, "3d")), refused(/validation expression '.*' failed: too long/));
  await assert.rejects(bearer(await tokenOf({ ...claims, sub: "system:x" })), refused(/failed: reserved/));
  await assert.rejects(bearer(await tokenOf({ ...claims, roles: undefined })), refused(/no such key: roles/));
  const anonymous = (path: string) => authentication.request.authenticate({ headers: {}, path });
  assert.equal((await anonymous("/livez"))?.name, "system:anonymous");
  assert.equal(await anonymous("/livez/"), undefined);
});

test("a changed configuration is counted, whether it is taken or not", async () => {
  const path = configFile({ jwt: [jwt()] });
  const clock = new VirtualClock(realClock.now());
  const meters = new MetricsRegistry();
  await world({ configFile: path, clock, meters, host: "h" });
  const lines = () => meters.lines().filter((line) => line.includes("automatic_reloads_total{"));
  const changed = async (content: string, line: RegExp) => {
    writeFileSync(path, content);
    for (let i = 0; i < 2000 && !lines().some((each) => line.test(each)); i++) {
      await clock.advance(10_001);
      await realClock.sleep(5);
    }
    assert.ok(
      lines().some((each) => line.test(each)),
      lines().join("\n"),
    );
  };
  const prefix = "apiserver_authentication_config_controller_automatic_reloads_total";
  const counted = (status: string) =>
    new RegExp(`^${prefix}\\{apiserver_id_hash="sha256:[0-9a-f]{64}",status="${status}"\\} 1$`);
  await changed("{}", counted("failure"));
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" };
  await changed(JSON.stringify({ ...head, jwt: [] }), counted("success"));
});

test("who comes without a name is decided when the server starts: a file that says otherwise later is refused", async () => {
  const anonymous = { enabled: true, conditions: [{ path: "/livez" }] };
  const path = configFile({ jwt: [], anonymous });
  const clock = new VirtualClock(realClock.now());
  const told = Promise.withResolvers<string>();
  const logger = { ...silentLogger, error: (_: string, about?: object) => told.resolve(JSON.stringify(about)) };
  const { authentication } = await world({ configFile: path, clock, logger });
  const as = (asked: string) => authentication.request.authenticate({ headers: {}, path: asked });
  assert.deepEqual([(await as("/livez"))?.name, await as("/api")], ["system:anonymous", undefined]);
  const changed = configFile({ jwt: [], anonymous: { enabled: true } });
  writeFileSync(path, readFileSync(changed));
  for (let i = 0; i < 20; i++) {
    await clock.advance(60_001);
    await realClock.sleep(5);
  }
  assert.match(await told.promise, /anonymous: Forbidden: changed from initial configuration file/);
  assert.equal(await as("/api"), undefined);
});

test("a token that is being looked at when the configuration changes is not refused for that", async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  const own = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(own.publicKey)), kid: "slow", alg: "RS256" };
  const slow = await httpsHook(async ({ path }) => {
    if (path !== "/keys") return { issuer: slow.url, jwks_uri: `${slow.url}/keys` };
    asked.resolve();
    await answered.promise;
    return { keys: [jwk] };
  });
  try {
    const { ReplaceableIssuers } = await import("./outside-issuers.ts");
    const issuers = new ReplaceableIssuers({ clock: realClock, disallowedIssuers: [] });
    await issuers.useFlags({ issuerUrl: slow.url, clientId: "kubernetes", ca: slow.ca });
    const token = await new SignJWT({ sub: "jane", aud: "kubernetes" })
      .setProtectedHeader({ alg: "RS256", kid: "slow" })
      .setIssuer(slow.url)
      .setExpirationTime("1h")
      .sign(own.privateKey);
    const answer = issuers.authenticateToken(token, []);
    await asked.promise;
    await issuers.useFlags({ issuerUrl: "https://other.example.com", clientId: "kubernetes" });
    answered.resolve();
    assert.equal((await answer)?.user.name, `${slow.url}#jane`);
  } finally {
    await slow.close();
  }
});

test("of a configuration that is refused nothing is used", async () => {
  const { ReplaceableIssuers } = await import("./outside-issuers.ts");
  const issuers = new ReplaceableIssuers({ clock: realClock, disallowedIssuers: [] });
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" };
  await issuers.useConfiguration(JSON.stringify({ ...head, jwt: [jwt()] }));
  const refuse = () => {
    throw new Error("not so");
  };
  await assert.rejects(issuers.useConfiguration(JSON.stringify({ ...head, jwt: [] }), refuse), { message: "not so" });
  const iat = Math.floor(realClock.now() / 1000);
  const token = await tokenOf({ sub: "jane", aud: "b", roles: ["dev"], uid: "42", tenant: "t1", iat });
  assert.equal((await issuers.authenticateToken(token, []))?.user.name, "ext:jane");
});

test("a configuration that is not valid is refused with upstream's words", async () => {
  const fails = (config: object, message: string) =>
    assert.rejects(world({ configFile: configFile(config) }), { message });
  const url = "http://issuer.example.org?x=1";
  await fails(
    { jwt: [jwt({ issuer: { url, audiences: ["a"] } })] },
    `[jwt[0].issuer.url: Invalid value: "${url}": URL scheme must be https, jwt[0].issuer.url: Invalid value: "${url}": URL must not contain a query]`,
  );
  await fails(
    { jwt: [jwt({ claimMappings: { username: { claim: "sub" } } })] },
    "jwt[0].claimMappings.username.prefix: Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing",
  );
  await fails(
    { jwt: [jwt({ userValidationRules: [{ expression: "user.username" }] })] },
    'jwt[0].userValidationRules[0].expression: Invalid value: "user.username": must evaluate to bool',
  );
  await fails({ jwt: [jwt(), jwt()] }, `jwt[1].issuer.url: Duplicate value: "${issuer.url}"`);
  const email = { username: { expression: "claims.email" } };
  await assert.rejects(
    world({ configFile: configFile({ jwt: [jwt({ claimMappings: email })] }) }),
    /claims\.email_verified must be used/,
  );
  await fails({ jwt: [jwt({ other: 1 })] }, 'strict decoding error: unknown field "jwt[0].other"');
});

test("a webhook knows tokens, and its answers are remembered", async () => {
  const hook = await httpsHook(({ body }) => ({
    ...body,
    status:
      body.spec.token === "good"
        ? { authenticated: true, user: { username: "hal", groups: ["g"], extra: { k: ["v"] } }, audiences: ["api"] }
        : { authenticated: false, error: body.spec.token === "bad" ? "revoked" : "" },
  }));
  try {
    const path = join(folder, "token-webhook");
    writeFileSync(path, hook.kubeconfig("/review"));
    const { bearer, authentication } = await world({
      webhook: { configFile: path, version: "v1" },
      apiAudiences: ["api"],
    });
    const user = { name: "hal", groups: ["g", "system:authenticated"], extra: { k: ["v"] } };
    assert.deepEqual(await bearer("good"), user);
    assert.deepEqual(await bearer("good"), user);
    assert.equal(hook.requests.length, 1);
    assert.equal(hook.requests[0]?.body.apiVersion, "authentication.k8s.io/v1");
    assert.deepEqual(hook.requests[0]?.body.spec, { token: "good", audiences: ["api"] });
    await assert.rejects(bearer("bad"), refused(/revoked/));
    await assert.rejects(bearer("nobody"), refused(/invalid bearer token/));
    await assert.rejects(bearer("nobody"), refused(/invalid bearer token/));
    assert.equal(hook.requests.length, 3, "who is unknown is remembered too");
    const other = await reviewToken({ spec: { token: "good", audiences: ["x"] } }, authentication.token, ["api"]);
    assert.deepEqual(other.status, { user: {}, error: "invalid bearer token" });
  } finally {
    await hook.close();
  }
});
