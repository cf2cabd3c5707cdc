export { clusterRoleAggregationController } from "./clusterrole-aggregation/clusterrole-aggregation-controller.ts";
export * from "./controller-manager.ts";
export { cronJobController } from "./cronjob/cronjob-controller.ts";
export { daemonSetController } from "./daemonset/daemonset-controller.ts";
export * from "./default-controllers.ts";
export { deploymentController } from "./deployment/deployment-controller.ts";
export { disruptionController } from "./disruption/disruption-controller.ts";
export { endpointsController } from "./endpoints/endpoints-controller.ts";
export { endpointSliceController } from "./endpointslice/endpointslice-controller.ts";
export { garbageCollectorController } from "./garbagecollector/garbage-collector.ts";
export { jobController } from "./job/job-controller.ts";
export { namespaceController } from "./namespace/namespace-controller.ts";
export { nodeIpamController, type RangeAllocatorOptions } from "./nodeipam/range-allocator.ts";
export { type NodeLifecycleOptions, nodeLifecycleController } from "./nodelifecycle/node-lifecycle-controller.ts";
export { taintEvictionController } from "./nodelifecycle/taint-eviction-controller.ts";
export { type PodGCOptions, podGCController } from "./podgc/podgc-controller.ts";
export { replicaSetController, replicationController } from "./replicaset/definition.ts";
export { resourceQuotaController } from "./resourcequota/resourcequota-controller.ts";
export { rootCAPublisher } from "./rootca/root-ca-publisher.ts";
export type * from "./runtime/context.ts";
export * from "./runtime/controller.ts";
export { serviceAccountController } from "./serviceaccount/serviceaccount-controller.ts";
export {
  type LegacyTokenClaims,
  serviceAccountTokenController,
  type TokenControllerOptions,
} from "./serviceaccount/token-controller.ts";
export { serviceCidrController } from "./servicecidrs/service-cidr-controller.ts";
export { statefulSetController } from "./statefulset/statefulset-controller.ts";
export { ttlAfterFinishedController } from "./ttlafterfinished/ttl-after-finished-controller.ts";
export { claimProtectionController } from "./volumeprotection/claim-protection.ts";
export {
  attributesClassProtectionController,
  volumeProtectionController,
} from "./volumeprotection/volume-protection.ts";
