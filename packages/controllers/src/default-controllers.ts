/** The controllers a cluster runs, as upstream's kube-controller-manager would. */

import { clusterRoleAggregationController } from "./clusterrole-aggregation/clusterrole-aggregation-controller.ts";
import { cronJobController } from "./cronjob/cronjob-controller.ts";
import { daemonSetController } from "./daemonset/daemonset-controller.ts";
import { deploymentController } from "./deployment/deployment-controller.ts";
import { disruptionController } from "./disruption/disruption-controller.ts";
import { endpointsController } from "./endpoints/endpoints-controller.ts";
import { endpointSliceController } from "./endpointslice/endpointslice-controller.ts";
import { endpointSliceMirroringController } from "./endpointslicemirroring/mirroring-controller.ts";
import { garbageCollectorController } from "./garbagecollector/garbage-collector.ts";
import { jobController } from "./job/job-controller.ts";
import { namespaceController } from "./namespace/namespace-controller.ts";
import { nodeIpamController, type RangeAllocatorOptions } from "./nodeipam/range-allocator.ts";
import { type NodeLifecycleOptions, nodeLifecycleController } from "./nodelifecycle/node-lifecycle-controller.ts";
import { taintEvictionController } from "./nodelifecycle/taint-eviction-controller.ts";
import { type PodGCOptions, podGCController } from "./podgc/podgc-controller.ts";
import { replicaSetController, replicationController } from "./replicaset/definition.ts";
import { resourceQuotaController } from "./resourcequota/resourcequota-controller.ts";
import { rootCAPublisher } from "./rootca/root-ca-publisher.ts";
import type { ControllerDefinition } from "./runtime/context.ts";
import { serviceAccountController } from "./serviceaccount/serviceaccount-controller.ts";
import { serviceAccountTokenController, type TokenControllerOptions } from "./serviceaccount/token-controller.ts";
import { serviceCidrController } from "./servicecidrs/service-cidr-controller.ts";
import { statefulSetController } from "./statefulset/statefulset-controller.ts";
import { ttlAfterFinishedController } from "./ttlafterfinished/ttl-after-finished-controller.ts";
import { claimProtectionController } from "./volumeprotection/claim-protection.ts";
import {
  attributesClassProtectionController,
  volumeProtectionController,
} from "./volumeprotection/volume-protection.ts";

export interface DefaultControllersOptions {
  /** PEM of the CA that signed the API server's certificate. */
  readonly rootCA: string;
  /** Signs tokens kept in Secrets; without it there is no token controller. */
  readonly signToken?: TokenControllerOptions["sign"];
  /** Pod ranges for nodes; without it nodes get none. */
  readonly nodeIpam?: RangeAllocatorOptions;
  readonly nodeLifecycle?: NodeLifecycleOptions;
  readonly podGC?: PodGCOptions;
}

/** Those that need a key or a range run where it is given. */
export function defaultControllers(options: DefaultControllersOptions): ControllerDefinition[] {
  const { rootCA, signToken, nodeIpam } = options;
  return [
    namespaceController,
    serviceAccountController,
    ...(signToken === undefined ? [] : [serviceAccountTokenController({ rootCA, sign: signToken })]),
    rootCAPublisher(rootCA),
    ...(nodeIpam === undefined ? [] : [nodeIpamController(nodeIpam)]),
    nodeLifecycleController(options.nodeLifecycle),
    taintEvictionController,
    deploymentController,
    replicaSetController,
    replicationController,
    daemonSetController,
    statefulSetController,
    jobController,
    cronJobController,
    ttlAfterFinishedController,
    disruptionController,
    resourceQuotaController,
    claimProtectionController,
    volumeProtectionController,
    attributesClassProtectionController,
    endpointSliceController,
    endpointSliceMirroringController,
    endpointsController,
    serviceCidrController,
    garbageCollectorController,
    podGCController(options.podGC),
    clusterRoleAggregationController,
  ];
}
