/** The bootstrap policy's writer, over the in-process transport. */

import type { Resource } from "@kubets/api";
import { apiVersionOf, isNotFound, type KubeObject } from "@kubets/apimachinery";
import type { PolicyWriter } from "../authorization/bootstrap-policy/reconcile.ts";
import type { InProcessTransport } from "../server/in-process.ts";

export function policyWriter(transport: InProcessTransport): PolicyWriter {
  return {
    async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined> {
      try {
        const path = `${collectionPath(resource, namespace)}/${name}`;
        return (await transport.request({ method: "GET", path: encodeURI(path), query: {} })) as T;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    create: (resource, object) => {
      const path = collectionPath(resource, object.metadata?.namespace ?? "");
      return transport.request({ method: "POST", path, query: {}, body: typed(resource, object) });
    },
    update: (resource, object) => {
      const path = `${collectionPath(resource, object.metadata?.namespace ?? "")}/${object.metadata!.name}`;
      return transport.request({ method: "PUT", path: encodeURI(path), query: {}, body: typed(resource, object) });
    },
    delete: (resource, namespace, name) => {
      const path = `${collectionPath(resource, namespace)}/${name}`;
      return transport.request({ method: "DELETE", path: encodeURI(path), query: {} });
    },
  };
}

function collectionPath({ group, version, plural }: Resource, namespace: string): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return namespace === "" ? `${root}/${plural}` : `${root}/namespaces/${namespace}/${plural}`;
}

function typed(resource: Resource, object: KubeObject): KubeObject {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}
