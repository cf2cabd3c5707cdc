// Written by `npm run generate`. Do not edit.

import type { ListMeta, ObjectMeta } from "@kubets/apimachinery";
import type { Condition, GroupResource, LabelSelector, NodeSelector, Quantity } from "./types.ts";

// admissionregistration.k8s.io/v1alpha1

export interface ApplyConfigurationV1alpha1 {
  expression?: string;
}

export interface JSONPatchV1alpha1 {
  expression?: string;
}

export interface MatchConditionV1alpha1 {
  expression: string;
  name: string;
}

export interface MatchResourcesV1alpha1 {
  excludeResourceRules?: NamedRuleWithOperationsV1alpha1[];
  matchPolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  resourceRules?: NamedRuleWithOperationsV1alpha1[];
}

export interface MutatingAdmissionPolicyV1alpha1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: MutatingAdmissionPolicySpecV1alpha1;
}

export interface MutatingAdmissionPolicyBindingV1alpha1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: MutatingAdmissionPolicyBindingSpecV1alpha1;
}

export interface MutatingAdmissionPolicyBindingListV1alpha1 {
  apiVersion?: string;
  items: MutatingAdmissionPolicyBindingV1alpha1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface MutatingAdmissionPolicyBindingSpecV1alpha1 {
  matchResources?: MatchResourcesV1alpha1;
  paramRef?: ParamRefV1alpha1;
  policyName?: string;
}

export interface MutatingAdmissionPolicyListV1alpha1 {
  apiVersion?: string;
  items: MutatingAdmissionPolicyV1alpha1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface MutatingAdmissionPolicySpecV1alpha1 {
  failurePolicy?: string;
  matchConditions?: MatchConditionV1alpha1[];
  matchConstraints?: MatchResourcesV1alpha1;
  mutations?: MutationV1alpha1[];
  paramKind?: ParamKindV1alpha1;
  reinvocationPolicy?: string;
  variables?: VariableV1alpha1[];
}

export interface MutationV1alpha1 {
  applyConfiguration?: ApplyConfigurationV1alpha1;
  jsonPatch?: JSONPatchV1alpha1;
  patchType: string;
}

export interface NamedRuleWithOperationsV1alpha1 {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resourceNames?: string[];
  resources?: string[];
  scope?: string;
}

export interface ParamKindV1alpha1 {
  apiVersion?: string;
  kind?: string;
}

export interface ParamRefV1alpha1 {
  name?: string;
  namespace?: string;
  parameterNotFoundAction?: string;
  selector?: LabelSelector;
}

export interface VariableV1alpha1 {
  expression: string;
  name: string;
}

// admissionregistration.k8s.io/v1beta1

export interface ApplyConfigurationV1beta1 {
  expression?: string;
}

export interface JSONPatchV1beta1 {
  expression?: string;
}

export interface MatchConditionV1beta1 {
  expression: string;
  name: string;
}

export interface MatchResourcesV1beta1 {
  excludeResourceRules?: NamedRuleWithOperationsV1beta1[];
  matchPolicy?: string;
  namespaceSelector?: LabelSelector;
  objectSelector?: LabelSelector;
  resourceRules?: NamedRuleWithOperationsV1beta1[];
}

export interface MutatingAdmissionPolicyV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: MutatingAdmissionPolicySpecV1beta1;
}

export interface MutatingAdmissionPolicyBindingV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: MutatingAdmissionPolicyBindingSpecV1beta1;
}

export interface MutatingAdmissionPolicyBindingListV1beta1 {
  apiVersion?: string;
  items: MutatingAdmissionPolicyBindingV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface MutatingAdmissionPolicyBindingSpecV1beta1 {
  matchResources?: MatchResourcesV1beta1;
  paramRef?: ParamRefV1beta1;
  policyName?: string;
}

export interface MutatingAdmissionPolicyListV1beta1 {
  apiVersion?: string;
  items: MutatingAdmissionPolicyV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface MutatingAdmissionPolicySpecV1beta1 {
  failurePolicy?: string;
  matchConditions?: MatchConditionV1beta1[];
  matchConstraints?: MatchResourcesV1beta1;
  mutations?: MutationV1beta1[];
  paramKind?: ParamKindV1beta1;
  reinvocationPolicy?: string;
  variables?: VariableV1beta1[];
}

export interface MutationV1beta1 {
  applyConfiguration?: ApplyConfigurationV1beta1;
  jsonPatch?: JSONPatchV1beta1;
  patchType: string;
}

export interface NamedRuleWithOperationsV1beta1 {
  apiGroups?: string[];
  apiVersions?: string[];
  operations?: string[];
  resourceNames?: string[];
  resources?: string[];
  scope?: string;
}

export interface ParamKindV1beta1 {
  apiVersion?: string;
  kind?: string;
}

export interface ParamRefV1beta1 {
  name?: string;
  namespace?: string;
  parameterNotFoundAction?: string;
  selector?: LabelSelector;
}

export interface VariableV1beta1 {
  expression: string;
  name: string;
}

// internal.apiserver.k8s.io/v1alpha1

export interface ServerStorageVersionV1alpha1 {
  apiServerID: string;
  decodableVersions: string[];
  encodingVersion: string;
  servedVersions?: string[];
}

export interface StorageVersionV1alpha1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: object;
  status?: StorageVersionStatusV1alpha1;
}

export interface StorageVersionConditionV1alpha1 {
  lastTransitionTime?: string;
  message: string;
  observedGeneration?: number;
  reason: string;
  status: string;
  type: string;
}

export interface StorageVersionListV1alpha1 {
  apiVersion?: string;
  items: StorageVersionV1alpha1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface StorageVersionStatusV1alpha1 {
  commonEncodingVersion?: string;
  conditions?: StorageVersionConditionV1alpha1[];
  storageVersions?: ServerStorageVersionV1alpha1[];
}

// certificates.k8s.io/v1alpha1

export interface ClusterTrustBundleV1alpha1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ClusterTrustBundleSpecV1alpha1;
}

export interface ClusterTrustBundleListV1alpha1 {
  apiVersion?: string;
  items: ClusterTrustBundleV1alpha1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ClusterTrustBundleSpecV1alpha1 {
  signerName?: string;
  trustBundle: string;
}

// certificates.k8s.io/v1beta1

export interface ClusterTrustBundleV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ClusterTrustBundleSpecV1beta1;
}

export interface ClusterTrustBundleListV1beta1 {
  apiVersion?: string;
  items: ClusterTrustBundleV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ClusterTrustBundleSpecV1beta1 {
  signerName?: string;
  trustBundle: string;
}

export interface PodCertificateRequestV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: PodCertificateRequestSpecV1beta1;
  status?: PodCertificateRequestStatusV1beta1;
}

export interface PodCertificateRequestListV1beta1 {
  apiVersion?: string;
  items: PodCertificateRequestV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface PodCertificateRequestSpecV1beta1 {
  maxExpirationSeconds?: number;
  nodeName: string;
  nodeUID: string;
  pkixPublicKey?: string;
  podName: string;
  podUID: string;
  proofOfPossession?: string;
  serviceAccountName: string;
  serviceAccountUID: string;
  signerName: string;
  stubPKCS10Request: string;
  unverifiedUserAnnotations?: Record<string, string>;
}

export interface PodCertificateRequestStatusV1beta1 {
  beginRefreshAt?: string;
  certificateChain?: string;
  conditions?: Condition[];
  notAfter?: string;
  notBefore?: string;
}

// coordination.k8s.io/v1alpha2

export interface LeaseCandidateV1alpha2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: LeaseCandidateSpecV1alpha2;
}

export interface LeaseCandidateListV1alpha2 {
  apiVersion?: string;
  items: LeaseCandidateV1alpha2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface LeaseCandidateSpecV1alpha2 {
  binaryVersion: string;
  emulationVersion?: string;
  leaseName: string;
  pingTime?: string;
  renewTime?: string;
  strategy: string;
}

// coordination.k8s.io/v1beta1

export interface LeaseCandidateV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: LeaseCandidateSpecV1beta1;
}

export interface LeaseCandidateListV1beta1 {
  apiVersion?: string;
  items: LeaseCandidateV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface LeaseCandidateSpecV1beta1 {
  binaryVersion: string;
  emulationVersion?: string;
  leaseName: string;
  pingTime?: string;
  renewTime?: string;
  strategy: string;
}

// networking.k8s.io/v1beta1

export interface IPAddressV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: IPAddressSpecV1beta1;
}

export interface IPAddressListV1beta1 {
  apiVersion?: string;
  items: IPAddressV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface IPAddressSpecV1beta1 {
  parentRef: ParentReferenceV1beta1;
}

export interface ParentReferenceV1beta1 {
  group?: string;
  name: string;
  namespace?: string;
  resource: string;
}

export interface ServiceCIDRV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ServiceCIDRSpecV1beta1;
  status?: ServiceCIDRStatusV1beta1;
}

export interface ServiceCIDRListV1beta1 {
  apiVersion?: string;
  items: ServiceCIDRV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ServiceCIDRSpecV1beta1 {
  cidrs?: string[];
}

export interface ServiceCIDRStatusV1beta1 {
  conditions?: Condition[];
}

// resource.k8s.io/v1alpha3

export interface DeviceTaintV1alpha3 {
  effect: string;
  key: string;
  timeAdded?: string;
  value?: string;
}

export interface DeviceTaintRuleV1alpha3 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: DeviceTaintRuleSpecV1alpha3;
  status?: DeviceTaintRuleStatusV1alpha3;
}

export interface DeviceTaintRuleListV1alpha3 {
  apiVersion?: string;
  items: DeviceTaintRuleV1alpha3[];
  kind?: string;
  metadata?: ListMeta;
}

export interface DeviceTaintRuleSpecV1alpha3 {
  deviceSelector?: DeviceTaintSelectorV1alpha3;
  taint: DeviceTaintV1alpha3;
}

export interface DeviceTaintRuleStatusV1alpha3 {
  conditions?: Condition[];
}

export interface DeviceTaintSelectorV1alpha3 {
  device?: string;
  driver?: string;
  pool?: string;
}

export interface PoolStatusV1alpha3 {
  allocatedDevices?: number;
  availableDevices?: number;
  driver: string;
  generation: number;
  nodeName?: string;
  poolName: string;
  resourceSliceCount?: number;
  totalDevices?: number;
  unavailableDevices?: number;
  validationError?: string;
}

export interface ResourcePoolStatusRequestV1alpha3 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourcePoolStatusRequestSpecV1alpha3;
  status?: ResourcePoolStatusRequestStatusV1alpha3;
}

export interface ResourcePoolStatusRequestListV1alpha3 {
  apiVersion?: string;
  items: ResourcePoolStatusRequestV1alpha3[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourcePoolStatusRequestSpecV1alpha3 {
  driver: string;
  limit?: number;
  poolName?: string;
}

export interface ResourcePoolStatusRequestStatusV1alpha3 {
  conditions?: Condition[];
  poolCount: number;
  pools?: PoolStatusV1alpha3[];
}

// resource.k8s.io/v1beta1

export interface AllocatedDeviceStatusV1beta1 {
  conditions?: Condition[];
  data?: unknown;
  device: string;
  driver: string;
  networkData?: NetworkDeviceDataV1beta1;
  pool: string;
  shareID?: string;
}

export interface AllocationResultV1beta1 {
  allocationTimestamp?: string;
  devices?: DeviceAllocationResultV1beta1;
  nodeSelector?: NodeSelector;
}

export interface BasicDeviceV1beta1 {
  allNodes?: boolean;
  allowMultipleAllocations?: boolean;
  attributes?: Record<string, DeviceAttributeV1beta1>;
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
  bindsToNode?: boolean;
  capacity?: Record<string, DeviceCapacityV1beta1>;
  consumesCounters?: DeviceCounterConsumptionV1beta1[];
  nodeAllocatableResourceMappings?: Record<string, NodeAllocatableResourceMappingV1beta1>;
  nodeName?: string;
  nodeSelector?: NodeSelector;
  taints?: DeviceTaintV1beta1[];
}

export interface CapacityRequestPolicyV1beta1 {
  default?: Quantity;
  validRange?: CapacityRequestPolicyRangeV1beta1;
  validValues?: Quantity[];
}

export interface CapacityRequestPolicyRangeV1beta1 {
  max?: Quantity;
  min: Quantity;
  step?: Quantity;
}

export interface CapacityRequirementsV1beta1 {
  requests?: Record<string, Quantity>;
}

export interface CELDeviceSelectorV1beta1 {
  expression: string;
}

export interface CounterV1beta1 {
  value: Quantity;
}

export interface CounterSetV1beta1 {
  counters: Record<string, CounterV1beta1>;
  name: string;
}

export interface DeviceV1beta1 {
  basic?: BasicDeviceV1beta1;
  name: string;
}

export interface DeviceAllocationConfigurationV1beta1 {
  opaque?: OpaqueDeviceConfigurationV1beta1;
  requests?: string[];
  source: string;
}

export interface DeviceAllocationResultV1beta1 {
  config?: DeviceAllocationConfigurationV1beta1[];
  results?: DeviceRequestAllocationResultV1beta1[];
}

export interface DeviceAttributeV1beta1 {
  bool?: boolean;
  bools?: boolean[];
  int?: number;
  ints?: number[];
  string?: string;
  strings?: string[];
  version?: string;
  versions?: string[];
}

export interface DeviceCapacityV1beta1 {
  requestPolicy?: CapacityRequestPolicyV1beta1;
  value: Quantity;
}

export interface DeviceClaimV1beta1 {
  config?: DeviceClaimConfigurationV1beta1[];
  constraints?: DeviceConstraintV1beta1[];
  requests?: DeviceRequestV1beta1[];
}

export interface DeviceClaimConfigurationV1beta1 {
  opaque?: OpaqueDeviceConfigurationV1beta1;
  requests?: string[];
}

export interface DeviceClassV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: DeviceClassSpecV1beta1;
}

export interface DeviceClassConfigurationV1beta1 {
  opaque?: OpaqueDeviceConfigurationV1beta1;
}

export interface DeviceClassListV1beta1 {
  apiVersion?: string;
  items: DeviceClassV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface DeviceClassSpecV1beta1 {
  config?: DeviceClassConfigurationV1beta1[];
  extendedResourceName?: string;
  selectors?: DeviceSelectorV1beta1[];
}

export interface DeviceConstraintV1beta1 {
  distinctAttribute?: string;
  matchAttribute?: string;
  requests?: string[];
}

export interface DeviceCounterConsumptionV1beta1 {
  counterSet: string;
  counters: Record<string, CounterV1beta1>;
}

export interface DeviceRequestV1beta1 {
  adminAccess?: boolean;
  allocationMode?: string;
  capacity?: CapacityRequirementsV1beta1;
  count?: number;
  deviceClassName?: string;
  firstAvailable?: DeviceSubRequestV1beta1[];
  name: string;
  selectors?: DeviceSelectorV1beta1[];
  tolerations?: DeviceTolerationV1beta1[];
}

export interface DeviceRequestAllocationResultV1beta1 {
  adminAccess?: boolean;
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
  consumedCapacity?: Record<string, Quantity>;
  device: string;
  driver: string;
  pool: string;
  request: string;
  shareID?: string;
  tolerations?: DeviceTolerationV1beta1[];
}

export interface DeviceSelectorV1beta1 {
  cel?: CELDeviceSelectorV1beta1;
}

export interface DeviceSubRequestV1beta1 {
  allocationMode?: string;
  capacity?: CapacityRequirementsV1beta1;
  count?: number;
  deviceClassName: string;
  name: string;
  selectors?: DeviceSelectorV1beta1[];
  tolerations?: DeviceTolerationV1beta1[];
}

export interface DeviceTaintV1beta1 {
  effect: string;
  key: string;
  timeAdded?: string;
  value?: string;
}

export interface DeviceTolerationV1beta1 {
  effect?: string;
  key?: string;
  operator?: string;
  tolerationSeconds?: number;
  value?: string;
}

export interface NetworkDeviceDataV1beta1 {
  hardwareAddress?: string;
  interfaceName?: string;
  ips?: string[];
}

export interface NodeAllocatableResourceMappingV1beta1 {
  allocationMultiplier?: Quantity;
  capacityKey?: string;
}

export interface OpaqueDeviceConfigurationV1beta1 {
  driver: string;
  parameters: unknown;
}

export interface ResourceClaimV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceClaimSpecV1beta1;
  status?: ResourceClaimStatusV1beta1;
}

export interface ResourceClaimConsumerReferenceV1beta1 {
  apiGroup?: string;
  name: string;
  resource: string;
  uid: string;
}

export interface ResourceClaimListV1beta1 {
  apiVersion?: string;
  items: ResourceClaimV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceClaimSpecV1beta1 {
  devices?: DeviceClaimV1beta1;
}

export interface ResourceClaimStatusV1beta1 {
  allocation?: AllocationResultV1beta1;
  devices?: AllocatedDeviceStatusV1beta1[];
  reservedFor?: ResourceClaimConsumerReferenceV1beta1[];
}

export interface ResourceClaimTemplateV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceClaimTemplateSpecV1beta1;
}

export interface ResourceClaimTemplateListV1beta1 {
  apiVersion?: string;
  items: ResourceClaimTemplateV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceClaimTemplateSpecV1beta1 {
  metadata?: ObjectMeta;
  spec: ResourceClaimSpecV1beta1;
}

export interface ResourcePoolV1beta1 {
  generation: number;
  name: string;
  resourceSliceCount: number;
}

export interface ResourceSliceV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceSliceSpecV1beta1;
}

export interface ResourceSliceListV1beta1 {
  apiVersion?: string;
  items: ResourceSliceV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceSliceSpecV1beta1 {
  allNodes?: boolean;
  devices?: DeviceV1beta1[];
  driver: string;
  nodeName?: string;
  nodeSelector?: NodeSelector;
  perDeviceNodeSelection?: boolean;
  pool: ResourcePoolV1beta1;
  sharedCounters?: CounterSetV1beta1[];
}

// resource.k8s.io/v1beta2

export interface AllocatedDeviceStatusV1beta2 {
  conditions?: Condition[];
  data?: unknown;
  device: string;
  driver: string;
  networkData?: NetworkDeviceDataV1beta2;
  pool: string;
  shareID?: string;
}

export interface AllocationResultV1beta2 {
  allocationTimestamp?: string;
  devices?: DeviceAllocationResultV1beta2;
  nodeSelector?: NodeSelector;
}

export interface CapacityRequestPolicyV1beta2 {
  default?: Quantity;
  validRange?: CapacityRequestPolicyRangeV1beta2;
  validValues?: Quantity[];
}

export interface CapacityRequestPolicyRangeV1beta2 {
  max?: Quantity;
  min: Quantity;
  step?: Quantity;
}

export interface CapacityRequirementsV1beta2 {
  requests?: Record<string, Quantity>;
}

export interface CELDeviceSelectorV1beta2 {
  expression: string;
}

export interface CounterV1beta2 {
  value: Quantity;
}

export interface CounterSetV1beta2 {
  counters: Record<string, CounterV1beta2>;
  name: string;
}

export interface DeviceV1beta2 {
  allNodes?: boolean;
  allowMultipleAllocations?: boolean;
  attributes?: Record<string, DeviceAttributeV1beta2>;
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
  bindsToNode?: boolean;
  capacity?: Record<string, DeviceCapacityV1beta2>;
  consumesCounters?: DeviceCounterConsumptionV1beta2[];
  name: string;
  nodeAllocatableResourceMappings?: Record<string, NodeAllocatableResourceMappingV1beta2>;
  nodeName?: string;
  nodeSelector?: NodeSelector;
  taints?: DeviceTaintV1beta2[];
}

export interface DeviceAllocationConfigurationV1beta2 {
  opaque?: OpaqueDeviceConfigurationV1beta2;
  requests?: string[];
  source: string;
}

export interface DeviceAllocationResultV1beta2 {
  config?: DeviceAllocationConfigurationV1beta2[];
  results?: DeviceRequestAllocationResultV1beta2[];
}

export interface DeviceAttributeV1beta2 {
  bool?: boolean;
  bools?: boolean[];
  int?: number;
  ints?: number[];
  string?: string;
  strings?: string[];
  version?: string;
  versions?: string[];
}

export interface DeviceCapacityV1beta2 {
  requestPolicy?: CapacityRequestPolicyV1beta2;
  value: Quantity;
}

export interface DeviceClaimV1beta2 {
  config?: DeviceClaimConfigurationV1beta2[];
  constraints?: DeviceConstraintV1beta2[];
  requests?: DeviceRequestV1beta2[];
}

export interface DeviceClaimConfigurationV1beta2 {
  opaque?: OpaqueDeviceConfigurationV1beta2;
  requests?: string[];
}

export interface DeviceClassV1beta2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: DeviceClassSpecV1beta2;
}

export interface DeviceClassConfigurationV1beta2 {
  opaque?: OpaqueDeviceConfigurationV1beta2;
}

export interface DeviceClassListV1beta2 {
  apiVersion?: string;
  items: DeviceClassV1beta2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface DeviceClassSpecV1beta2 {
  config?: DeviceClassConfigurationV1beta2[];
  extendedResourceName?: string;
  selectors?: DeviceSelectorV1beta2[];
}

export interface DeviceConstraintV1beta2 {
  distinctAttribute?: string;
  matchAttribute?: string;
  requests?: string[];
}

export interface DeviceCounterConsumptionV1beta2 {
  counterSet: string;
  counters: Record<string, CounterV1beta2>;
}

export interface DeviceRequestV1beta2 {
  exactly?: ExactDeviceRequestV1beta2;
  firstAvailable?: DeviceSubRequestV1beta2[];
  name: string;
}

export interface DeviceRequestAllocationResultV1beta2 {
  adminAccess?: boolean;
  bindingConditions?: string[];
  bindingFailureConditions?: string[];
  consumedCapacity?: Record<string, Quantity>;
  device: string;
  driver: string;
  pool: string;
  request: string;
  shareID?: string;
  tolerations?: DeviceTolerationV1beta2[];
}

export interface DeviceSelectorV1beta2 {
  cel?: CELDeviceSelectorV1beta2;
}

export interface DeviceSubRequestV1beta2 {
  allocationMode?: string;
  capacity?: CapacityRequirementsV1beta2;
  count?: number;
  deviceClassName: string;
  name: string;
  selectors?: DeviceSelectorV1beta2[];
  tolerations?: DeviceTolerationV1beta2[];
}

export interface DeviceTaintV1beta2 {
  effect: string;
  key: string;
  timeAdded?: string;
  value?: string;
}

export interface DeviceTaintRuleV1beta2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: DeviceTaintRuleSpecV1beta2;
  status?: DeviceTaintRuleStatusV1beta2;
}

export interface DeviceTaintRuleListV1beta2 {
  apiVersion?: string;
  items: DeviceTaintRuleV1beta2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface DeviceTaintRuleSpecV1beta2 {
  deviceSelector?: DeviceTaintSelectorV1beta2;
  taint: DeviceTaintV1beta2;
}

export interface DeviceTaintRuleStatusV1beta2 {
  conditions?: Condition[];
}

export interface DeviceTaintSelectorV1beta2 {
  device?: string;
  driver?: string;
  pool?: string;
}

export interface DeviceTolerationV1beta2 {
  effect?: string;
  key?: string;
  operator?: string;
  tolerationSeconds?: number;
  value?: string;
}

export interface ExactDeviceRequestV1beta2 {
  adminAccess?: boolean;
  allocationMode?: string;
  capacity?: CapacityRequirementsV1beta2;
  count?: number;
  deviceClassName: string;
  selectors?: DeviceSelectorV1beta2[];
  tolerations?: DeviceTolerationV1beta2[];
}

export interface NetworkDeviceDataV1beta2 {
  hardwareAddress?: string;
  interfaceName?: string;
  ips?: string[];
}

export interface NodeAllocatableResourceMappingV1beta2 {
  allocationMultiplier?: Quantity;
  capacityKey?: string;
}

export interface OpaqueDeviceConfigurationV1beta2 {
  driver: string;
  parameters: unknown;
}

export interface ResourceClaimV1beta2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceClaimSpecV1beta2;
  status?: ResourceClaimStatusV1beta2;
}

export interface ResourceClaimConsumerReferenceV1beta2 {
  apiGroup?: string;
  name: string;
  resource: string;
  uid: string;
}

export interface ResourceClaimListV1beta2 {
  apiVersion?: string;
  items: ResourceClaimV1beta2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceClaimSpecV1beta2 {
  devices?: DeviceClaimV1beta2;
}

export interface ResourceClaimStatusV1beta2 {
  allocation?: AllocationResultV1beta2;
  devices?: AllocatedDeviceStatusV1beta2[];
  reservedFor?: ResourceClaimConsumerReferenceV1beta2[];
}

export interface ResourceClaimTemplateV1beta2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceClaimTemplateSpecV1beta2;
}

export interface ResourceClaimTemplateListV1beta2 {
  apiVersion?: string;
  items: ResourceClaimTemplateV1beta2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceClaimTemplateSpecV1beta2 {
  metadata?: ObjectMeta;
  spec: ResourceClaimSpecV1beta2;
}

export interface ResourcePoolV1beta2 {
  generation: number;
  name: string;
  resourceSliceCount: number;
}

export interface ResourceSliceV1beta2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: ResourceSliceSpecV1beta2;
}

export interface ResourceSliceListV1beta2 {
  apiVersion?: string;
  items: ResourceSliceV1beta2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface ResourceSliceSpecV1beta2 {
  allNodes?: boolean;
  devices?: DeviceV1beta2[];
  driver: string;
  nodeName?: string;
  nodeSelector?: NodeSelector;
  perDeviceNodeSelection?: boolean;
  pool: ResourcePoolV1beta2;
  sharedCounters?: CounterSetV1beta2[];
}

// scheduling.k8s.io/v1alpha2

export interface GangSchedulingPolicyV1alpha2 {
  minCount: number;
}

export interface PodGroupV1alpha2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: PodGroupSpecV1alpha2;
  status?: PodGroupStatusV1alpha2;
}

export interface PodGroupListV1alpha2 {
  apiVersion?: string;
  items: PodGroupV1alpha2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface PodGroupResourceClaimV1alpha2 {
  name: string;
  resourceClaimName?: string;
  resourceClaimTemplateName?: string;
}

export interface PodGroupResourceClaimStatusV1alpha2 {
  name: string;
  resourceClaimName?: string;
}

export interface PodGroupSchedulingConstraintsV1alpha2 {
  topology?: TopologyConstraintV1alpha2[];
}

export interface PodGroupSchedulingPolicyV1alpha2 {
  basic?: object;
  gang?: GangSchedulingPolicyV1alpha2;
}

export interface PodGroupSpecV1alpha2 {
  disruptionMode?: string;
  podGroupTemplateRef?: PodGroupTemplateReferenceV1alpha2;
  priority?: number;
  priorityClassName?: string;
  resourceClaims?: PodGroupResourceClaimV1alpha2[];
  schedulingConstraints?: PodGroupSchedulingConstraintsV1alpha2;
  schedulingPolicy: PodGroupSchedulingPolicyV1alpha2;
}

export interface PodGroupStatusV1alpha2 {
  conditions?: Condition[];
  resourceClaimStatuses?: PodGroupResourceClaimStatusV1alpha2[];
}

export interface PodGroupTemplateV1alpha2 {
  disruptionMode?: string;
  name: string;
  priority?: number;
  priorityClassName?: string;
  resourceClaims?: PodGroupResourceClaimV1alpha2[];
  schedulingConstraints?: PodGroupSchedulingConstraintsV1alpha2;
  schedulingPolicy: PodGroupSchedulingPolicyV1alpha2;
}

export interface PodGroupTemplateReferenceV1alpha2 {
  workload?: WorkloadPodGroupTemplateReferenceV1alpha2;
}

export interface TopologyConstraintV1alpha2 {
  key: string;
}

export interface TypedLocalObjectReferenceV1alpha2 {
  apiGroup?: string;
  kind: string;
  name: string;
}

export interface WorkloadV1alpha2 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: WorkloadSpecV1alpha2;
}

export interface WorkloadListV1alpha2 {
  apiVersion?: string;
  items: WorkloadV1alpha2[];
  kind?: string;
  metadata?: ListMeta;
}

export interface WorkloadPodGroupTemplateReferenceV1alpha2 {
  podGroupTemplateName: string;
  workloadName: string;
}

export interface WorkloadSpecV1alpha2 {
  controllerRef?: TypedLocalObjectReferenceV1alpha2;
  podGroupTemplates: PodGroupTemplateV1alpha2[];
}

// storage.k8s.io/v1beta1

export interface VolumeAttributesClassV1beta1 {
  apiVersion?: string;
  driverName?: string;
  kind?: string;
  metadata?: ObjectMeta;
  parameters?: Record<string, string>;
}

export interface VolumeAttributesClassListV1beta1 {
  apiVersion?: string;
  items: VolumeAttributesClassV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

// storagemigration.k8s.io/v1beta1

export interface StorageVersionMigrationV1beta1 {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
  spec?: StorageVersionMigrationSpecV1beta1;
  status?: StorageVersionMigrationStatusV1beta1;
}

export interface StorageVersionMigrationListV1beta1 {
  apiVersion?: string;
  items: StorageVersionMigrationV1beta1[];
  kind?: string;
  metadata?: ListMeta;
}

export interface StorageVersionMigrationSpecV1beta1 {
  resource: GroupResource;
}

export interface StorageVersionMigrationStatusV1beta1 {
  conditions?: Condition[];
  resourceVersion?: string;
}
