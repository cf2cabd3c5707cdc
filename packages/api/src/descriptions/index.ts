/** Descriptions of all built-in types, for the published documents. */

import { admissionregistrationV1 } from "./admissionregistration-v1.ts";
import { apiextensionsV1 } from "./apiextensions-v1.ts";
import { apiregistrationV1 } from "./apiregistration-v1.ts";
import { appsV1 } from "./apps-v1.ts";
import { authenticationV1 } from "./authentication-v1.ts";
import { authorizationV1 } from "./authorization-v1.ts";
import { autoscalingV1 } from "./autoscaling-v1.ts";
import { autoscalingV2 } from "./autoscaling-v2.ts";
import { batchV1 } from "./batch-v1.ts";
import { certificatesV1 } from "./certificates-v1.ts";
import { coordinationV1 } from "./coordination-v1.ts";
import { cluster } from "./core/cluster.ts";
import { containers } from "./core/containers.ts";
import { pods } from "./core/pods.ts";
import { volumes } from "./core/volumes.ts";
import type { Descriptions, TypeDescription } from "./description.ts";
import { discoveryV1 } from "./discovery-v1.ts";
import { eventsV1 } from "./events-v1.ts";
import { flowcontrolV1 } from "./flowcontrol-v1.ts";
import { apiResource, intstr, metaV1, runtime, version } from "./meta-v1.ts";
import { networkingV1 } from "./networking-v1.ts";
import { nodeV1 } from "./node-v1.ts";
import { policyV1 } from "./policy-v1.ts";
import { rbacV1 } from "./rbac-v1.ts";
import { resourceV1, resourceV1beta1 } from "./resource-v1.ts";
import { schedulingV1 } from "./scheduling-v1.ts";
import { storageV1 } from "./storage-v1.ts";
import { unstable } from "./unstable.ts";

export type { TypeDescription } from "./description.ts";

/** By group and version: what precedes a type's name in its definition's. */
export const descriptions: Readonly<Record<string, Descriptions>> = {
  "io.k8s.api.networking.v1": networkingV1,
  "io.k8s.api.storage.v1": storageV1,
  "io.k8s.api.certificates.v1": certificatesV1,
  "io.k8s.api.authentication.v1": authenticationV1,
  "io.k8s.api.authorization.v1": authorizationV1,
  "io.k8s.api.flowcontrol.v1": flowcontrolV1,
  "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1": apiregistrationV1,
  "io.k8s.apimachinery.pkg.apis.meta.v1": metaV1,
  "io.k8s.apimachinery.pkg.api.resource": apiResource,
  "io.k8s.apimachinery.pkg.runtime": runtime,
  "io.k8s.apimachinery.pkg.util.intstr": intstr,
  "io.k8s.apimachinery.pkg.version": version,
  ...unstable,
  "io.k8s.api.admissionregistration.v1": admissionregistrationV1,
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1": apiextensionsV1,
  "io.k8s.api.resource.v1": resourceV1,
  "io.k8s.api.resource.v1beta1": resourceV1beta1,
  "io.k8s.api.apps.v1": appsV1,
  "io.k8s.api.core.v1": { ...cluster, ...containers, ...pods, ...volumes },
  "io.k8s.api.autoscaling.v1": autoscalingV1,
  "io.k8s.api.autoscaling.v2": autoscalingV2,
  "io.k8s.api.batch.v1": batchV1,
  "io.k8s.api.coordination.v1": coordinationV1,
  "io.k8s.api.discovery.v1": discoveryV1,
  "io.k8s.api.events.v1": eventsV1,
  "io.k8s.api.node.v1": nodeV1,
  "io.k8s.api.policy.v1": policyV1,
  "io.k8s.api.rbac.v1": rbacV1,
  "io.k8s.api.scheduling.v1": schedulingV1,
};

/** Fields that mean the same wherever they are, unless a type says otherwise. */
const commonFields: Readonly<Record<string, string>> = {
  apiVersion:
    "APIVersion defines the group and version in which this object is written, such as apps/v1; without a group, of the core group.",
  kind: "What kind of object this is, in CamelCase. It cannot be changed.",
};

const commonOfKinds: Readonly<Record<string, string>> = {
  metadata: "Standard object's metadata: its name, labels and what else every object has.",
  spec: "What is wanted.",
  status: "What is so, as the system last saw it. Not written by users.",
  conditions: "What is, and what is not, so of the object: each type once.",
};

const commonOfConditions: Readonly<Record<string, string>> = {
  lastProbeTime: "When it was last looked at.",
  lastTransitionTime: "When the status last changed.",
  message: "Why, for people.",
  observedGeneration: "The generation of the spec that this is about.",
  reason: "Why, in a word for machines, in CamelCase.",
  status: "True, False or Unknown.",
  type: "What the condition is about, in CamelCase.",
};

const commonOfLists: Readonly<Record<string, string>> = {
  items: "The objects.",
  metadata: "At which resourceVersion the list was made, and how to go on when it is only a part.",
};

/** What custom resources have in common with every kind. Upstream's conformance tests look for how these begin. */
export const fieldsOfCustomKinds = {
  apiVersion: commonFields["apiVersion"],
  kind: commonFields["kind"],
  metadata: commonOfKinds["metadata"],
};

/** The texts for a definition, by its whole name; a beta or alpha version without its own has those of the stable one. */
export function descriptionOf(name: string): Required<TypeDescription> | undefined {
  const dot = name.lastIndexOf(".");
  const [groupVersion, type] = [name.slice(0, dot), name.slice(dot + 1)];
  const own = descriptions[groupVersion]?.[type];
  const found =
    own ?? descriptions[groupVersion.replace(/v\d+(alpha|beta)\d+$/, "v1")]?.[type] ?? listDescription(type);
  if (found === undefined) return undefined;
  const shared = commonOf(type);
  return { about: found.about, fields: { ...commonFields, ...shared, ...found.fields } };
}

function commonOf(type: string): Readonly<Record<string, string>> {
  if (type.endsWith("List")) return commonOfLists;
  return type.endsWith("Condition") ? commonOfConditions : commonOfKinds;
}

function listDescription(type: string): TypeDescription | undefined {
  return type.endsWith("List") ? { about: `A list of ${type.slice(0, -"List".length)} objects.` } : undefined;
}
