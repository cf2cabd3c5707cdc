/** Where groups and versions stand in discovery. Source: pkg/controlplane/apiserver/aggregator.go and cmd/kube-apiserver/app/aggregator.go. */

export interface Priority {
  readonly group: number;
  readonly version: number;
}

/** Of every group that a CustomResourceDefinition makes. */
export const customPriority: Priority = { group: 1000, version: 100 };

const groups: Readonly<Record<string, number>> = {
  "": 18_000,
  apps: 17_800,
  "events.k8s.io": 17_750,
  "authentication.k8s.io": 17_700,
  "authorization.k8s.io": 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  "certificates.k8s.io": 17_300,
  "networking.k8s.io": 17_200,
  policy: 17_100,
  "rbac.authorization.k8s.io": 17_000,
  "storage.k8s.io": 16_800,

  "apiextensions.k8s.io": 16_700,
  "admissionregistration.k8s.io": 16_700,
  "scheduling.k8s.io": 16_600,
  "coordination.k8s.io": 16_500,
  "node.k8s.io": 16_300,
  "discovery.k8s.io": 16_200,
  "flowcontrol.apiserver.k8s.io": 16_100,
  "internal.apiserver.k8s.io": 16_000,
  "resource.k8s.io": 15_900,
  "storagemigration.k8s.io": 15_800,
};

/** Where it is not what the version's stage says. */
const versions: Readonly<Record<string, number>> = {
  "/v1": 1,
  "autoscaling/v2": 30,
  "events.k8s.io/v1beta1": 5,
  "admissionregistration.k8s.io/v1beta1": 12,
  "admissionregistration.k8s.io/v1alpha1": 9,
  "coordination.k8s.io/v1beta1": 13,
  "coordination.k8s.io/v1alpha2": 12,
  "discovery.k8s.io/v1beta1": 12,
  "flowcontrol.apiserver.k8s.io/v1": 21,
  "flowcontrol.apiserver.k8s.io/v1beta3": 18,
  "internal.apiserver.k8s.io/v1alpha1": 9,
};

/** Of a group that is built in; undefined for any other. `apiregistration.k8s.io` has no APIService, and is always first. */
export function builtInPriority(group: string, version: string): Priority | undefined {
  if (!Object.hasOwn(groups, group)) return undefined;
  const stage = version.includes("alpha") ? 1 : version.includes("beta") ? 9 : 15;
  return { group: groups[group]!, version: versions[`${group}/${version}`] ?? stage };
}
