/** What admission's expressions in CEL may refer to. Source: apiserver's admission/plugin/cel/compile.go. */

import type { Environment, Type } from "@kubets/cel";

export type Cel = typeof import("@kubets/cel");

export interface EnvironmentVariables {
  /** `params`, of a policy that has a paramKind. */
  readonly params?: boolean;
}

/** `object`, `oldObject`, `request`, `namespaceObject`, `authorizer` and `authorizer.requestResource`. */
export function admissionEnvironment(cel: Cel, { params = false }: EnvironmentVariables = {}): Environment {
  const { dynType } = cel;
  return new cel.Environment({
    variables: {
      object: dynType,
      oldObject: dynType,
      namespaceObject: namespaceType(cel),
      request: requestType(cel),
      authorizer: cel.authorizerType,
      "authorizer.requestResource": cel.resourceCheckType,
      ...(params ? { params: dynType } : {}),
    },
  });
}

function requestType({ stringType: text, boolType, dynType, listType, mapType, objectType }: Cel): Type {
  const kind = objectType("kubernetes.GroupVersionKind", { group: text, version: text, kind: text });
  const resource = objectType("kubernetes.GroupVersionResource", { group: text, version: text, resource: text });
  const userInfo = objectType("kubernetes.UserInfo", {
    username: text,
    uid: text,
    groups: listType(text),
    extra: mapType(text, listType(text)),
  });
  return objectType("kubernetes.AdmissionRequest", {
    kind,
    resource,
    subResource: text,
    requestKind: kind,
    requestResource: resource,
    requestSubResource: text,
    name: text,
    namespace: text,
    operation: text,
    userInfo,
    dryRun: boolType,
    options: dynType,
  });
}

/** Managed fields, owners and the like are left out on purpose, as upstream does. */
function namespaceType({ stringType: text, intType, timestampType, listType, mapType, objectType }: Cel): Type {
  const condition = objectType("kubernetes.NamespaceCondition", {
    status: text,
    type: text,
    lastTransitionTime: timestampType,
    message: text,
    reason: text,
  });
  const metadata = objectType("kubernetes.NamespaceMetadata", {
    name: text,
    generateName: text,
    namespace: text,
    labels: mapType(text, text),
    annotations: mapType(text, text),
    UID: text,
    creationTimestamp: timestampType,
    deletionGracePeriodSeconds: intType,
    deletionTimestamp: timestampType,
    generation: intType,
    resourceVersion: text,
    finalizers: listType(text),
  });
  return objectType("kubernetes.Namespace", {
    metadata,
    spec: objectType("kubernetes.NamespaceSpec", { finalizers: listType(text) }),
    status: objectType("kubernetes.NamespaceStatus", { conditions: listType(condition), phase: text }),
  });
}
