/** All built-in resources. */

import { apiVersionOf, type KubeObject } from "@kubets/apimachinery";
import {
  mutatingAdmissionPolicyBindingDefinition,
  mutatingAdmissionPolicyDefinition,
  validatingAdmissionPolicyBindingDefinition,
  validatingAdmissionPolicyDefinition,
} from "./admissionregistration/policies.ts";
import {
  mutatingWebhookConfigurationDefinition,
  validatingWebhookConfigurationDefinition,
} from "./admissionregistration/webhooks.ts";
import { customResourceDefinitionDefinition } from "./apiextensions/custom-resource-definition.ts";
import { apiServiceDefinition } from "./apiregistration/api-service.ts";
import { controllerRevisionDefinition } from "./apps/controller-revision.ts";
import { daemonSetDefinition } from "./apps/daemon-set.ts";
import { deploymentDefinition } from "./apps/deployment.ts";
import { replicaSetDefinition } from "./apps/replica-set.ts";
import { statefulSetDefinition } from "./apps/stateful-set.ts";
import { selfSubjectReviewDefinition, tokenReviewDefinition } from "./authentication/reviews.ts";
import {
  localSubjectAccessReviewDefinition,
  selfSubjectAccessReviewDefinition,
  selfSubjectRulesReviewDefinition,
  subjectAccessReviewDefinition,
} from "./authorization/reviews.ts";
import {
  horizontalPodAutoscalerDefinition,
  horizontalPodAutoscalerV1Definition,
} from "./autoscaling/horizontal-pod-autoscaler.ts";
import { cronJobDefinition } from "./batch/cron-job.ts";
import { jobDefinition } from "./batch/job.ts";
import { certificateSigningRequestDefinition } from "./certificates/certificate-signing-request.ts";
import { leaseDefinition } from "./coordination/lease.ts";
import { configMapDefinition } from "./core/config-map.ts";
import { endpointsDefinition } from "./core/endpoints.ts";
import { eventDefinition } from "./core/event.ts";
import { limitRangeDefinition, resourceQuotaDefinition } from "./core/limits.ts";
import { namespaceDefinition } from "./core/namespace.ts";
import { nodeDefinition } from "./core/node.ts";
import { persistentVolumeClaimDefinition, persistentVolumeDefinition } from "./core/persistent-volume.ts";
import { podDefinition } from "./core/pod.ts";
import { podTemplateDefinition } from "./core/pod-template.ts";
import { replicationControllerDefinition } from "./core/replication-controller.ts";
import { secretDefinition } from "./core/secret.ts";
import { serviceDefinition } from "./core/service.ts";
import { serviceAccountDefinition } from "./core/service-account.ts";
import { bindingDefinition, componentStatusDefinition } from "./core/virtual.ts";
import type { ResourceDefinition } from "./definition.ts";
import { endpointSliceDefinition } from "./discovery/endpoint-slice.ts";
import { eventsEventDefinition } from "./events/event.ts";
import { flowSchemaDefinition, priorityLevelConfigurationDefinition } from "./flowcontrol/flow-control.ts";
import { ipAddressDefinition, serviceCidrDefinition } from "./networking/addresses.ts";
import { ingressClassDefinition, ingressDefinition } from "./networking/ingress.ts";
import { networkPolicyDefinition } from "./networking/network-policy.ts";
import { runtimeClassDefinition } from "./node/runtime-class.ts";
import { podDisruptionBudgetDefinition } from "./policy/pod-disruption-budget.ts";
import { clusterRoleBindingDefinition, roleBindingDefinition } from "./rbac/bindings.ts";
import { clusterRoleDefinition, roleDefinition } from "./rbac/roles.ts";
import {
  deviceClassDefinition,
  resourceClaimDefinition,
  resourceClaimTemplateDefinition,
  resourceSliceDefinition,
} from "./resource/devices.ts";
import { isServed, type RuntimeConfig } from "./runtime-config.ts";
import { priorityClassDefinition } from "./scheduling/priority-class.ts";
import {
  csiDriverDefinition,
  csiNodeDefinition,
  csiStorageCapacityDefinition,
  volumeAttachmentDefinition,
} from "./storage/csi.ts";
import { storageClassDefinition, volumeAttributesClassDefinition } from "./storage/storage-class.ts";
import { unstableDefinitions } from "./unstable/index.ts";

/** Within a group by plural, as upstream's discovery sorts them; groups by upstream's priority. */
const all = [
  bindingDefinition,
  componentStatusDefinition,
  configMapDefinition,
  endpointsDefinition,
  eventDefinition,
  limitRangeDefinition,
  namespaceDefinition,
  nodeDefinition,
  persistentVolumeClaimDefinition,
  persistentVolumeDefinition,
  podDefinition,
  podTemplateDefinition,
  replicationControllerDefinition,
  resourceQuotaDefinition,
  secretDefinition,
  serviceAccountDefinition,
  serviceDefinition,
  apiServiceDefinition,
  controllerRevisionDefinition,
  daemonSetDefinition,
  deploymentDefinition,
  replicaSetDefinition,
  statefulSetDefinition,
  eventsEventDefinition,
  selfSubjectReviewDefinition,
  tokenReviewDefinition,
  localSubjectAccessReviewDefinition,
  selfSubjectAccessReviewDefinition,
  selfSubjectRulesReviewDefinition,
  subjectAccessReviewDefinition,
  horizontalPodAutoscalerDefinition,
  horizontalPodAutoscalerV1Definition,
  cronJobDefinition,
  jobDefinition,
  certificateSigningRequestDefinition,
  ingressClassDefinition,
  ingressDefinition,
  ipAddressDefinition,
  networkPolicyDefinition,
  serviceCidrDefinition,
  podDisruptionBudgetDefinition,
  clusterRoleBindingDefinition,
  clusterRoleDefinition,
  roleBindingDefinition,
  roleDefinition,
  csiDriverDefinition,
  csiNodeDefinition,
  csiStorageCapacityDefinition,
  storageClassDefinition,
  volumeAttachmentDefinition,
  volumeAttributesClassDefinition,
  mutatingAdmissionPolicyDefinition,
  mutatingAdmissionPolicyBindingDefinition,
  mutatingWebhookConfigurationDefinition,
  validatingAdmissionPolicyDefinition,
  validatingAdmissionPolicyBindingDefinition,
  validatingWebhookConfigurationDefinition,
  customResourceDefinitionDefinition,
  priorityClassDefinition,
  leaseDefinition,
  runtimeClassDefinition,
  endpointSliceDefinition,
  flowSchemaDefinition,
  priorityLevelConfigurationDefinition,
  deviceClassDefinition,
  resourceClaimDefinition,
  resourceClaimTemplateDefinition,
  resourceSliceDefinition,
] as readonly ResourceDefinition<never>[];

/**
 * Every stable resource in discovery's order: the core group, then groups by priority; of autoscaling v2 before v1; by plural within.
 * With a configuration, what that switches on. A definition's functions are only ever given objects of its own kind, so the types of all are
 * one here.
 */
export function definitions(config?: RuntimeConfig): readonly ResourceDefinition[] {
  if (config === undefined || config.switches.size === 0) return stable();
  return allDefinitions().filter((definition) => isServed(config, definition));
}

function stable(): readonly ResourceDefinition[] {
  return all as readonly unknown[] as readonly ResourceDefinition<KubeObject>[];
}

/** Alpha and beta versions too, each after its group's stable ones. */
export function allDefinitions(): readonly ResourceDefinition[] {
  const groups = Map.groupBy([...stable(), ...unstableDefinitions()], ({ group }) => group);
  return [...groups.values()].flat();
}

let byName: Map<string, ResourceDefinition> | undefined;
let unstableByName: Map<string, ResourceDefinition> | undefined;

const nameOf = ({ group, version, plural }: Pick<ResourceDefinition, "group" | "version" | "plural">) =>
  `${group}/${version}/${plural}`;

/** The definition of `plural` in `group` (core: "") at `version`, served or not. */
export function findDefinition(group: string, version: string, plural: string): ResourceDefinition | undefined {
  const name = nameOf({ group, version, plural });
  byName ??= new Map(stable().map((d) => [nameOf(d), d]));
  const found = byName.get(name);
  if (found !== undefined || isStable(version)) return found;
  unstableByName ??= new Map(unstableDefinitions().map((d) => [nameOf(d), d]));
  return unstableByName.get(name);
}

let byKind: Map<string, ResourceDefinition> | undefined;
let unstableByKind: Map<string, ResourceDefinition> | undefined;

const kindOf = (definition: ResourceDefinition) => `${apiVersionOf(definition)} ${definition.kind}`;

/** A kind by its apiVersion, served or not. */
export function findKind(apiVersion: string, kind: string): ResourceDefinition | undefined {
  const name = `${apiVersion} ${kind}`;
  byKind ??= new Map(stable().map((d) => [kindOf(d), d]));
  const found = byKind.get(name);
  if (found !== undefined || isStable(apiVersion)) return found;
  unstableByKind ??= new Map(unstableDefinitions().map((d) => [kindOf(d), d]));
  return unstableByKind.get(name);
}

/** Of a version or an apiVersion. The definitions of others are made when one is first asked for. */
function isStable(version: string): boolean {
  return /(?:^|\/)v\d+$/.test(version);
}
