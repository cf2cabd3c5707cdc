/**
 * Which group a model of the official client belongs to, and what upstream and we call it. The client's class names carry the version
 * and only sometimes the group; a type is its group's when that group's kinds reach it first (core before the others).
 */

export interface ApiGroup {
  /** In definition names and file names: `rbac`. */
  readonly short: string;
  /** On the wire: `rbac.authorization.k8s.io`. */
  readonly group: string;
  readonly versions: readonly string[];
  /** Alpha and beta versions, off unless `--runtime-config` says otherwise. */
  readonly unstable: readonly string[];
  /** Definition names are this, then `.VERSION.TYPE`. */
  readonly prefix: string;
  /** The prefix that the client's class names, and our types where a name is taken, carry. */
  readonly classPrefix: string;
}

function api(short: string, group: string, more: Partial<ApiGroup> = {}): ApiGroup {
  const classPrefix = short[0]?.toUpperCase() + short.slice(1);
  return { short, group, versions: ["v1"], unstable: [], prefix: `io.k8s.api.${short}`, classPrefix, ...more };
}

/** In the order in which types are assigned. */
export const apiGroups: readonly ApiGroup[] = [
  api("core", ""),
  api("apps", "apps"),
  api("batch", "batch"),
  api("autoscaling", "autoscaling", { versions: ["v2", "v1"] }),
  api("networking", "networking.k8s.io", { unstable: ["v1beta1"] }),
  api("policy", "policy"),
  api("rbac", "rbac.authorization.k8s.io"),
  api("storage", "storage.k8s.io", { unstable: ["v1beta1"] }),
  api("scheduling", "scheduling.k8s.io", { unstable: ["v1alpha2"] }),
  api("coordination", "coordination.k8s.io", { unstable: ["v1beta1", "v1alpha2"] }),
  api("discovery", "discovery.k8s.io"),
  api("events", "events.k8s.io"),
  api("certificates", "certificates.k8s.io", { unstable: ["v1beta1", "v1alpha1"] }),
  api("node", "node.k8s.io"),
  api("admissionregistration", "admissionregistration.k8s.io", { unstable: ["v1beta1", "v1alpha1"] }),
  api("apiextensions", "apiextensions.k8s.io", { prefix: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions" }),
  api("apiregistration", "apiregistration.k8s.io", { prefix: "io.k8s.kube-aggregator.pkg.apis.apiregistration" }),
  api("authentication", "authentication.k8s.io"),
  api("authorization", "authorization.k8s.io"),
  api("flowcontrol", "flowcontrol.apiserver.k8s.io"),
  api("resource", "resource.k8s.io", { unstable: ["v1beta2", "v1beta1", "v1alpha3"] }),
  api("storagemigration", "storagemigration.k8s.io", { versions: [], unstable: ["v1beta1"] }),
  api("apiserverinternal", "internal.apiserver.k8s.io", { versions: [], unstable: ["v1alpha1"] }),
];

export const metaGroup: ApiGroup = api("meta", "", { prefix: "io.k8s.apimachinery.pkg.apis.meta" });

/** Classes of meta/v1 and what kinds of other groups reach of it. */
export const metaClasses: readonly string[] = [
  "V1APIGroup",
  "V1APIGroupList",
  "V1APIResource",
  "V1APIResourceList",
  "V1APIVersions",
  "V1Condition",
  "V1DeleteOptions",
  "V1FieldSelectorRequirement",
  "V1GroupResource",
  "V1GroupVersionForDiscovery",
  "V1LabelSelector",
  "V1LabelSelectorRequirement",
  "V1ListMeta",
  "V1ManagedFieldsEntry",
  "V1ObjectMeta",
  "V1OwnerReference",
  "V1Preconditions",
  "V1ServerAddressByClientCIDR",
  "V1ShardInfo",
  "V1Status",
  "V1StatusCause",
  "V1StatusDetails",
  "V1WatchEvent",
];

/** Definitions that are one value and not a struct, by the name an overlay or a client type gives them. */
export const scalarDefinitions: Readonly<Record<string, string>> = {
  Quantity: "io.k8s.apimachinery.pkg.api.resource.Quantity",
  IntOrString: "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
  RawExtension: "io.k8s.apimachinery.pkg.runtime.RawExtension",
  Time: "io.k8s.apimachinery.pkg.apis.meta.v1.Time",
  MicroTime: "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime",
  FieldsV1: "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
  JSON: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON",
  JSONSchemaPropsOrArray: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray",
  JSONSchemaPropsOrBool: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool",
  JSONSchemaPropsOrStringArray: "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray",
  StorageVersionSpec: "io.k8s.api.apiserverinternal.v1alpha1.StorageVersionSpec",
  BasicSchedulingPolicy: "io.k8s.api.scheduling.v1alpha2.BasicSchedulingPolicy",
  CustomResourceSubresourceStatus:
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceSubresourceStatus",
};

/** Where two groups have a type of one name, this group's keeps it; the others get the group (or version) as prefix (or suffix). */
export const nameOwners: Readonly<Record<string, string>> = {
  ServiceReference: "admissionregistration",
  WebhookClientConfig: "admissionregistration",
  TokenRequest: "authentication",
  Subject: "rbac",
  ResourceClaim: "resource",
  Event: "core",
  EventList: "core",
  EventSeries: "core",
  EndpointPort: "core",
};
