/** Roles and bindings in kube-system and kube-public. Source: kubernetes' bootstrappolicy namespace_policy.go. */

import type { Role, RoleBinding } from "@kubets/api";
import { kubeControllerManagerUser, kubeSchedulerUser } from "../../authentication/users.ts";
import { core, eventsRule, namespacedRole, read, roleBinding, rule, serviceAccount, user } from "./build.ts";

const system = "kube-system";
const open = "kube-public";
const readerRole = "extension-apiserver-authentication-reader";
const signer = "system:controller:bootstrap-signer";

export function namespaceRoles(): Role[] {
  return [
    namespacedRole(system, readerRole, [rule(read, core, "configmaps", "extension-apiserver-authentication")]),
    namespacedRole(system, signer, [rule(read, core, "secrets")]),
    namespacedRole(system, "system:controller:cloud-provider", [rule("create get list watch", core, "configmaps")]),
    namespacedRole(system, "system:controller:token-cleaner", [
      rule("get list watch delete", core, "secrets"),
      eventsRule(),
    ]),
    namespacedRole(system, "system::leader-locking-kube-controller-manager", [
      rule("get watch list create update", "coordination.k8s.io", "leases"),
      rule("get watch list create update", "coordination.k8s.io", "leasecandidates"),
    ]),
    namespacedRole(system, "system::leader-locking-kube-scheduler", [
      rule("get watch list create update", "coordination.k8s.io", "leases"),
      rule("get watch list create update", "coordination.k8s.io", "leasecandidates"),
    ]),
    namespacedRole(open, signer, [
      rule(read, core, "configmaps"),
      rule("update", core, "configmaps", "cluster-info"),
      eventsRule(),
    ]),
  ];
}

export function namespaceBindings(): RoleBinding[] {
  const bind = (role: string, ...accounts: string[]) =>
    roleBinding(system, role, role, ...accounts.map((name) => serviceAccount(system, name)));
  const [manager, scheduler] = [user(kubeControllerManagerUser), user(kubeSchedulerUser)];
  const locking = "system::leader-locking-";
  const leader = (name: string) => serviceAccount(system, name);
  return [
    roleBinding(system, `system::${readerRole}`, readerRole, manager, scheduler),
    roleBinding(
      system,
      `${locking}kube-controller-manager`,
      `${locking}kube-controller-manager`,
      manager,
      leader("kube-controller-manager"),
      leader("leader-election-controller"),
    ),
    roleBinding(system, `${locking}kube-scheduler`, `${locking}kube-scheduler`, scheduler, leader("kube-scheduler")),
    bind(signer, "bootstrap-signer"),
    bind("system:controller:cloud-provider", "cloud-provider"),
    bind("system:controller:token-cleaner", "token-cleaner"),
    roleBinding(open, signer, signer, serviceAccount(system, "bootstrap-signer")),
  ];
}
