/** Namespaces leave the store only when the namespace controller has emptied them. Source: pkg/registry/core/namespace/storage. */

import type { Namespace } from "@kubets/api";
import type { RegistryHooks } from "../registry/write-request.ts";

export const namespaceHooks: RegistryHooks = {
  heldBack: (object) => ((object as Namespace).spec?.finalizers ?? []).length > 0,
  markDeleting(object) {
    const namespace = object as Namespace;
    namespace.status = { ...namespace.status, phase: "Terminating" };
  },
};
