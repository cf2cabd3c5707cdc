/** What kubectl learns about the cluster: versions, kinds, their fields, and what the user may do. */

import assert from "node:assert/strict";
import { withEachKubectl } from "../harness/each-kubectl.ts";

const versions = [
  "admissionregistration.k8s.io/v1",
  "apiextensions.k8s.io/v1",
  "apiregistration.k8s.io/v1",
  "apps/v1",
  "authentication.k8s.io/v1",
  "authorization.k8s.io/v1",
  "autoscaling/v1",
  "autoscaling/v2",
  "batch/v1",
  "certificates.k8s.io/v1",
  "coordination.k8s.io/v1",
  "discovery.k8s.io/v1",
  "events.k8s.io/v1",
  "flowcontrol.apiserver.k8s.io/v1",
  "networking.k8s.io/v1",
  "node.k8s.io/v1",
  "policy/v1",
  "rbac.authorization.k8s.io/v1",
  "scheduling.k8s.io/v1",
  "storage.k8s.io/v1",
  "v1",
];

const resources: readonly RegExp[] = [
  /^pods +po +v1 +true +Pod$/m,
  /^services +svc +v1 +true +Service$/m,
  /^namespaces +ns +v1 +false +Namespace$/m,
  /^nodes +no +v1 +false +Node$/m,
  /^serviceaccounts +sa +v1 +true +ServiceAccount$/m,
  /^deployments +deploy +apps\/v1 +true +Deployment$/m,
  /^replicasets +rs +apps\/v1 +true +ReplicaSet$/m,
  /^cronjobs +cj +batch\/v1 +true +CronJob$/m,
  /^customresourcedefinitions +crd,crds +apiextensions\.k8s\.io\/v1 +false +CustomResourceDefinition$/m,
  /^ingresses +ing +networking\.k8s\.io\/v1 +true +Ingress$/m,
  /^horizontalpodautoscalers +hpa +autoscaling\/v2 +true +HorizontalPodAutoscaler$/m,
  /^clusterroles +rbac\.authorization\.k8s\.io\/v1 +false +ClusterRole$/m,
  /^leases +coordination\.k8s\.io\/v1 +true +Lease$/m,
  /^selfsubjectaccessreviews +authorization\.k8s\.io\/v1 +false +SelfSubjectAccessReview$/m,
];

withEachKubectl("kubectl learns what the cluster has", {}, async (t, { kubectl, server }) => {
  const modern = kubectl.binary.minor >= 27;

  await t.test("version", async () => {
    assert.match(await kubectl("version"), /Server Version: .*v1\.36/);
    const { serverVersion } = await kubectl.json<{ serverVersion: Record<string, string> }>("version");
    assert.equal(serverVersion["major"], "1");
    assert.equal(serverVersion["minor"], "36");
    assert.equal(serverVersion["platform"]?.startsWith("linux/"), true);
  });

  await t.test("cluster-info", async () => {
    const text = await kubectl("cluster-info");
    assert.match(text, /Kubernetes control plane.* is running at/);
    assert.ok(text.includes(server), `${text} names ${server}`);
  });

  await t.test("api-versions", async () => {
    const served = (await kubectl("api-versions")).trim().split("\n");
    assert.deepEqual(
      versions.filter((version) => !served.includes(version)),
      [],
    );
  });

  await t.test("api-resources", async () => {
    const table = await kubectl("api-resources");
    assert.match(table, /^NAME +SHORTNAMES +API(VERSION|GROUP) +NAMESPACED +KIND/);
    for (const row of resources) assert.match(table, row);
    const names = await kubectl(
      "api-resources",
      "-o",
      "name",
      "--namespaced=false",
      "--api-group=rbac.authorization.k8s.io",
    );
    assert.deepEqual(names.trim().split("\n").sort(), [
      "clusterrolebindings.rbac.authorization.k8s.io",
      "clusterroles.rbac.authorization.k8s.io",
    ]);
    const verbs = await kubectl("api-resources", "-o", "wide", "--api-group=apps");
    assert.match(verbs, /deployments.*create,?.delete,?.*get.*list.*patch.*update.*watch/s);
  });

  await t.test("explain", async () => {
    const pod = await kubectl("explain", "pod");
    assert.match(pod, /KIND: +Pod/);
    assert.match(pod, /^ +spec\s+<(Object|PodSpec)>/m);
    const port = await kubectl("explain", "deployments.spec.template.spec.containers.ports.containerPort");
    assert.match(port, /containerPort <integer>/);
    assert.match(await kubectl("explain", "pod.spec.containers"), /name\s+<string>\s+-required-/);
    assert.match(await kubectl("explain", "service.spec", "--recursive"), /clientIP\s+<(Object|ClientIPConfig)>/);
    assert.match(await kubectl.refused("explain", "pod.spec.nope"), /field "nope" does not exist/);
    assert.match(
      await kubectl.refused("explain", "nope"),
      /the server doesn't have a resource type "nope"|couldn't find resource/,
    );
  });

  await t.test("auth can-i", async () => {
    assert.equal(await kubectl("auth", "can-i", "create", "pods"), "yes\n");
    assert.equal(await kubectl("auth", "can-i", "*", "*", "--all-namespaces"), "yes\n");
    const other = await kubectl.try(["auth", "can-i", "delete", "secrets", "--as", "jane"]);
    assert.match(other.stdout, /^no\b/);
    assert.equal(other.code, 1);
    const controller = ["--as", "system:kube-scheduler", "--as-group", "system:authenticated"];
    assert.equal(await kubectl("auth", "can-i", "create", "pods", "--subresource=binding", ...controller), "yes\n");
    assert.match(await kubectl("auth", "can-i", "--list"), /\*\.\*/);
    if (modern) assert.match(await kubectl("auth", "whoami"), /system:masters|kubernetes-admin|kubeadm:cluster-admins/);
  });

  await t.test("what is served without a kind", async () => {
    assert.equal(await kubectl("get", "--raw", "/healthz"), "ok");
    assert.equal(await kubectl("get", "--raw", "/livez"), "ok");
    assert.match(await kubectl("get", "--raw", "/readyz?verbose"), /readyz check passed/);
    const swagger = JSON.parse(await kubectl("get", "--raw", "/openapi/v2")) as { swagger: string; paths: object };
    assert.equal(swagger.swagger, "2.0");
    assert.ok("/apis/apps/v1/namespaces/{namespace}/deployments" in swagger.paths);
    const v3 = JSON.parse(await kubectl("get", "--raw", "/openapi/v3")) as { paths: Record<string, unknown> };
    assert.ok("apis/apps/v1" in v3.paths);
    assert.match(
      await kubectl.refused("get", "--raw", "/no/such/path"),
      /NotFound|could not find the requested resource/,
    );
  });
});
