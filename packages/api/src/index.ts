export {
  type CompilePolicyExpression,
  validateMutatingPolicy,
  validateValidatingPolicy,
} from "./admissionregistration/policy-validation.ts";
export { validateWebhooks, validateWebhooksUpdate } from "./admissionregistration/webhook-validation.ts";
export { fnv1a, podTemplateHash, safeEncodeString } from "./apps/pod-template-hash.ts";
export { replicaStatusCounts } from "./apps/replica-set.ts";
export { type CronSchedule, CronScheduleError, parseSchedule, timeZoneProblem } from "./batch/cron-schedule.ts";
export { allDefinitions, definitions, findDefinition, findKind } from "./catalogue.ts";
export { approvalStrategy } from "./certificates/certificate-signing-request.ts";
export * from "./columns.ts";
export { convertObject, storedVersion } from "./conversion.ts";
export { namespaceFinalizeStrategy } from "./core/namespace.ts";
export { matchesNodeAffinity, matchesNodeSelectorTerm } from "./core/node-affinity.ts";
export { isNodeReady, nodeCondition } from "./core/node-conditions.ts";
export * from "./core/pod-helpers.ts";
export { podEphemeralContainersStrategy, podResizeStrategy } from "./core/pod-subresources.ts";
export { validatePodBinding } from "./core/pod-validation.ts";
export {
  type AllocationPlan,
  type Allocations,
  allocationsOf,
  applyAllocations,
  planCreate,
  planUpdate,
} from "./core/service-allocation.ts";
export { initIPFamilyFields } from "./core/service-ip-families.ts";
export type { IPFamily } from "./core/service-types.ts";
export { normalizeClusterIPs, patchAllocatedValues } from "./core/service-updates.ts";
export { tolerates, untoleratedTaint } from "./core/tolerations.ts";
export * from "./definition.ts";
export * from "./discovery/slice-labels.ts";
export { type ResourceTableRow, resourceTable, unstableResourceTable } from "./generated/resource-table.ts";
export * from "./generated/resources.ts";
export type * from "./generated/types.ts";
export type { SelectorCheck } from "./resource/checks.ts";
export { validateClaim, validateDeviceClass, validateTemplate } from "./resource/claim-validation.ts";
export { resourceToV1 } from "./resource/conversion.ts";
export { parseRuntimeConfig, type RuntimeConfig, runtimeConfigProblems } from "./runtime-config.ts";
export { setSchemaDefaults } from "./schema-defaults.ts";
export { schemaRef, schemaSet } from "./schema-set.ts";
export { bumpGeneration, keep, specStrategy, statusStrategy } from "./strategy.ts";
