/** What admission's expressions in CEL may refer to. Source: apiserver's admission/plugin/cel/compile.go. */

import type { Environment, Type } from "@kubets/cel";

export type Cel = typeof import("@kubets/cel");

/** `object`, `oldObject` and `request`: what every expression may refer to. */
export function requestEnvironment(cel: Cel): Environment {
  return new cel.Environment({
    variables: { object: cel.dynType, oldObject: cel.dynType, request: requestType(cel) },
  });
}

/** Those and `namespaceObject`, `authorizer` and `authorizer.requestResource`. */
export function admissionEnvironment(cel: Cel): Environment {
  return requestEnvironment(cel).extend({
    namespaceObject: namespaceType(cel),
    authorizer: cel.authorizerType,
    "authorizer.requestResource": cel.resourceCheckType,
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
