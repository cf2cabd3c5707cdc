/** Writes the server's own objects through its chain, as anyone in this process would. */

import type { Resource } from "@kubets/api";
import { apiVersionOf, isNotFound, type KubeObject } from "@kubets/apimachinery";
import type { InProcessTransport } from "../../server/in-process.ts";
import type { PolicyWriter } from "./reconcile.ts";

/** @param transport of a user in `system:masters` */
export function transportWriter(transport: Pick<InProcessTransport, "request">): PolicyWriter {
  return {
    async get<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string) {
      try {
        return (await transport.request({ method: "GET", path: pathOf(resource, namespace, name), query: {} })) as T;
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    create: (resource, body) =>
      transport.request({
        method: "POST",
        path: pathOf(resource, body.metadata?.namespace ?? ""),
        query: {},
        body,
      }),
    update: (resource, body) => {
      const { namespace = "", name = "" } = body.metadata ?? {};
      return transport.request({ method: "PUT", path: pathOf(resource, namespace, name), query: {}, body });
    },
    delete: (resource, namespace, name) =>
      transport.request({ method: "DELETE", path: pathOf(resource, namespace, name), query: {} }),
  };
}

function pathOf(resource: Resource, namespace: string, name = ""): string {
  const root = resource.group === "" ? "/api" : "/apis";
  const collection = namespace === "" ? resource.plural : `namespaces/${namespace}/${resource.plural}`;
  return `${root}/${apiVersionOf(resource)}/${collection}${name === "" ? "" : `/${name}`}`;
}
