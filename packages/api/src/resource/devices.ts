/** Dynamic resource allocation: DeviceClass, ResourceClaim, ResourceClaimTemplate, ResourceSlice. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type {
  DeviceClass,
  DeviceRequest,
  ResourceClaim,
  ResourceClaimSpec,
  ResourceClaimTemplate,
  ResourceSlice,
} from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import {
  specIsImmutable,
  validateClaim,
  validateClaimStatusUpdate,
  validateDeviceClass,
  validateTemplate,
} from "./claim-validation.ts";
import { validateSlice, validateSliceUpdate } from "./slice-validation.ts";

const group = "resource.k8s.io";

function setClaimDefaults(spec: ResourceClaimSpec | undefined): void {
  for (const request of spec?.devices?.requests ?? []) setRequestDefaults(request);
}

function setRequestDefaults({ exactly, firstAvailable = [] }: DeviceRequest): void {
  for (const choice of exactly === undefined ? firstAvailable : [exactly, ...firstAvailable]) {
    choice.allocationMode ||= "ExactCount";
    if (choice.allocationMode === "ExactCount") choice.count ||= 1;
    for (const toleration of choice.tolerations ?? []) toleration.operator ||= "Equal";
  }
}

export const deviceClassDefinition = define<DeviceClass>(group, "v1", "deviceclasses", {
  strategy: specStrategy<DeviceClass>(
    { validate: (it) => validateDeviceClass(it), validateUpdate: (it) => validateDeviceClass(it) },
    { status: false },
  ),
  columns: [nameColumn, ageColumn],
});

function stateText(claim: ResourceClaim): string {
  const states: string[] = [];
  const deleted = claim.metadata?.deletionTimestamp !== undefined;
  if (deleted) states.push("deleted");
  if (claim.status?.allocation !== undefined) {
    states.push("allocated");
    if ((claim.status.reservedFor ?? []).length > 0) states.push("reserved");
  } else if (!deleted) states.push("pending");
  return states.join(",");
}

export const resourceClaimDefinition = define<ResourceClaim>(group, "v1", "resourceclaims", {
  strategy: specStrategy<ResourceClaim>(
    {
      setDefaults: (claim) => setClaimDefaults(claim.spec),
      validate: (claim) => validateClaim(claim),
      validateUpdate: specIsImmutable,
    },
    { generationOf: [] },
  ),
  status: statusStrategy<ResourceClaim>({ keepsMetadata: true, validate: validateClaimStatusUpdate }),
  columns: [nameColumn, column("State", stateText), ageColumn],
});

export const resourceClaimTemplateDefinition = define<ResourceClaimTemplate>(group, "v1", "resourceclaimtemplates", {
  strategy: {
    setDefaults: (template) => setClaimDefaults(template.spec?.spec),
    validate: (template) => validateTemplate(template),
    validateUpdate: specIsImmutable,
  },
  columns: [nameColumn, ageColumn],
});

export const resourceSliceDefinition = define<ResourceSlice>(group, "v1", "resourceslices", {
  strategy: specStrategy<ResourceSlice>(
    { validate: validateSlice, validateUpdate: validateSliceUpdate },
    { status: false },
  ),
  selectableFields: {
    "spec.nodeName": (slice) => slice.spec?.nodeName ?? "",
    "spec.driver": (slice) => slice.spec?.driver ?? "",
  },
  columns: [
    nameColumn,
    column("Node", (slice: ResourceSlice) => slice.spec?.nodeName ?? ""),
    column("Driver", (slice: ResourceSlice) => slice.spec?.driver ?? ""),
    column("Pool", (slice: ResourceSlice) => slice.spec?.pool?.name ?? ""),
    ageColumn,
  ],
});
