/** Alpha and beta versions, made when one is first asked for: most servers serve none. */

import type { KubeObject } from "@kubets/apimachinery";
import {
  mutatingAdmissionPolicyBindingDefinition,
  mutatingAdmissionPolicyDefinition,
} from "../admissionregistration/policies.ts";
import type { ResourceDefinition } from "../definition.ts";
import { ipAddressDefinition, serviceCidrDefinition } from "../networking/addresses.ts";
import {
  deviceClassDefinition,
  resourceClaimDefinition,
  resourceClaimTemplateDefinition,
  resourceSliceDefinition,
} from "../resource/devices.ts";
import { volumeAttributesClassDefinition } from "../storage/storage-class.ts";
import { clusterTrustBundleDefinition, podCertificateRequestDefinition } from "./certificates.ts";
import { leaseCandidateDefinition } from "./coordination.ts";
import { asV1beta1, deviceTaintRuleDefinition, resourcePoolStatusRequestDefinition } from "./resource.ts";
import { podGroupDefinition, workloadDefinition } from "./scheduling.ts";
import { servedAs } from "./served-as.ts";
import { storageVersionDefinition, storageVersionMigrationDefinition } from "./storage-version.ts";

let made: readonly ResourceDefinition[] | undefined;

/** By group, versions best first, by plural within. */
export function unstableDefinitions(): readonly ResourceDefinition[] {
  made ??= make() as readonly unknown[] as readonly ResourceDefinition<KubeObject>[];
  return made;
}

function make(): readonly ResourceDefinition<never>[] {
  const list = [
    clusterTrustBundleDefinition("v1beta1"),
    podCertificateRequestDefinition("v1beta1"),
    clusterTrustBundleDefinition("v1alpha1"),
    servedAs(ipAddressDefinition, "v1beta1"),
    servedAs(serviceCidrDefinition, "v1beta1"),
    servedAs(volumeAttributesClassDefinition, "v1beta1"),
    servedAs(mutatingAdmissionPolicyDefinition, "v1beta1"),
    servedAs(mutatingAdmissionPolicyBindingDefinition, "v1beta1"),
    servedAs(mutatingAdmissionPolicyDefinition, "v1alpha1"),
    servedAs(mutatingAdmissionPolicyBindingDefinition, "v1alpha1"),
    podGroupDefinition("v1alpha2"),
    workloadDefinition("v1alpha2"),
    leaseCandidateDefinition("v1beta1"),
    leaseCandidateDefinition("v1alpha2"),
    servedAs(deviceClassDefinition, "v1beta2"),
    deviceTaintRuleDefinition("v1beta2"),
    servedAs(resourceClaimDefinition, "v1beta2"),
    servedAs(resourceClaimTemplateDefinition, "v1beta2"),
    servedAs(resourceSliceDefinition, "v1beta2"),
    servedAs(deviceClassDefinition, "v1beta1"),
    asV1beta1(resourceClaimDefinition),
    asV1beta1(resourceClaimTemplateDefinition),
    asV1beta1(resourceSliceDefinition),
    deviceTaintRuleDefinition("v1alpha3"),
    resourcePoolStatusRequestDefinition("v1alpha3"),
    storageVersionMigrationDefinition("v1beta1"),
    storageVersionDefinition("v1alpha1"),
  ];
  return list as readonly unknown[] as readonly ResourceDefinition<never>[];
}
