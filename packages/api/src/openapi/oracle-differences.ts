/** Where our published documents differ from those of v1.35, and why. A text is one difference; a pattern is all it matches. */

export interface Difference {
  readonly of: string | RegExp;
  readonly why: string;
}

const newIn136 = (of: string | RegExp): Difference => ({ of, why: "1.36 has it and 1.35 has not" });
const takenOut = (of: string | RegExp): Difference => ({ of, why: "taken out in 1.36" });
/** From the models of the client of 1.36. */
const required = (of: string): Difference => ({ of, why: "1.36 says otherwise what is required" });

const core = "io.k8s.api.core.v1";
const meta = "io.k8s.apimachinery.pkg.apis.meta.v1";

export const listed: readonly Difference[] = [
  newIn136(/^added: \w+ \/apis\/admissionregistration\.k8s\.io\/v1\/(watch\/)?mutatingadmissionpolic/),
  newIn136(
    /^io\.k8s\.api\.admissionregistration\.v1\.(ApplyConfiguration|JSONPatch|Mutation|MutatingAdmissionPolicy\w*): added$/,
  ),
  newIn136(
    /^io\.k8s\.api\.core\.v1\.(ImageVolumeStatus|NodeAllocatableResourceClaimStatus|PodSchedulingGroup|VolumeStatus): added$/,
  ),
  newIn136(`${core}.PodSpec.schedulingGroup: added`),
  newIn136(`${core}.PodStatus.nodeAllocatableResourceClaimStatuses: added`),
  newIn136(`${core}.ResourceHealth.message: added`),
  newIn136(`${core}.VolumeMountStatus.volumeStatus: added`),
  newIn136(/^io\.k8s\.api\.resource\.v1\.Device\.nodeAllocatableResourceMappings: added$/),
  newIn136(/^io\.k8s\.api\.resource\.v1(beta\d)?\.DeviceAttribute\.(bools|ints|strings|versions): added$/),
  newIn136("io.k8s.api.resource.v1.NodeAllocatableResourceMapping: added"),
  newIn136("io.k8s.api.storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing: added"),
  newIn136(`${meta}.ListMeta.shardInfo: added`),
  newIn136(`${meta}.ShardInfo: added`),
  newIn136(
    /^added: \w+ \/apis\/resource\.k8s\.io\/(v1alpha3\/(watch\/)?resourcepoolstatusrequests|v1beta2\/(watch\/)?devicetaintrules)/,
  ),
  newIn136(/^io\.k8s\.api\.resource\.v1alpha3\.(PoolStatus|ResourcePoolStatusRequest\w*): added$/),
  newIn136(/^io\.k8s\.api\.resource\.v1beta2\.DeviceTaint(Rule\w*|Selector): added$/),
  newIn136(
    /^io\.k8s\.api\.resource\.v1beta\d\.((Basic)?Device\.nodeAllocatableResourceMappings|NodeAllocatableResourceMapping): added$/,
  ),
  newIn136("io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec.stubPKCS10Request: added"),
  takenOut("apis/scheduling.k8s.io/v1alpha1: no document"),
  takenOut(`${core}.PodSpec.workloadRef: missing`),
  takenOut(`${core}.WorkloadReference: missing`),
  required(
    "io.k8s.api.apiserverinternal.v1alpha1.ServerStorageVersion: required apiServerID,decodableVersions,encodingVersion, published ",
  ),
  required("io.k8s.api.apiserverinternal.v1alpha1.StorageVersion: required metadata, published spec,status"),
  required(
    "io.k8s.api.certificates.v1beta1.PodCertificateRequestSpec: required nodeName,nodeUID,podName,podUID,serviceAccountName,serviceAccountUID,signerName,stubPKCS10Request, published nodeName,nodeUID,pkixPublicKey,podName,podUID,proofOfPossession,serviceAccountName,serviceAccountUID,signerName",
  ),
  required("io.k8s.api.coordination.v1alpha2.LeaseCandidate: required spec, published "),
  required("io.k8s.api.coordination.v1beta1.LeaseCandidate: required spec, published "),
  required("io.k8s.api.networking.v1beta1.IPAddress: required spec, published "),
  required("io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding: required spec, published "),
  required(
    "io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec: required policyName,validationActions, published ",
  ),
  required("io.k8s.api.authentication.v1.TokenRequest: required , published spec"),
  required("io.k8s.api.authentication.v1.TokenRequestSpec: required , published audiences"),
  required("io.k8s.api.authentication.v1.TokenRequestStatus: required , published expirationTimestamp,token"),
  required("io.k8s.api.authentication.v1.TokenReviewSpec: required token, published "),
  required("io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler: required spec, published "),
  required("io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler: required spec, published "),
  required("io.k8s.api.batch.v1.CronJob: required spec, published "),
  required("io.k8s.api.discovery.v1.EndpointSlice: required addressType, published addressType,endpoints"),
  required("io.k8s.api.networking.v1.IPAddress: required spec, published "),
  required(
    "io.k8s.api.policy.v1.PodDisruptionBudgetStatus: required , published currentHealthy,desiredHealthy,disruptionsAllowed,expectedPods",
  ),
  required("io.k8s.api.rbac.v1.RoleRef: required kind,name, published apiGroup,kind,name"),
  required("io.k8s.api.scheduling.v1.PriorityClass: required , published value"),
  {
    of: /^io\.k8s\.(api\.networking\.v1\.IngressRule\.http|apiextensions-apiserver\.\S+\.JSONSchemaProps\.\w+): (\$ref|allOf) /,
    why: "a field without prose upstream is a bare reference there; ours are all written in the form that allows prose",
  },
  {
    of: /^io\.k8s\.apimachinery\.pkg\.apis\.meta\.v1\.(DeleteOptions|WatchEvent): x-kubernetes-group-version-kind /,
    why: "upstream names every group and version its server was compiled with, served or not; nothing reads them",
  },
  {
    of: 'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIServiceSpec.caBundle: x-kubernetes-list-type none, published "atomic"',
    why: "a list type on a byte string means nothing",
  },
];
