/** Names that mean something to the API server. Source: apiserver's authentication/user and authentication/serviceaccount. */

import { nameIsDNSLabel, nameIsDNSSubdomain } from "@kubets/apimachinery";
import type { UserInfo } from "./authenticator.ts";

export const systemPrivilegedGroup = "system:masters";
export const nodesGroup = "system:nodes";
export const monitoringGroup = "system:monitoring";
export const allAuthenticated = "system:authenticated";
export const allUnauthenticated = "system:unauthenticated";
export const allServiceAccounts = "system:serviceaccounts";

export const anonymousUser = "system:anonymous";
export const kubeProxyUser = "system:kube-proxy";
export const kubeControllerManagerUser = "system:kube-controller-manager";
export const kubeSchedulerUser = "system:kube-scheduler";

export const nodeUserPrefix = "system:node:";
const serviceAccountPrefix = "system:serviceaccount:";

/** In `UserInfo.extra`: which credential this is, `X509SHA256=...` or `JTI=...`. */
export const credentialIdKey = "authentication.kubernetes.io/credential-id";
export const podNameKey = "authentication.kubernetes.io/pod-name";
export const podUidKey = "authentication.kubernetes.io/pod-uid";
export const nodeNameKey = "authentication.kubernetes.io/node-name";
export const nodeUidKey = "authentication.kubernetes.io/node-uid";

export function serviceAccountUsername(namespace: string, name: string): string {
  return `${serviceAccountPrefix}${namespace}:${name}`;
}

export function serviceAccountGroups(namespace: string): string[] {
  return [allServiceAccounts, `${allServiceAccounts}:${namespace}`];
}

/** The inverse of {@link serviceAccountUsername}; undefined for any other name. */
export function splitServiceAccountUsername(username: string): { namespace: string; name: string } | undefined {
  if (!username.startsWith(serviceAccountPrefix)) return undefined;
  const [namespace = "", name = "", ...rest] = username.slice(serviceAccountPrefix.length).split(":");
  const complaints = [...nameIsDNSLabel(namespace, false), ...nameIsDNSSubdomain(name, false)];
  return rest.length === 0 && complaints.length === 0 ? { namespace, name } : undefined;
}

/** The node a user is, by name and group: undefined for other users, "" for a node that cannot be told. */
export function nodeNameOf(user: UserInfo): string | undefined {
  if (!user.name.startsWith(nodeUserPrefix) || !user.groups.includes(nodesGroup)) return undefined;
  return user.name.slice(nodeUserPrefix.length);
}
