/** Admission of what is created on a subresource without being stored: a Binding, an Eviction. What comes of it is not admitted again. */

import type { GroupVersionKind, KubeObject } from "@kubets/apimachinery";
import type { ResourceCall } from "../server/context.ts";

/** @param object private: plugins may change it. @throws StatusError of the plugin that refuses */
export async function admitCreate(
  { info, resource, request, user, server, warn, annotate }: ResourceCall,
  object: KubeObject,
  { kind, dryRun }: { readonly kind: GroupVersionKind; readonly dryRun: boolean },
): Promise<void> {
  const attributes = {
    operation: "CREATE" as const,
    definition: resource.definition,
    subresource: info.subresource,
    namespace: info.namespace,
    name: info.name || (object.metadata?.name ?? ""),
    object,
    kind,
    oldObject: undefined,
    options: { kind: "CreateOptions", apiVersion: "meta.k8s.io/v1", ...(dryRun ? { dryRun: ["All"] } : {}) },
    user,
    dryRun,
    client: request,
    warn,
    annotate,
  };
  await server.admission.mutate(attributes);
  await server.admission.validate(attributes);
}
