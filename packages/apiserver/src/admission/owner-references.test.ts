import { test } from "node:test";
import type { KubeObject } from "@kubets/apimachinery";
import { OwnerReferencesPermissionEnforcement } from "./owner-references.ts";
import { admitBy, authorizerThat, pod, refuses, requestOn } from "./testing.ts";

test("OwnerReferencesPermissionEnforcement", async () => {
  const { authorizer } = authorizerThat(
    ({ subresource, resource }) => subresource === "finalizers" && resource === "jobs",
  );
  const resourcesOfKind = (group: string, _version: string, kind: string) =>
    group === "batch" && kind === "Job"
      ? [{ plural: "jobs", namespaced: true }]
      : kind === "Deployment"
        ? [{ plural: "deployments", namespaced: true }]
        : [];
  const plugin = new OwnerReferencesPermissionEnforcement(authorizer, { resourcesOfKind });
  const owned = (apiVersion: string, kind: string, blockOwnerDeletion: boolean) =>
    pod({}, { ownerReferences: [{ apiVersion, kind, name: "o", uid: "u", blockOwnerDeletion }] });
  const create = (object: KubeObject) => admitBy(plugin, requestOn("pods", { object }));
  await create(owned("apps/v1", "Deployment", false));
  await create(owned("batch/v1", "Job", true));
  await refuses(
    create(owned("apps/v1", "Deployment", true)),
    'pods "web" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>',
  );
  await refuses(
    create(owned("x/v1", "Nope", true)),
    /cannot find RESTMapping for APIVersion x\/v1 Kind Nope: no matches for kind "Nope" in version "x\/v1"/,
  );
  await refuses(
    admitBy(
      plugin,
      requestOn("pods", { operation: "UPDATE", object: owned("batch/v1", "Job", false), oldObject: pod() }),
    ),
    'pods "web" is forbidden: cannot set an ownerRef on a resource you can\'t delete: , <nil>',
  );
});
