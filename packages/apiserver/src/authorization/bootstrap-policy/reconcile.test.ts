import assert from "node:assert/strict";
import { test } from "node:test";
import { type ClusterRole, clusterRoleBindings, clusterRoles, type Resource } from "@kubets/api";
import { clone, type KubeObject } from "@kubets/apimachinery";
import { FakeReader } from "../../reader/fake-reader.ts";
import { rbacAuthorizer } from "../rbac.ts";
import { RbacIndex } from "../rbac-index.ts";
import { uncovered } from "../rules.ts";
import { type PolicyWriter, reconcileBootstrapPolicy } from "./reconcile.ts";

class RecordingWriter extends FakeReader implements PolicyWriter {
  readonly writes: string[] = [];

  async create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> {
    this.writes.push(`create ${resource.plural} ${object.metadata?.name}`);
    this.put(resource, object);
  }

  async update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<void> {
    this.writes.push(`update ${resource.plural} ${object.metadata?.name}`);
    this.put(resource, object);
  }

  async delete<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<void> {
    this.writes.push(`delete ${resource.plural} ${name}`);
    this.remove(resource, namespace, name);
  }
}

test("the default policy is made once, and mended when it was damaged", async () => {
  const writer = new RecordingWriter();
  await reconcileBootstrapPolicy(writer);
  assert.ok(writer.writes.length > 120, `${writer.writes.length} objects`);
  assert.equal(new Set(writer.writes).size, writer.writes.length - 2, "bootstrap-signer is in two namespaces");
  writer.writes.length = 0;
  await reconcileBootstrapPolicy(writer);
  assert.deepEqual(writer.writes, []);

  const scheduler = clone((await writer.get(clusterRoles, "", "system:kube-scheduler"))!);
  const whole = scheduler.rules!;
  scheduler.rules = [...scheduler.rules!.slice(2), { verbs: ["get"], apiGroups: ["acme.com"], resources: ["anvils"] }];
  writer.put(clusterRoles, scheduler);
  const basic = clone((await writer.get(clusterRoleBindings, "", "system:basic-user"))!);
  writer.put(clusterRoleBindings, { ...basic, subjects: [{ kind: "User", name: "x" }] });
  const admin = clone((await writer.get(clusterRoleBindings, "", "cluster-admin"))!);
  writer.put(clusterRoleBindings, { ...admin, roleRef: { ...admin.roleRef!, name: "view" } });
  const monitoring = clone((await writer.get(clusterRoles, "", "system:monitoring"))!);
  monitoring.metadata!.annotations = { "rbac.authorization.kubernetes.io/autoupdate": "false" };
  writer.put(clusterRoles, { ...monitoring, rules: [] });
  await reconcileBootstrapPolicy(writer);
  assert.deepEqual(writer.writes.sort(), [
    "create clusterrolebindings cluster-admin",
    "delete clusterrolebindings cluster-admin",
    "update clusterrolebindings system:basic-user",
    "update clusterroles system:kube-scheduler",
  ]);
  const mended = (await writer.get(clusterRoles, "", "system:kube-scheduler")) as ClusterRole;
  assert.deepEqual(uncovered(mended.rules ?? [], whole), []);
  assert.ok(mended.rules?.some(({ resources }) => resources?.includes("anvils")));
  const subjects = (await writer.get(clusterRoleBindings, "", "system:basic-user"))?.subjects;
  assert.deepEqual(
    subjects?.map(({ name }) => name),
    ["x", "system:authenticated"],
  );
});

test("with it, components can do their work and strangers cannot", async () => {
  const writer = new RecordingWriter();
  await reconcileBootstrapPolicy(writer);
  const index = new RbacIndex();
  await index.follow(writer, new AbortController().signal);
  const authorizer = rbacAuthorizer(index);
  const may = (user: string, groups: string[], verb: string, group: string, resource: string, namespace = "") => {
    const [plural = "", subresource = ""] = resource.split("/");
    const answer = authorizer.authorize({
      user: { name: user, groups },
      verb,
      isResourceRequest: true,
      apiGroup: group,
      apiVersion: "v1",
      namespace,
      resource: plural,
      subresource,
      name: "",
      path: "",
    });
    return (answer as { decision: string }).decision === "Allow";
  };
  assert.ok(may("root", ["system:masters"], "delete", "", "nodes"));
  assert.ok(may("system:kube-scheduler", [], "create", "", "pods/binding", "default"));
  assert.ok(may("system:serviceaccount:kube-system:replicaset-controller", [], "create", "", "pods", "default"));
  assert.ok(may("anyone", ["system:authenticated"], "create", "authorization.k8s.io", "selfsubjectaccessreviews"));
  assert.ok(!may("anyone", ["system:authenticated"], "list", "", "pods", "default"));
  assert.ok(
    !may("system:anonymous", ["system:unauthenticated"], "create", "authorization.k8s.io", "selfsubjectaccessreviews"),
  );
});
