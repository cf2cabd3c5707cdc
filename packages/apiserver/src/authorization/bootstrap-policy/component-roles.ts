/** The roles of components and of everyone, and who has them. Source: kubernetes' bootstrappolicy. */

import type { ClusterRole, ClusterRoleBinding, PolicyRule } from "@kubets/api";
import {
  allAuthenticated,
  allServiceAccounts,
  allUnauthenticated,
  kubeControllerManagerUser,
  kubeProxyUser,
  kubeSchedulerUser,
  monitoringGroup,
  systemPrivilegedGroup,
} from "../../authentication/users.ts";
import {
  clusterRole,
  clusterRoleBinding,
  core,
  eventsRule,
  read,
  readUpdate,
  readWrite,
  rule,
  serviceAccount,
  urlRule,
  user,
  userGroup,
} from "./build.ts";
import { nodeRules } from "./node-rules.ts";

const health = "/livez /readyz /healthz";

export function componentRoles(): ClusterRole[] {
  return [
    clusterRole("cluster-admin", [rule("*", "*", "*"), urlRule("*", "*")]),
    ...everyonesRoles(),
    ...nodeRoles(),
    ...certificateRoles(),
    clusterRole("system:heapster", [
      rule(read, core, "events pods nodes namespaces"),
      rule(read, "extensions", "deployments"),
    ]),
    clusterRole("system:auth-delegator", reviewRules()),
    clusterRole("system:kube-aggregator", [rule(read, core, "services endpoints")]),
    clusterRole("system:kube-controller-manager", controllerManagerRules()),
    clusterRole("system:kube-scheduler", schedulerRules()),
    clusterRole("system:kube-dns", [rule("list watch", core, "endpoints services")]),
    clusterRole("system:persistent-volume-provisioner", [
      rule("get list watch create delete", core, "persistentvolumes"),
      rule("get list watch update", core, "persistentvolumeclaims"),
      rule(read, "storage.k8s.io", "storageclasses"),
      rule("watch", core, "events"),
      eventsRule(),
    ]),
    clusterRole("system:volume-scheduler", [
      rule(readUpdate, core, "persistentvolumes"),
      rule(read, "storage.k8s.io", "storageclasses"),
      rule(readUpdate, core, "persistentvolumeclaims"),
    ]),
  ];
}

function everyonesRoles(): ClusterRole[] {
  const discovery = `${health} /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*`;
  return [
    clusterRole("system:discovery", [urlRule("get", discovery)]),
    clusterRole("system:monitoring", [
      urlRule("get", `/metrics /metrics/slis ${health} /livez/* /readyz/* /healthz/*`),
      urlRule("get", "/flagz"),
      urlRule("get", "/statusz"),
    ]),
    clusterRole("system:basic-user", [
      rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
      rule("create", "authentication.k8s.io", "selfsubjectreviews"),
    ]),
    clusterRole("system:public-info-viewer", [urlRule("get", `${health} /version /version/`)]),
    clusterRole("system:service-account-issuer-discovery", [
      urlRule(
        "get",
        "/.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/",
      ),
    ]),
  ];
}

function nodeRoles(): ClusterRole[] {
  return [
    clusterRole("system:node", nodeRules()),
    clusterRole("system:node-problem-detector", [
      rule("get", core, "nodes"),
      rule("patch", core, "nodes/status"),
      eventsRule(),
    ]),
    clusterRole("system:node-proxier", [
      rule("list watch", core, "services endpoints"),
      rule(read, core, "nodes"),
      eventsRule(),
      rule("list watch", "networking.k8s.io", "servicecidrs"),
      rule("list watch", "discovery.k8s.io", "endpointslices"),
    ]),
    clusterRole("system:node-bootstrapper", [
      rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    ]),
    clusterRole("system:kubelet-api-admin", [
      rule(read, core, "nodes"),
      rule("proxy", core, "nodes"),
      rule("*", core, "nodes/proxy nodes/metrics nodes/stats nodes/log"),
      rule("*", core, "nodes/configz nodes/healthz nodes/pods"),
    ]),
  ];
}

function certificateRoles(): ClusterRole[] {
  const group = "certificates.k8s.io";
  const approver = (role: string, signer: string) =>
    clusterRole(`system:${group}:${role}`, [rule("approve", group, "signers", `kubernetes.io/${signer}`)]);
  return [
    clusterRole(`system:${group}:certificatesigningrequests:nodeclient`, [
      rule("create", group, "certificatesigningrequests/nodeclient"),
    ]),
    clusterRole(`system:${group}:certificatesigningrequests:selfnodeclient`, [
      rule("create", group, "certificatesigningrequests/selfnodeclient"),
    ]),
    approver("legacy-unknown-approver", "legacy-unknown"),
    approver("kubelet-serving-approver", "kubelet-serving"),
    approver("kube-apiserver-client-approver", "kube-apiserver-client"),
    approver("kube-apiserver-client-kubelet-approver", "kube-apiserver-client-kubelet"),
  ];
}

function reviewRules(): PolicyRule[] {
  return [
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews"),
  ];
}

function controllerManagerRules(): PolicyRule[] {
  return [
    eventsRule(),
    rule("create", "coordination.k8s.io", "leases"),
    rule("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
    rule("create", core, "secrets serviceaccounts"),
    rule("delete", core, "secrets"),
    rule("get", core, "namespaces secrets serviceaccounts configmaps"),
    rule("update", core, "secrets serviceaccounts"),
    ...reviewRules(),
    rule("list watch", "*", "*"),
    rule("create", core, "serviceaccounts/token"),
  ];
}

function schedulerRules(): PolicyRule[] {
  return [
    eventsRule(),
    rule("create", "coordination.k8s.io", "leases"),
    rule("get update list watch", "coordination.k8s.io", "leases", "kube-scheduler"),
    rule(readWrite, "coordination.k8s.io", "leasecandidates"),
    rule(read, core, "nodes"),
    rule("get list watch delete", core, "pods"),
    rule("create", core, "pods/binding bindings"),
    rule("patch update", core, "pods/status"),
    rule(read, core, "services replicationcontrollers"),
    rule(read, "apps extensions", "replicasets"),
    rule(read, "apps", "statefulsets"),
    rule(read, "policy", "poddisruptionbudgets"),
    rule(read, core, "persistentvolumeclaims persistentvolumes"),
    ...reviewRules(),
    rule(read, "storage.k8s.io", "csinodes"),
    rule(read, "storage.k8s.io", "volumeattachments"),
    rule(read, core, "namespaces"),
    rule(read, "storage.k8s.io", "csidrivers"),
    rule(read, "storage.k8s.io", "csistoragecapacities"),
    rule(read, "resource.k8s.io", "deviceclasses"),
    rule(readUpdate, "resource.k8s.io", "resourceclaims"),
    rule(readUpdate, "resource.k8s.io", "resourceclaims/status"),
    rule(readUpdate, core, "pods/finalizers"),
    rule(read, "resource.k8s.io", "resourceslices"),
    // A synthetic subresource: who may allocate a claim or reserve it (DRAResourceClaimGranularStatusAuthorization).
    rule("update patch", "resource.k8s.io", "resourceclaims/binding"),
  ];
}

export function componentBindings(): ClusterRoleBinding[] {
  const authenticated = userGroup(allAuthenticated);
  return [
    clusterRoleBinding("cluster-admin", userGroup(systemPrivilegedGroup)),
    clusterRoleBinding("system:monitoring", userGroup(monitoringGroup)),
    clusterRoleBinding("system:discovery", authenticated),
    clusterRoleBinding("system:basic-user", authenticated),
    clusterRoleBinding("system:public-info-viewer", authenticated, userGroup(allUnauthenticated)),
    clusterRoleBinding("system:node-proxier", user(kubeProxyUser)),
    clusterRoleBinding("system:kube-controller-manager", user(kubeControllerManagerUser)),
    clusterRoleBinding("system:kube-dns", serviceAccount("kube-system", "kube-dns")),
    clusterRoleBinding("system:kube-scheduler", user(kubeSchedulerUser)),
    clusterRoleBinding("system:volume-scheduler", user(kubeSchedulerUser)),
    // Without subjects: nodes are the Node authorizer's.
    clusterRoleBinding("system:node"),
    clusterRoleBinding("system:service-account-issuer-discovery", userGroup(allServiceAccounts)),
  ];
}
