/** One role for each controller, bound to its service account in kube-system. Source: kubernetes' bootstrappolicy controller_policy.go. */

import type { ClusterRole, ClusterRoleBinding, PolicyRule } from "@kubets/api";
import { clusterRole, clusterRoleBinding, core, eventsRule, read, rule, serviceAccount } from "./build.ts";

const prefix = "system:controller:";

export function controllerRoles(): ClusterRole[] {
  return Object.entries(controllerRules()).map(([name, rules]) => clusterRole(prefix + name, rules));
}

export function controllerBindings(): ClusterRoleBinding[] {
  return Object.keys(controllerRules()).map((name) =>
    clusterRoleBinding(prefix + name, serviceAccount("kube-system", name)),
  );
}

function controllerRules(): Record<string, PolicyRule[]> {
  return {
    ...{ ...batchRules(), ...podOwnerRules(), ...podCareRules() },
    ...{ ...networkRules(), ...storageRules(), ...clusterRules() },
  };
}

const workloads = "apps extensions";

function batchRules(): Record<string, PolicyRule[]> {
  return {
    "cronjob-controller": [
      rule("get list watch update", "batch", "cronjobs"),
      rule("get list watch create update delete patch", "batch", "jobs"),
      rule("update", "batch", "cronjobs/status"),
      rule("update", "batch", "cronjobs/finalizers"),
      rule("list watch delete", core, "pods"),
      eventsRule(),
    ],
    "job-controller": [
      rule("get list watch update patch", "batch", "jobs"),
      rule("update", "batch", "jobs/status"),
      rule("update", "batch", "jobs/finalizers"),
      rule("list watch create delete patch", core, "pods"),
      eventsRule(),
    ],
    "ttl-after-finished-controller": [rule("get list watch delete", "batch", "jobs"), eventsRule()],
  };
}

function podOwnerRules(): Record<string, PolicyRule[]> {
  return {
    "daemon-set-controller": [
      rule(read, workloads, "daemonsets"),
      rule("update", workloads, "daemonsets/status"),
      rule("update", workloads, "daemonsets/finalizers"),
      rule("list watch", core, "nodes"),
      rule("list watch create delete patch", core, "pods"),
      rule("create", core, "pods/binding"),
      rule("get list watch create delete update patch", "apps", "controllerrevisions"),
      eventsRule(),
    ],
    "deployment-controller": [
      rule("get list watch update", workloads, "deployments"),
      rule("update", workloads, "deployments/status"),
      rule("update", workloads, "deployments/finalizers"),
      rule("get list watch create update patch delete", workloads, "replicasets"),
      rule("get list watch update", core, "pods"),
      eventsRule(),
    ],
    "replicaset-controller": [
      rule("get list watch update", workloads, "replicasets"),
      rule("update", workloads, "replicasets/status"),
      rule("update", workloads, "replicasets/finalizers"),
      rule("list watch patch create delete", core, "pods"),
      eventsRule(),
    ],
    "replication-controller": [
      rule("get list watch update", core, "replicationcontrollers"),
      rule("update", core, "replicationcontrollers/status"),
      rule("update", core, "replicationcontrollers/finalizers"),
      rule("list watch patch create delete", core, "pods"),
      eventsRule(),
    ],
    "statefulset-controller": [
      rule("list watch", core, "pods"),
      rule(read, "apps", "statefulsets"),
      rule("update", "apps", "statefulsets/status"),
      rule("update", "apps", "statefulsets/finalizers"),
      rule("get create delete update patch", core, "pods"),
      rule("get create delete update patch list watch", "apps", "controllerrevisions"),
      rule("get create list watch", core, "persistentvolumeclaims"),
      rule("update delete", core, "persistentvolumeclaims"),
      rule("update", core, "pods/finalizers"),
      eventsRule(),
    ],
  };
}

/** Of those who look after the pods of others. */
function podCareRules(): Record<string, PolicyRule[]> {
  return {
    "device-taint-eviction-controller": [
      rule("get list watch delete", core, "pods"),
      rule("update patch", core, "pods/status"),
      rule(read, "resource.k8s.io", "resourceclaims"),
      rule(read, "resource.k8s.io", "resourceslices"),
      rule(read, "resource.k8s.io", "deviceclasses"),
      eventsRule(),
    ],
    "disruption-controller": [
      rule(read, workloads, "deployments"),
      rule(read, workloads, "replicasets"),
      rule(read, core, "replicationcontrollers"),
      rule(read, "policy", "poddisruptionbudgets"),
      rule(read, "apps", "statefulsets"),
      rule("update", "policy", "poddisruptionbudgets/status"),
      rule("patch update", core, "pods/status"),
      rule("get", "*", "*/scale"),
      eventsRule(),
    ],
    "horizontal-pod-autoscaler": [
      rule(read, "autoscaling", "horizontalpodautoscalers"),
      rule("update", "autoscaling", "horizontalpodautoscalers/status"),
      rule("get update", "*", "*/scale"),
      rule("list watch", core, "pods"),
      rule("list watch", "metrics.k8s.io", "pods"),
      rule(read, "custom.metrics.k8s.io", "*"),
      rule(read, "external.metrics.k8s.io", "*"),
      eventsRule(),
    ],
    "resource-claim-controller": [
      rule(read, core, "pods"),
      rule("update", core, "pods/finalizers"),
      rule("get list watch create delete", "resource.k8s.io", "resourceclaims"),
      rule("update patch", "resource.k8s.io", "resourceclaims resourceclaims/status"),
      rule("update patch", core, "pods/status"),
      eventsRule(),
      rule("update patch", "resource.k8s.io", "resourceclaims/binding"),
    ],
  };
}

function networkRules(): Record<string, PolicyRule[]> {
  const slices = rule("get list watch create update delete", "discovery.k8s.io", "endpointslices");
  return {
    "endpoint-controller": [
      rule(read, core, "services pods"),
      rule("get list watch create update delete", core, "endpoints"),
      rule("create", core, "endpoints/restricted"),
      eventsRule(),
    ],
    "endpointslice-controller": [
      rule(read, core, "services pods nodes"),
      rule("update", core, "services/finalizers"),
      slices,
      eventsRule(),
    ],
    "endpointslicemirroring-controller": [
      rule(read, core, "services endpoints"),
      rule("update", core, "services/finalizers"),
      rule("update", core, "endpoints/finalizers"),
      slices,
      eventsRule(),
    ],
    "route-controller": [rule("list watch", core, "nodes"), rule("patch", core, "nodes/status"), eventsRule()],
    "service-controller": [
      rule(read, core, "services"),
      rule("patch update", core, "services/status"),
      rule("list watch", core, "nodes"),
      eventsRule(),
    ],
    "service-cidrs-controller": [
      rule("get list watch patch update", "networking.k8s.io", "servicecidrs"),
      rule("patch update", "networking.k8s.io", "servicecidrs/finalizers"),
      rule("patch update", "networking.k8s.io", "servicecidrs/status"),
      rule(read, "networking.k8s.io", "ipaddresses"),
      eventsRule(),
    ],
  };
}

function storageRules(): Record<string, PolicyRule[]> {
  const storage = "storage.k8s.io";
  return {
    "attachdetach-controller": [
      rule("list watch", core, "persistentvolumes persistentvolumeclaims"),
      rule(read, core, "nodes"),
      rule("patch update", core, "nodes/status"),
      rule("list watch", core, "pods"),
      eventsRule(),
      rule("get create delete list watch", storage, "volumeattachments"),
      rule(read, storage, "csidrivers"),
      rule(read, storage, "csinodes"),
    ],
    "ephemeral-volume-controller": [
      rule(read, core, "pods"),
      rule("update", core, "pods/finalizers"),
      rule("get list watch create", core, "persistentvolumeclaims"),
      eventsRule(),
    ],
    "expand-controller": [
      rule("get list watch update patch", core, "persistentvolumes"),
      rule("update patch", core, "persistentvolumeclaims/status"),
      rule(read, core, "persistentvolumeclaims"),
      eventsRule(),
    ],
    "persistent-volume-binder": [
      rule("get list watch update create delete", core, "persistentvolumes"),
      rule("update", core, "persistentvolumes/status"),
      rule("get list watch update", core, "persistentvolumeclaims"),
      rule("update", core, "persistentvolumeclaims/status"),
      rule("list watch get create delete", core, "pods"),
      rule(read, storage, "storageclasses"),
      rule("list watch", core, "nodes"),
      eventsRule(),
      rule("watch", core, "events"),
    ],
    "pvc-protection-controller": [
      rule("get list watch update", core, "persistentvolumeclaims"),
      rule("list watch get", core, "pods"),
      eventsRule(),
    ],
    "pv-protection-controller": [rule("get list watch update", core, "persistentvolumes"), eventsRule()],
    "selinux-warning-controller": [
      eventsRule(),
      rule(read, core, "persistentvolumes"),
      rule(read, core, "persistentvolumeclaims"),
      rule(read, core, "pods"),
      rule(read, storage, "csidrivers"),
    ],
    "volumeattributesclass-protection-controller": [
      rule(read, core, "persistentvolumeclaims"),
      rule(read, core, "persistentvolumes"),
      rule("get list watch update", storage, "volumeattributesclasses"),
      eventsRule(),
    ],
  };
}

function clusterRules(): Record<string, PolicyRule[]> {
  const certificates = "certificates.k8s.io";
  const signers = "legacy-unknown kube-apiserver-client kube-apiserver-client-kubelet kubelet-serving"
    .split(" ")
    .map((name) => `kubernetes.io/${name}`)
    .join(" ");
  return {
    "certificate-controller": [
      rule("get list watch delete", certificates, "certificatesigningrequests"),
      rule("update", certificates, "certificatesigningrequests/status certificatesigningrequests/approval"),
      rule("approve", certificates, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
      rule("sign", certificates, "signers", signers),
      rule("create", "authorization.k8s.io", "subjectaccessreviews"),
      eventsRule(),
    ],
    "clusterrole-aggregation-controller": [
      rule("escalate get list watch update patch", "rbac.authorization.k8s.io", "clusterroles"),
    ],
    "generic-garbage-collector": [rule("get list watch patch update delete", "*", "*"), eventsRule()],
    "legacy-service-account-token-cleaner": [
      rule("get", core, "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
      rule("patch delete", core, "secrets"),
    ],
    "namespace-controller": [
      rule("get list watch delete", core, "namespaces"),
      rule("update", core, "namespaces/finalize namespaces/status"),
      rule("get list watch delete deletecollection", "*", "*"),
    ],
    "node-controller": [
      rule("get list watch update delete patch", core, "nodes"),
      rule("patch update", core, "nodes/status"),
      rule("patch update", core, "pods/status"),
      rule("list watch get delete", core, "pods"),
      eventsRule(),
    ],
    "pod-garbage-collector": [
      rule("list watch delete", core, "pods"),
      rule(read, core, "nodes"),
      rule("patch", core, "pods/status"),
    ],
    "resourcequota-controller": [
      rule("list watch", "*", "*"),
      rule("update", core, "resourcequotas/status"),
      eventsRule(),
    ],
    "root-ca-cert-publisher": [rule("create update", core, "configmaps"), eventsRule()],
    "service-account-controller": [rule("create", core, "serviceaccounts"), eventsRule()],
    "ttl-controller": [rule("update patch list watch", core, "nodes"), eventsRule()],
    "validatingadmissionpolicy-status-controller": [
      rule(read, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
      rule("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
      eventsRule(),
    ],
  };
}
