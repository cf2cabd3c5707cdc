/** Namespaces that are missing: made on the fly, or refused. Source: kubernetes' plugin/pkg/admission/namespace. */

import { type Namespace, namespaces } from "@kubets/api";
import { notFound } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import type { AdmissionCluster } from "./cluster.ts";
import type { Lister } from "./lister.ts";
import type { AdmissionPlugin } from "./plugin.ts";

export function namespaceAutoProvision(
  lister: Lister<Namespace>,
  cluster: Pick<AdmissionCluster, "ensureNamespace">,
): AdmissionPlugin {
  return {
    name: "NamespaceAutoProvision",
    handles: (operation) => operation === "CREATE",
    concerns: ({ namespaced }) => namespaced,
    mutate({ dryRun, namespace }) {
      // A dry run changes nothing, and finds the namespace missing.
      if (dryRun || namespace === "" || lister.get("", namespace) !== undefined) return undefined;
      return cluster.ensureNamespace(namespace);
    },
  };
}

export function namespaceExists(lister: Lister<Namespace>, reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NamespaceExists",
    handles: (operation) => operation !== "CONNECT",
    concerns: ({ namespaced }) => namespaced,
    validate({ namespace }) {
      if (namespace === "" || lister.get("", namespace) !== undefined) return undefined;
      return reader.get(namespaces, "", namespace).then((found) => {
        if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
      });
    },
  };
}
