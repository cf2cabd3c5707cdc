/** What ReplicaSets and ReplicationControllers have in common, so that one controller serves both. */

import {
  type PodTemplateSpec,
  type ReplicaSet,
  type ReplicationController,
  type Resource,
  replicaSets,
  replicationControllers,
} from "@kubets/api";
import { type Selector, selectorFromLabelSelector, selectorFromSet } from "@kubets/apimachinery";

/** Both kinds, seen through the fields they share. */
export type ReplicaOwner = Omit<ReplicaSet, "spec"> & {
  spec?: { replicas?: number; minReadySeconds?: number; template?: PodTemplateSpec };
};

export interface ReplicaKind {
  readonly resource: Resource<ReplicaOwner>;
  /** `source.component` of its events. */
  readonly component: string;
  /** Of the controller's queue, for metrics. */
  readonly queueName: string;
  selectorOf(owner: ReplicaOwner): Selector;
}

export const replicaSetKind: ReplicaKind = {
  resource: replicaSets as Resource<ReplicaOwner>,
  component: "replicaset-controller",
  queueName: "replicaset",
  selectorOf: (owner) => selectorFromLabelSelector((owner as ReplicaSet).spec?.selector),
};

export const replicationControllerKind: ReplicaKind = {
  resource: replicationControllers as unknown as Resource<ReplicaOwner>,
  component: "replication-controller",
  queueName: "replicationmanager",
  selectorOf: (owner) => selectorFromSet((owner as unknown as ReplicationController).spec?.selector),
};
