/** What some plugins ask of the server they are a part of. Plugins are made before it, so this is filled in when it stands. */

import { type Namespace, namespaces, type ResourceQuota, resourceQuotas } from "@kubets/api";
import { isAlreadyExists } from "@kubets/apimachinery";
import type { ApiServer } from "../server.ts";
import { apiServerIdentity } from "../services/default-objects.ts";

export interface AdmissionCluster {
  /** Writes a quota's status if it is as it was read. @throws StatusError 409 when it is not */
  updateQuotaStatus(quota: ResourceQuota): Promise<ResourceQuota>;
  /** Makes a namespace that may be there already. */
  ensureNamespace(name: string): Promise<void>;
  /** The plurals that serve a kind; empty when it is not known. */
  resourcesOfKind(group: string, version: string, kind: string): readonly ServedPlural[];
}

export interface ServedPlural {
  readonly plural: string;
  readonly namespaced: boolean;
}

export function clusterOf(server: () => ApiServer): AdmissionCluster {
  const transport = () => server().transport(apiServerIdentity, "kube-apiserver");
  return {
    async updateQuotaStatus(quota) {
      const { namespace, name } = quota.metadata ?? {};
      const path = `/api/v1/namespaces/${namespace}/${resourceQuotas.plural}/${name}/status`;
      return (await transport().request({ method: "PUT", path, query: {}, body: quota })) as ResourceQuota;
    },
    async ensureNamespace(name) {
      const body: Namespace = { kind: "Namespace", apiVersion: "v1", metadata: { name } };
      const path = `/api/v1/${namespaces.plural}`;
      await transport()
        .request({ method: "POST", path, query: {}, body })
        .catch((error: unknown) => {
          if (!isAlreadyExists(error)) throw error;
        });
    },
    resourcesOfKind(group, version, kind) {
      const found: ServedPlural[] = [];
      for (const { definition } of server().resources.all()) {
        if (definition.group === group && definition.version === version && definition.kind === kind)
          found.push({ plural: definition.plural, namespaced: definition.namespaced });
      }
      return found;
    },
  };
}
