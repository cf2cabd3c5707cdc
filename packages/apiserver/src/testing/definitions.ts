/** Definitions made by hand for this package's own tests: as little of a kind as the registry needs. */

import type { ResourceDefinition, Verb } from "@kubets/api";
import { invalidValue, type KubeObject, path, type Schema, type SchemaSet } from "@kubets/apimachinery";

const allVerbs: readonly Verb[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const text: Schema = { type: "string" };
const texts: Schema = { type: "object", additionalProperties: text };

const metadata: Schema = {
  type: "object",
  properties: {
    ...Object.fromEntries(
      [
        "name",
        "generateName",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
        "deletionTimestamp",
        "selfLink",
      ].map((name) => [name, text]),
    ),
    generation: { type: "integer" },
    deletionGracePeriodSeconds: { type: "integer" },
    labels: texts,
    annotations: texts,
    finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
    ownerReferences: { type: "array", items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
    managedFields: { type: "array", items: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
  },
};

function base(kind: string, plural: string, group = ""): ResourceDefinition {
  return {
    group,
    version: "v1",
    kind,
    listKind: `${kind}List`,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: allVerbs,
    schema: { $ref: `#/components/schemas/${kind}` },
    storagePath: plural,
    strategy: {},
    subresources: [],
    selectableFields: {},
  };
}

export interface TestPod extends KubeObject {
  spec?: { nodeName?: string; containers?: { name: string; image?: string }[]; replicas?: number };
  status?: { phase?: string };
}

export const configMaps = base("ConfigMap", "configmaps");

export const namespaces: ResourceDefinition = { ...base("Namespace", "namespaces"), namespaced: false };

export const pods: ResourceDefinition<TestPod> = {
  ...(base("Pod", "pods") as unknown as ResourceDefinition<TestPod>),
  selectableFields: {
    "spec.nodeName": (pod) => pod.spec?.nodeName ?? "",
    "status.phase": (pod) => pod.status?.phase ?? "",
  },
  strategy: {
    prepareForCreate(pod) {
      pod.metadata!.generation = 1;
      pod.status = { phase: "Pending" };
    },
    prepareForUpdate(pod, old) {
      if (old.status !== undefined) pod.status = old.status;
    },
    validate: (pod) =>
      (pod.spec?.containers ?? []).length > 20 ? [invalidValue(path("spec.containers"), 21, "too many")] : [],
    gracePeriodSeconds: (pod, requested) => (pod.spec?.nodeName ? (requested ?? 30) : 0),
  },
  status: {
    prepareForUpdate(pod, old) {
      if (old.spec !== undefined) pod.spec = old.spec;
    },
  },
  scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
};

export const definitions = [configMaps, namespaces, pods] as unknown as ResourceDefinition[];

const schemas: Readonly<Record<string, Schema>> = {
  ConfigMap: {
    type: "object",
    properties: { apiVersion: text, kind: text, metadata, data: { type: "object", additionalProperties: text } },
  },
  Namespace: { type: "object", properties: { apiVersion: text, kind: text, metadata } },
  Pod: {
    type: "object",
    properties: {
      apiVersion: text,
      kind: text,
      metadata,
      spec: {
        type: "object",
        properties: {
          nodeName: text,
          replicas: { type: "integer" },
          containers: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "x-kubernetes-patch-strategy": "merge",
            "x-kubernetes-patch-merge-key": "name",
            items: { type: "object", properties: { name: text, image: text } },
          },
        },
      },
      status: { type: "object", properties: { phase: text } },
    },
  },
};

export const schemaSet: SchemaSet = { get: (name) => schemas[name], names: () => Object.keys(schemas) };
