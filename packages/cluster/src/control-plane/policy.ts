/** Roles that a cluster with nodes needs beyond upstream's bootstrap policy. kubeadm and the DNS addon bring the like. */

import { type ClusterRole, type ClusterRoleBinding, clusterRoleBindings, clusterRoles } from "@kubets/api";
import type { Client } from "@kubets/client";
import { proxyUser } from "../credentials.ts";

const apiGroup = "rbac.authorization.k8s.io";
const apiVersion = `${apiGroup}/v1`;

const dnsRole: ClusterRole = {
  apiVersion,
  kind: "ClusterRole",
  metadata: { name: "system:cluster-dns" },
  rules: [{ apiGroups: [""], resources: ["namespaces"], verbs: ["get", "list", "watch"] }],
};

const bindings: readonly ClusterRoleBinding[] = [
  {
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: "system:cluster-dns" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "system:cluster-dns" },
    // The DNS server of a node shares kube-proxy's identity and caches.
    subjects: [{ apiGroup, kind: "User", name: proxyUser }],
  },
  {
    // What the API server's certificate towards kubelets belongs to.
    apiVersion,
    kind: "ClusterRoleBinding",
    metadata: { name: "kubeadm:cluster-admins" },
    roleRef: { apiGroup, kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ apiGroup, kind: "Group", name: "kubeadm:cluster-admins" }],
  },
];

export async function ensurePolicy(client: Client): Promise<void> {
  const as = { fieldManager: "kubets", force: true };
  await client.resource(clusterRoles).apply(dnsRole, as);
  for (const binding of bindings) await client.resource(clusterRoleBindings).apply(binding, as);
}
