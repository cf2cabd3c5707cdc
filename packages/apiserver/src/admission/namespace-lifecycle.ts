/** Nothing is created in a namespace that is not there or is going. Source: apiserver's admission/plugin/namespace/lifecycle. */

import { namespaces } from "@kubets/api";
import { forbidden, notFound, StatusError } from "@kubets/apimachinery";
import type { ObjectReader } from "../reader/object-reader.ts";
import { refuse } from "./errors.ts";
import type { AdmissionAttributes, AdmissionPlugin } from "./plugin.ts";

const immortal = new Set(["default", "kube-system", "kube-public"]);

export function namespaceLifecycle(reader: ObjectReader): AdmissionPlugin {
  return {
    name: "NamespaceLifecycle",
    handles: (operation) => operation !== "CONNECT",
    async mutate(attributes) {
      const { operation, definition, namespace, name } = attributes;
      const isNamespace = definition.group === "" && definition.plural === "namespaces";
      if (isNamespace && operation === "DELETE" && attributes.subresource === "" && immortal.has(name))
        throw forbidden({ group: "", resource: "namespaces" }, name, "this namespace may not be deleted");
      // An access review that told of missing namespaces would tell who may not know.
      if (isNamespace || namespace === "" || operation !== "CREATE" || isAccessReview(attributes)) return;
      const found = await reader.get(namespaces, "", namespace);
      if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
      if (found.status?.phase === "Terminating") throw terminating(attributes);
    },
  };
}

function isAccessReview({ definition }: AdmissionAttributes): boolean {
  return definition.group === "authorization.k8s.io" && definition.plural === "localsubjectaccessreviews";
}

function terminating(attributes: AdmissionAttributes): StatusError {
  const { namespace } = attributes;
  const { status, message } = refuse(
    attributes,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  const cause = {
    reason: "NamespaceTerminating",
    message: `namespace ${namespace} is being terminated`,
    field: "metadata.namespace",
  };
  return new StatusError(403, "Forbidden", message, { details: { ...status.details, causes: [cause] } });
}
