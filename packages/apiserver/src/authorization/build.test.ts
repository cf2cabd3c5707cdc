import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  parseFieldSelector,
  parseSelector,
  realClock,
  realRandom,
  silentLogger,
  VirtualClock,
} from "@kubets/apimachinery";
import { FakeReader } from "../reader/fake-reader.ts";
import { type Hook, httpsHook } from "../testing/https-hook.ts";
import { readAuthorizationConfiguration } from "./authorization-configuration.ts";
import type { AuthorizationAttributes } from "./authorizer.ts";
import { type AuthorizationOptions, buildAuthorization } from "./build.ts";

let folder: string;
let hook: Hook;
let answer: object | number = { status: { allowed: true } };
const stop = new AbortController();

before(async () => {
  folder = mkdtempSync(join(tmpdir(), "authorization-"));
  hook = await httpsHook(() => answer);
  writeFileSync(join(folder, "hook"), hook.kubeconfig("/authorize"));
});

after(async () => {
  stop.abort();
  await hook.close();
  rmSync(folder, { recursive: true });
});

const build = async (options: Partial<AuthorizationOptions>) => {
  const common = { reader: new FakeReader(), clock: realClock, random: realRandom, logger: silentLogger };
  return (await buildAuthorization({ ...common, ...options }, stop.signal)).authorizer;
};

const request: AuthorizationAttributes = {
  user: { name: "alice", uid: "7", groups: ["dev"], extra: { "example.org/team": ["a", "b"] } },
  verb: "list",
  isResourceRequest: true,
  namespace: "ns",
  apiGroup: "apps",
  apiVersion: "v1",
  resource: "deployments",
  subresource: "",
  name: "",
  path: "",
};

const healthz = { ...request, isResourceRequest: false, path: "/healthz", verb: "get" };

test("modes", async () => {
  const deny = await build({ modes: ["AlwaysDeny"], alwaysAllowPaths: ["/healthz", "livez/*"] });
  assert.deepEqual(await deny.authorize(request), { decision: "NoOpinion", reason: "Everything is forbidden." });
  assert.equal((await deny.authorize(healthz)).decision, "Allow");
  assert.equal((await deny.authorize({ ...healthz, path: "/livez/etcd" })).decision, "Allow");
  const root = { ...request, user: { name: "root", groups: ["system:masters"] } };
  assert.equal((await deny.authorize(root)).decision, "Allow");
  assert.equal((await (await build({})).authorize(request)).decision, "Allow");
  await assert.rejects(build({ modes: ["RBAC", "RBAC"] }), /specified more than once/);
  await assert.rejects(build({ modes: ["Webhook"] }), /authorization config file not passed/);
  await assert.rejects(build({ alwaysAllowPaths: ["/a*b"] }), { message: 'only trailing * allowed in "a*b"' });
});

test("a webhook is asked as upstream asks it, once for the same question", async () => {
  const webhook = { configFile: join(folder, "hook"), version: "v1" as const };
  const authorizer = await build({ modes: ["Webhook"], webhook });
  answer = { status: { allowed: false, reason: "no" } };
  const asked = {
    ...request,
    fieldSelector: parseFieldSelector("metadata.name=x,spec.a!=b"),
    labelSelector: parseSelector("app in (a,b),!old,size>3").requirements,
  };
  const expected = { decision: "NoOpinion", reason: "no" };
  assert.deepEqual(await Promise.all([authorizer.authorize(asked), authorizer.authorize(asked)]), [expected, expected]);
  assert.deepEqual(authorizer.authorize(asked), expected, "without a wait");
  assert.equal(hook.requests.length, 1);
  const { body, headers, path } = hook.requests[0]!;
  assert.match(path, /^\/authorize\b/);
  assert.equal(headers["authorization"], "Bearer from-kube-apiserver");
  assert.equal(body.apiVersion, "authorization.k8s.io/v1");
  assert.deepEqual(body.spec, {
    resourceAttributes: {
      namespace: "ns",
      verb: "list",
      group: "apps",
      version: "v1",
      resource: "deployments",
      fieldSelector: {
        requirements: [
          { key: "metadata.name", operator: "In", values: ["x"] },
          { key: "spec.a", operator: "NotIn", values: ["b"] },
        ],
      },
      labelSelector: {
        requirements: [
          { key: "app", operator: "In", values: ["a", "b"] },
          { key: "old", operator: "DoesNotExist" },
        ],
      },
    },
    user: "alice",
    groups: ["dev"],
    extra: { "example.org/team": ["a", "b"] },
    uid: "7",
  });
  answer = { status: { denied: true, allowed: false, reason: "never" } };
  assert.deepEqual(await authorizer.authorize(healthz), { decision: "Deny", reason: "never" });
  assert.deepEqual(hook.requests.at(-1)?.body.spec.nonResourceAttributes, { path: "/healthz", verb: "get" });
});

test("a webhook that fails has no opinion, and says why", async () => {
  answer = 404;
  const webhook = { configFile: join(folder, "hook") };
  const authorizer = await build({ modes: ["Webhook", "AlwaysDeny"], webhook });
  const { decision, reason, error } = await authorizer.authorize(request);
  assert.deepEqual([decision, reason], ["NoOpinion", "Everything is forbidden."]);
  assert.equal(error, "the server could not find the requested resource");
  assert.deepEqual(hook.requests.at(-1)?.body.spec.group, ["dev"], "v1beta1 is the default, and says group");
});

const configOf = (webhook: object) => ({
  apiVersion: "apiserver.config.k8s.io/v1",
  kind: "AuthorizationConfiguration",
  authorizers: [
    { type: "Webhook", name: "hook", webhook },
    { type: "AlwaysDeny", name: "deny" },
  ],
});

const goodWebhook = () => ({
  timeout: "3s",
  subjectAccessReviewVersion: "v1",
  failurePolicy: "Deny",
  connectionInfo: { type: "KubeConfigFile", kubeConfigFile: join(folder, "hook") },
});

test("a configuration's webhook is asked only when its conditions hold", async () => {
  const configFile = join(folder, "config");
  const matchConditions = [
    { expression: "has(request.resourceAttributes)" },
    { expression: "request.resourceAttributes.namespace == 'ns' && !('ops' in request.groups)" },
  ];
  const config = configOf({ ...goodWebhook(), matchConditions, matchConditionSubjectAccessReviewVersion: "v1" });
  writeFileSync(configFile, JSON.stringify(config));
  const authorizer = await build({ configFile });
  answer = { status: { allowed: true } };
  assert.equal((await authorizer.authorize(request)).decision, "Allow");
  const calls = hook.requests.length;
  const refused = { decision: "NoOpinion", reason: "Everything is forbidden." };
  assert.deepEqual(await authorizer.authorize({ ...request, namespace: "other" }), refused);
  assert.deepEqual(await authorizer.authorize(healthz), refused);
  assert.equal(hook.requests.length, calls);
  answer = 400;
  assert.equal((await authorizer.authorize({ ...request, verb: "get" })).decision, "Deny");
});

test("a configuration is read strictly, with upstream's words", async () => {
  const fails = (config: object, message: string | RegExp) =>
    assert.rejects(readAuthorizationConfiguration(JSON.stringify(config)), { message });
  await fails({ ...configOf(goodWebhook()), extra: 1 }, 'strict decoding error: unknown field "extra"');
  await fails(
    { ...configOf({}), authorizers: [] },
    "authorizers: Required value: at least one authorization mode must be defined",
  );
  const { timeout: _gone, ...rest } = goodWebhook();
  await fails(configOf(rest), "authorizers[0].timeout: Required value");
  await fails(
    configOf({ ...goodWebhook(), timeout: "31s" }),
    'authorizers[0].timeout: Invalid value: "31s": must be > 0s and <= 30s',
  );
  await fails(
    configOf({ ...goodWebhook(), failurePolicy: "Allow" }),
    'authorizers[0].failurePolicy: Unsupported value: "Allow": supported values: "NoOpinion", "Deny"',
  );
  await fails(
    configOf({
      ...goodWebhook(),
      matchConditions: [{ expression: "1" }],
      matchConditionSubjectAccessReviewVersion: "v1",
    }),
    'authorizers[0].matchConditions[0].expression: Invalid value: "1": must evaluate to bool but got int',
  );
});

const until = async (isSo: () => boolean | Promise<boolean>) => {
  for (let i = 0; i < 4000 && !(await isSo()); i++) await realClock.sleep(5);
  assert.ok(await isSo());
};

test("a changed configuration is in use without a restart; one that is not valid is not", async () => {
  const configFile = join(folder, "changing");
  const write = (...types: string[]) => {
    const authorizers = types.map((type) => ({ type, name: type.toLowerCase() }));
    const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthorizationConfiguration" };
    writeFileSync(configFile, JSON.stringify({ ...head, authorizers }));
  };
  write("AlwaysDeny");
  const clock = new VirtualClock(realClock.now());
  const errors: string[] = [];
  const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
  const authorizer = await build({ configFile, clock, logger });
  assert.equal((await authorizer.authorize(request)).decision, "NoOpinion");
  write("Everything");
  await clock.advance(60_001);
  await until(() => errors.length > 0);
  assert.deepEqual(errors, ["A changed configuration file is not used"]);
  assert.equal((await authorizer.authorize(request)).decision, "NoOpinion");
  write("RBAC", "AlwaysAllow");
  await clock.advance(60_001);
  await until(async () => (await authorizer.authorize(request)).decision === "Allow");
});

test("of a configuration that is refused nothing is looked at any more", async () => {
  const [configFile, caFile] = [join(folder, "half-good"), join(folder, "ca.crt")];
  const kubeconfig = JSON.parse(hook.kubeconfig("/authorize"));
  writeFileSync(caFile, hook.ca);
  kubeconfig.clusters[0].cluster = { server: hook.url, "certificate-authority": caFile };
  writeFileSync(join(folder, "by-file"), JSON.stringify(kubeconfig));
  const webhookBy = (kubeConfigFile: string) => ({
    ...goodWebhook(),
    connectionInfo: { type: "KubeConfigFile", kubeConfigFile: join(folder, kubeConfigFile) },
  });
  const write = (...files: string[]) => {
    const authorizers = files.map((name) => ({ type: "Webhook", name, webhook: webhookBy(name) }));
    writeFileSync(configFile, JSON.stringify({ ...configOf({}), authorizers }));
  };
  write("hook");
  const clock = new VirtualClock(realClock.now());
  const refused = Promise.withResolvers<void>();
  await build({ configFile, clock, logger: { ...silentLogger, error: () => refused.resolve() } });
  const following = clock.pendingTimers;
  writeFileSync(join(folder, "no-kubeconfig"), "[]");
  write("by-file", "no-kubeconfig");
  await clock.advance(60_001);
  await refused.promise;
  // What is not refused itself is read meanwhile.
  await realClock.sleep(50);
  await until(() => clock.pendingTimers === following);
});
