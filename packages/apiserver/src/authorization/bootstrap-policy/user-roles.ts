/** The roles meant for people: admin, edit and view, in the parts they are aggregated from. Source: kubernetes' bootstrappolicy. */

import type { ClusterRole, PolicyRule } from "@kubets/api";
import { aggregatedRole, clusterRole, core, read, readWrite, rule, write } from "./build.ts";

export function userRoles(): ClusterRole[] {
  return [
    aggregatedRole("admin"),
    aggregatedRole("edit", "admin"),
    aggregatedRole("view", "edit"),
    clusterRole("system:aggregate-to-admin", adminRules(), "admin"),
    clusterRole("system:aggregate-to-edit", editRules(), "edit"),
    clusterRole("system:aggregate-to-view", viewRules(), "view"),
  ];
}

function adminRules(): PolicyRule[] {
  return [
    rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
    rule(readWrite, "rbac.authorization.k8s.io", "roles rolebindings"),
  ];
}

function editRules(): PolicyRule[] {
  const connect = "pods/attach pods/proxy pods/exec pods/portforward";
  const workloads = "daemonsets deployments deployments/scale deployments/rollback replicasets replicasets/scale";
  return [
    rule(read, core, `${connect} secrets services/proxy`),
    rule("impersonate", core, "serviceaccounts"),
    rule(write, core, `pods ${connect}`),
    rule("create", core, "pods/eviction"),
    rule(
      write,
      core,
      "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy persistentvolumeclaims configmaps secrets events",
    ),
    rule("create", core, "serviceaccounts/token"),
    rule(write, "apps", `statefulsets statefulsets/scale ${workloads}`),
    rule(write, "autoscaling", "horizontalpodautoscalers"),
    rule(write, "batch", "jobs cronjobs"),
    rule(write, "extensions", `${workloads} ingresses replicationcontrollers/scale networkpolicies`),
    rule(write, "policy", "poddisruptionbudgets"),
    rule(write, "networking.k8s.io", "networkpolicies ingresses"),
    rule(readWrite, "coordination.k8s.io", "leases"),
    rule(write, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
  ];
}

function viewRules(): PolicyRule[] {
  const workloads =
    "daemonsets daemonsets/status deployments deployments/status deployments/scale replicasets replicasets/status replicasets/scale";
  return [
    rule(
      read,
      core,
      "pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps",
    ),
    rule(
      read,
      core,
      "limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status replicationcontrollers/status pods/log",
    ),
    rule(read, core, "namespaces"),
    rule(read, "discovery.k8s.io", "endpointslices"),
    rule(read, "apps", `controllerrevisions statefulsets statefulsets/status statefulsets/scale ${workloads}`),
    rule(read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    rule(read, "batch", "jobs cronjobs cronjobs/status jobs/status"),
    rule(read, "extensions", `${workloads} ingresses ingresses/status replicationcontrollers/scale networkpolicies`),
    rule(read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    rule(read, "networking.k8s.io", "networkpolicies ingresses ingresses/status"),
    rule(read, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
  ];
}
