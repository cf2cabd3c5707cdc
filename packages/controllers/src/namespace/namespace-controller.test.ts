import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  clusterRoles,
  configMaps,
  endpointSlices,
  endpoints,
  namespaces,
  nodes,
  pods,
  secrets,
  serviceAccounts,
  services,
} from "@kubets/api";
import { isNotFound } from "@kubets/apimachinery";
import { clusterRoleAggregationController } from "../clusterrole-aggregation/clusterrole-aggregation-controller.ts";
import { endpointsController } from "../endpoints/endpoints-controller.ts";
import { endpointSliceController } from "../endpointslice/endpointslice-controller.ts";
import { rootCAPublisher } from "../rootca/root-ca-publisher.ts";
import { serviceAccountController } from "../serviceaccount/serviceaccount-controller.ts";
import { serviceAccountTokenController } from "../serviceaccount/token-controller.ts";
import { startHarness } from "../testing/harness.ts";
import { namespaceController } from "./namespace-controller.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

suite("the controllers of a namespace", { timeout: 30_000 }, () => {
  test("it gets its account and CA, and keeps them; deleting it deletes everything in it", async (t) => {
    const token = serviceAccountTokenController({ rootCA: "CA", sign: async (claims) => JSON.stringify(claims) });
    const harness = await startHarness([namespaceController, serviceAccountController, rootCAPublisher("CA"), token]);
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    await client
      .resource(namespaces)
      .create({ metadata: { name: "z" }, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
    const accounts = client.resource(serviceAccounts).namespace("z");
    const account = await eventually(async () => (await accounts.list()).items[0], "an account");
    assert.equal(account.metadata?.name, "default");
    const maps = client.resource(configMaps).namespace("z");
    const map = await eventually(async () => (await maps.list()).items[0], "a CA");
    assert.deepEqual([map.metadata?.name, map.data], ["kube-root-ca.crt", { "ca.crt": "CA" }]);
    await maps.update({ ...map, data: {} });
    await eventually(async () => (await maps.get("kube-root-ca.crt")).data?.["ca.crt"], "the CA again");
    const annotations = { "kubernetes.io/service-account.name": "default" };
    const type = "kubernetes.io/service-account-token";
    const secretClient = client.resource(secrets).namespace("z");
    await secretClient.create({ metadata: { name: "t", annotations }, type });
    const secret = await eventually(async () => {
      const found = await secretClient.get("t");
      return found.data?.token ? found : undefined;
    }, "a token");
    assert.equal(secret.data?.namespace, base64("z"));
    assert.equal(
      JSON.parse(Buffer.from(secret.data?.token ?? "", "base64").toString()).serviceAccountUID,
      account.metadata?.uid,
    );
    await maps.create({ metadata: { name: "held", finalizers: ["example.com/hold"] } });
    await client.resource(namespaces).delete("z");
    const conditions = await eventually(
      async () => (await client.resource(namespaces).get("z")).status?.conditions,
      "conditions",
    );
    const messages = new Map(conditions.map(({ type: name, status, message }) => [name, `${status} ${message}`]));
    const held = "True Some resources are remaining: configmaps. has 1 resource instances";
    assert.equal(messages.get("NamespaceContentRemaining"), held);
    assert.equal(
      messages.get("NamespaceFinalizersRemaining"),
      "True Some finalizers are remaining: example.com/hold in 1 resource instances",
    );
    assert.equal(messages.get("NamespaceDeletionDiscoveryFailure"), "False All resources successfully discovered");
    await maps.patch("held", "application/merge-patch+json", { metadata: { finalizers: null } });
    await eventually(
      () =>
        client
          .resource(namespaces)
          .get("z")
          .then(() => false, isNotFound),
      "the end",
    );
  });

  test("services have endpoints of their pods, in both forms", async (t) => {
    const harness = await startHarness([endpointSliceController, endpointsController], { kubelet: true });
    t.after(() => harness.stop());
    const { client, eventually } = harness;
    await client.resource(nodes).create({ metadata: { name: "n", labels: { "topology.kubernetes.io/zone": "z" } } });
    const ports = [{ name: "http", port: 80, targetPort: "web", protocol: "TCP" }];
    const spec = { selector: { app: "web" }, ports, clusterIP: "10.96.1.1", ipFamilies: ["IPv4"] };
    await client
      .resource(services)
      .namespace("x")
      .create({ metadata: { name: "web", labels: { team: "a" } }, spec });
    const slices = client.resource(endpointSlices).namespace("x");
    const empty = await eventually(async () => (await slices.list()).items[0], "a slice");
    assert.deepEqual(empty.endpoints, []);
    assert.deepEqual(empty.metadata?.labels, {
      team: "a",
      "kubernetes.io/service-name": "web",
      "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    });
    const podSpec = {
      nodeName: "n",
      containers: [{ name: "c", image: "i", ports: [{ name: "web", containerPort: 8080, protocol: "TCP" }] }],
    };
    for (let at = 0; at < 3; at++) {
      await client
        .resource(pods)
        .namespace("x")
        .create({ metadata: { name: `p${at}`, labels: { app: "web" } }, spec: podSpec });
    }
    const slice = await eventually(
      async () => (await slices.list()).items.find((found) => found.endpoints?.length === 3),
      "three endpoints",
    );
    assert.equal((await slices.list()).items.length, 1);
    assert.deepEqual(slice.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
    const [first] = slice.endpoints ?? [];
    assert.match(
      slice.metadata?.annotations?.["endpoints.kubernetes.io/last-change-trigger-time"] ?? "",
      /^\d{4}-.*Z$/,
    );
    assert.deepEqual(
      [first?.zone, first?.nodeName, first?.conditions],
      ["z", "n", { ready: true, serving: true, terminating: false }],
    );
    const object = await eventually(async () => {
      const found = await client.resource(endpoints).namespace("x").get("web");
      return found.subsets?.[0]?.addresses?.length === 3 ? found : undefined;
    }, "three addresses");
    assert.deepEqual(object.subsets?.[0]?.ports, [{ name: "http", port: 8080, protocol: "TCP" }]);
    await client.resource(pods).namespace("x").deleteCollection();
    await eventually(async () => (await slices.list()).items[0]?.endpoints?.length === 0, "none");
    await harness.quiet();
    assert.equal((await slices.list()).items.length, 1);
  });

  test("aggregated roles follow their parts", async (t) => {
    const harness = await startHarness([clusterRoleAggregationController]);
    t.after(() => harness.stop());
    const roles = harness.client.resource(clusterRoles);
    const rule = (resource: string) => ({ apiGroups: [""], resources: [resource], verbs: ["get"] });
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels: { to: "view" } }] };
    await roles.create({ metadata: { name: "view" }, aggregationRule, rules: [] });
    await roles.create({ metadata: { name: "b", labels: { to: "view" } }, rules: [rule("pods"), rule("secrets")] });
    await roles.create({ metadata: { name: "a", labels: { to: "view" } }, rules: [rule("pods")] });
    await harness.quiet();
    assert.deepEqual((await roles.get("view")).rules, [rule("pods"), rule("secrets")]);
  });
});
