/** What every node may do, as far as it does not depend on which node. Source: kubernetes' bootstrappolicy NodeRules. */

import type { PolicyRule } from "@kubets/api";
import { core, read, rule } from "./build.ts";

export function nodeRules(): PolicyRule[] {
  return [
    rule("create", "authentication.k8s.io", "tokenreviews"),
    rule("create", "authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews"),
    rule(read, core, "services"),
    rule("create get list watch", core, "nodes"),
    rule("update patch", core, "nodes/status"),
    rule("update patch", core, "nodes"),
    rule("create update patch", core, "events"),
    rule(read, core, "pods"),
    rule("create delete", core, "pods"),
    rule("update patch", core, "pods/status"),
    rule("create", core, "pods/eviction"),
    rule(read, core, "secrets configmaps"),
    rule("get", core, "persistentvolumeclaims persistentvolumes"),
    rule("get", core, "endpoints"),
    rule("create get list watch", "certificates.k8s.io", "certificatesigningrequests"),
    rule("get create update patch delete", "coordination.k8s.io", "leases"),
    rule("get", "storage.k8s.io", "volumeattachments"),
    rule("create", core, "serviceaccounts/token"),
    rule("get update patch", core, "persistentvolumeclaims/status"),
    rule(read, "storage.k8s.io", "csidrivers"),
    rule("get create update patch delete", "storage.k8s.io", "csinodes"),
    rule(read, "node.k8s.io", "runtimeclasses"),
    rule("get", "resource.k8s.io", "resourceclaims"),
    rule("deletecollection", "resource.k8s.io", "resourceslices"),
    // For image credential providers that are given service account tokens.
    rule("get", core, "serviceaccounts"),
  ];
}
