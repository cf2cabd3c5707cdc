import { admissionregistrationOverlay } from "./admissionregistration.ts";
import { apiextensionsOverlay } from "./apiextensions.ts";
import { apiregistrationOverlay } from "./apiregistration.ts";
import { apiserverinternalOverlay } from "./apiserverinternal.ts";
import { appsOverlay } from "./apps.ts";
import { authenticationOverlay } from "./authentication.ts";
import { autoscalingOverlay } from "./autoscaling.ts";
import { batchOverlay } from "./batch.ts";
import { certificatesOverlay } from "./certificates.ts";
import { coordinationOverlay } from "./coordination.ts";
import { coreOverlay } from "./core.ts";
import { discoveryOverlay } from "./discovery.ts";
import { eventsOverlay } from "./events.ts";
import { flowcontrolOverlay } from "./flowcontrol.ts";
import { metaOverlay } from "./meta.ts";
import { networkingOverlay } from "./networking.ts";
import { nodeOverlay } from "./node.ts";
import { policyOverlay } from "./policy.ts";
import { rbacOverlay } from "./rbac.ts";
import { resourceOverlay } from "./resource.ts";
import type { GroupOverlay } from "./rules.ts";
import { schedulingOverlay } from "./scheduling.ts";
import { storageOverlay } from "./storage.ts";
import { storagemigrationOverlay } from "./storagemigration.ts";

export { type FieldRule, type GroupOverlay, parseFieldRule, type TypeOverlay } from "./rules.ts";

/** By the group's short name, as it stands in definition names: `core`, `rbac`; `meta` for what apimachinery defines. */
export const overlays: Readonly<Record<string, GroupOverlay>> = {
  admissionregistration: admissionregistrationOverlay,
  apiextensions: apiextensionsOverlay,
  apiregistration: apiregistrationOverlay,
  apiserverinternal: apiserverinternalOverlay,
  apps: appsOverlay,
  authentication: authenticationOverlay,
  autoscaling: autoscalingOverlay,
  batch: batchOverlay,
  certificates: certificatesOverlay,
  coordination: coordinationOverlay,
  core: coreOverlay,
  discovery: discoveryOverlay,
  events: eventsOverlay,
  flowcontrol: flowcontrolOverlay,
  meta: metaOverlay,
  networking: networkingOverlay,
  node: nodeOverlay,
  policy: policyOverlay,
  rbac: rbacOverlay,
  resource: resourceOverlay,
  scheduling: schedulingOverlay,
  storage: storageOverlay,
  storagemigration: storagemigrationOverlay,
};
