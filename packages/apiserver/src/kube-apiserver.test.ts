import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { memoryStore } from "@kubets/storage";
import { createSigningKey } from "./certificates/create.ts";
import type { KubeApiServerOptions } from "./kube-apiserver/options.ts";
import { createKubeApiServer } from "./kube-apiserver.ts";
import { type ClusterServer, withClusterServer } from "./testing/cluster-server.ts";
import { send } from "./testing/server.ts";

const issuer = "https://kubernetes.default.svc.cluster.local";

interface Means extends ClusterServer {
  readonly as: As;
  readonly clock: { skip: number };
}

function withServer(body: (means: Means) => Promise<void>, more: Partial<KubeApiServerOptions> = {}): Promise<void> {
  const time = { skip: 0 };
  const monotonic = () => realClock.monotonic() + time.skip;
  const clock: Clock = { ...realClock, now: () => realClock.now() + time.skip, monotonic };
  return withClusterServer(
    async (cluster) => {
      const as: As = (token, method, url, object) =>
        cluster.ask(method, url, object, { headers: { authorization: `Bearer ${token}` } });
      await body({ ...cluster, as, clock: time });
    },
    { clock, ...more },
  );
}

type As = (token: string, method: string, url: string, object?: object) => ReturnType<typeof send>;

test("a cluster's users, service accounts and roles, through the whole chain", () =>
  withServer(async ({ server, as }) => {
    const forbidden = await as("jane", "GET", "/api/v1/namespaces/default/pods");
    assert.equal(forbidden.status, 403);
    assert.equal(
      forbidden.json.message,
      'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "default"',
    );
    assert.equal((await as("nobody", "GET", "/api")).status, 401);
    assert.equal((await send(server, "GET", "/version")).status, 200);
    assert.equal(
      (await send(server, "GET", "/api/v1/nodes")).json.message,
      'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
    );

    const rules = [{ verbs: ["list"], apiGroups: [""], resources: ["pods"] }];
    const role = { metadata: { name: "lister" }, rules };
    assert.equal((await as("root", "POST", "/apis/rbac.authorization.k8s.io/v1/clusterroles", role)).status, 201);
    const binding = {
      metadata: { name: "jane" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "lister" },
      subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: "dev" }],
    };
    const bound = await as(
      "root",
      "POST",
      "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings",
      binding,
    );
    assert.equal(bound.status, 201);
    assert.equal((await as("jane", "GET", "/api/v1/namespaces/default/pods")).status, 200);
    assert.equal((await as("jane", "GET", "/api/v1/namespaces/kube-system/pods")).status, 403);
    const classes = await as("root", "GET", "/apis/scheduling.k8s.io/v1/priorityclasses");
    assert.equal(classes.json.items.length, 2);
  }));

test("a pod gets its account's token, which is good until the pod is gone", () =>
  withServer(async ({ as, clock }) => {
    assert.equal(
      (await as("root", "POST", "/api/v1/namespaces/default/serviceaccounts", { metadata: { name: "default" } }))
        .status,
      201,
    );
    const spec = { containers: [{ name: "c", image: "demo" }] };
    const pod = await as("root", "POST", "/api/v1/namespaces/default/pods", { metadata: { name: "web" }, spec });
    assert.equal(pod.status, 201, pod.text);
    assert.equal(pod.json.spec.serviceAccountName, "default");
    assert.match(pod.json.spec.volumes[0].name, /^kube-api-access-/);
    assert.equal(pod.json.spec.priority, 0);
    assert.equal(pod.json.spec.tolerations.length, 2);
    const boundObjectRef = { kind: "Pod", apiVersion: "v1", name: "web", uid: pod.json.metadata.uid };
    const url = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const made = await as("root", "POST", url, {
      spec: { audiences: [issuer], boundObjectRef, expirationSeconds: 3607 },
    });
    assert.equal(made.status, 201, made.text);
    const { token } = made.json.status;
    assert.equal((await as(token, "GET", "/api/v1/namespaces/default/pods")).status, 403);
    const who = await as(token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {});
    assert.equal(who.json.status.userInfo.username, "system:serviceaccount:default:default");
    const review = await as("root", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", { spec: { token } });
    assert.equal(review.status, 201, review.text);
    assert.equal(review.json.status.user.username, "system:serviceaccount:default:default");
    const jwks = await as(token, "GET", "/openid/v1/jwks");
    assert.equal(jwks.json.keys.length, 1);
    const document = await as(token, "GET", "/.well-known/openid-configuration");
    assert.equal(document.json.jwks_uri, "https://127.0.0.1:6443/openid/v1/jwks");
    const unbound = await as("root", "DELETE", "/api/v1/namespaces/default/pods/web?gracePeriodSeconds=0");
    assert.equal(unbound.status, 200, unbound.text);
    clock.skip += 11_000; // Good answers are remembered for ten seconds.
    assert.equal((await as(token, "GET", "/api")).status, 401);
  }));

test("a node does its own work and no other node's", () =>
  withServer(async ({ server, as }) => {
    const account = { metadata: { name: "default" } };
    assert.equal((await as("root", "POST", "/api/v1/namespaces/default/serviceaccounts", account)).status, 201);
    const podOn = async (nodeName: string) => {
      const spec = { nodeName, containers: [{ name: "c", image: "demo" }] };
      const made = await as("root", "POST", "/api/v1/namespaces/default/pods", {
        metadata: { name: `on-${nodeName}` },
        spec,
      });
      assert.equal(made.status, 201, made.text);
      return made.json.metadata.uid as string;
    };
    const [mine, other] = [await podOn("n1"), await podOn("n2")];
    const node = server.transport({ name: "system:node:n1", groups: ["system:nodes", "system:authenticated"] });
    const path = "/api/v1/namespaces/default/serviceaccounts/default/token";
    const tokenFor = (name: string, uid: string) => {
      const boundObjectRef = { kind: "Pod", apiVersion: "v1", name, uid };
      return node.request({ method: "POST", path, query: {}, body: { spec: { audiences: [], boundObjectRef } } });
    };
    await tokenFor("on-n1", mine);
    await assert.rejects(tokenFor("on-n2", other), /node requested token bound to a pod scheduled on a different node/);
    const list = (fieldSelector: string) =>
      node.request({ method: "GET", path: "/api/v1/pods", query: { fieldSelector } });
    assert.equal(((await list("spec.nodeName=n1")) as { items: unknown[] }).items.length, 1);
    await assert.rejects(list("spec.nodeName=n2"), {
      message:
        'pods is forbidden: User "system:node:n1" cannot list resource "pods" in API group "" at the cluster scope: can only list/watch pods with spec.nodeName field selector',
    });
    const register = (name: string) =>
      node.request({ method: "POST", path: "/api/v1/nodes", query: {}, body: { metadata: { name } } });
    await register("n1");
    await assert.rejects(register("n2"), /node "n1" is not allowed to modify node "n2"/);
  }));

test("the use of a token in a secret is noted on the secret, once a day", () =>
  withServer(async ({ as, tokens }) => {
    const secret = { name: "web", annotations: { "kubernetes.io/service-account.name": "web" } };
    const namespace = "/api/v1/namespaces/default";
    const account = await as("root", "POST", `${namespace}/serviceaccounts`, {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "web" },
    });
    assert.equal(account.status, 201);
    const tracked = await as(
      "root",
      "GET",
      "/api/v1/namespaces/kube-system/configmaps/kube-apiserver-legacy-service-account-token-tracking",
    );
    assert.match(tracked.json.data.since, /^\d{4}-\d\d-\d\d$/);
    const token = await tokens?.legacyToken(account.json, "web");
    const data = { token: Buffer.from(token ?? "").toString("base64") };
    const type = "kubernetes.io/service-account-token";
    const body = { apiVersion: "v1", kind: "Secret", metadata: secret, type, data };
    assert.equal((await as("root", "POST", `${namespace}/secrets`, body)).status, 201);
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const who = await as(token ?? "", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review);
    assert.equal(who.json.status.userInfo.username, "system:serviceaccount:default:web");
    const label = async () =>
      (await as("root", "GET", `${namespace}/secrets/web`)).json.metadata.labels?.[
        "kubernetes.io/legacy-token-last-used"
      ];
    for (let i = 0; i < 4000 && (await label()) === undefined; i++) await realClock.sleep(5);
    assert.equal(await label(), tracked.json.data.since);
  }));

test("who allows everything asks for a name", () =>
  withServer(
    async ({ server, as }) => {
      assert.equal((await as("jane", "GET", "/api/v1/namespaces/default/pods")).status, 200);
      const nobody = await send(server, "GET", "/version");
      assert.equal(nobody.status, 401);
      assert.equal(nobody.json.reason, "Unauthorized");
    },
    { authorization: { modes: ["AlwaysAllow"] } },
  ));

test("without a cluster's certificates there is what the options say, and no more", async () => {
  const stop = new AbortController();
  const base = { clock: realClock, random: realRandom, logger: silentLogger };
  const options = {
    store: memoryStore(),
    serviceCIDR: "10.96.0.0/16,fd00:96::/112",
    nodePortRange: "31000-31999",
    clusterDomain: "cluster.local",
    advertiseAddress: "127.0.0.1",
    shutdownDelayMs: 60,
    ...base,
  };
  await assert.rejects(createKubeApiServer(options, stop.signal), /no key to sign service account tokens/);
  const { privateKey } = await createSigningKey();
  const ended = new AbortController();
  const { server } = await createKubeApiServer(
    { ...options, authentication: { signingKey: privateKey } },
    ended.signal,
  );
  const running = server.start(stop.signal);
  await Promise.race([server.ready, running]);
  const get = async (path: string) => (await send(server, "GET", path)).text;
  assert.match(await get("/healthz?verbose"), /\[\+\]poststarthook\/rbac\/bootstrap-roles ok\n/);
  assert.match(
    await get("/readyz?verbose&exclude=etcd&exclude=odd"),
    /\[\+\]etcd excluded: ok\n[\s\S]*no matches for "odd"\n/,
  );
  assert.equal(await get("/readyz"), "ok");
  stop.abort();
  assert.match(await get("/readyz"), /\[-\]shutdown failed: reason withheld\n/);
  assert.equal(await get("/livez"), "ok");
  await running;
  ended.abort();
});

test("the Service default/kubernetes is at a node port where that is asked for", () => {
  const listen = { bindAddress: "127.0.0.1", port: 0 };
  return withServer(
    async ({ as }) => {
      const { json } = await as("root", "GET", "/api/v1/namespaces/default/services/kubernetes");
      assert.deepEqual([json.spec.type, json.spec.ports[0].nodePort], ["NodePort", 30443]);
    },
    { kubernetesServiceNodePort: 30443, listen },
  );
});
