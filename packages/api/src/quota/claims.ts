/** Claims against quotas, of volumes and of devices. Source: kubernetes' pkg/quota/v1/evaluator/core/{persistent_volume_claims,resource_claims}.go. */

import { Quantity, tryParseQuantity } from "@kubets/apimachinery";
import type { DeviceRequest, PersistentVolumeClaim, ResourceClaim } from "../generated/types.ts";
import { type Amounts, addAmounts } from "./amounts.ts";
import { countName, one, type QuotaEvaluator } from "./evaluator.ts";
import { claimMatchesScope, volumeAttributesClassesOf } from "./scopes.ts";

const countClaims = countName("", "persistentvolumeclaims");
const storageClassSuffix = ".storageclass.storage.k8s.io/";
const claimNames = ["persistentvolumeclaims", "requests.storage"];

export const persistentVolumeClaimEvaluator: QuotaEvaluator = {
  group: "",
  plural: "persistentvolumeclaims",
  handles({ operation, subresource, object, oldObject }) {
    if (subresource === "") return operation === "CREATE" || operation === "UPDATE";
    if (subresource !== "status") return false;
    return claimUsageChanged(oldObject as PersistentVolumeClaim, object as PersistentVolumeClaim);
  },
  counts: (name) =>
    name === countClaims ||
    claimNames.includes(name) ||
    claimNames.some((resource) => name.endsWith(storageClassSuffix + resource)),
  usage: (object) => claimUsage(object as PersistentVolumeClaim),
  matchesScope: (scope, object) => claimMatchesScope(scope, object as PersistentVolumeClaim),
};

function claimUsage(claim: PersistentVolumeClaim): Amounts {
  const usage = new Map([
    ["persistentvolumeclaims", one],
    [countClaims, one],
  ]);
  const storageClass = storageClassOf(claim);
  const prefix = storageClass === "" ? undefined : storageClass + storageClassSuffix;
  if (prefix !== undefined) usage.set(`${prefix}persistentvolumeclaims`, one);
  const storage = storageOf(claim);
  if (storage === undefined) return usage;
  usage.set("requests.storage", storage);
  if (prefix !== undefined) usage.set(`${prefix}requests.storage`, storage);
  return usage;
}

/** Of a claim that is shrunk back after a failed expansion, what it was given counts. In whole bytes. */
function storageOf({ spec, status }: PersistentVolumeClaim): Quantity | undefined {
  const wanted = tryParseQuantity(spec?.resources?.requests?.["storage"]);
  const allocated = tryParseQuantity(status?.allocatedResources?.["storage"]);
  const larger = wanted !== undefined && allocated !== undefined && allocated.cmp(wanted) > 0 ? allocated : wanted;
  if (larger === undefined || larger.nanoValue() % 1_000_000_000n === 0n) return larger;
  return Quantity.of(larger.bigValue(), larger.format);
}

function storageClassOf({ metadata, spec }: PersistentVolumeClaim): string {
  return metadata?.annotations?.["volume.beta.kubernetes.io/storage-class"] ?? spec?.storageClassName ?? "";
}

function claimUsageChanged(old: PersistentVolumeClaim, claim: PersistentVolumeClaim): boolean {
  const allocated = ({ status }: PersistentVolumeClaim) => status?.allocatedResources?.["storage"];
  const classes = (of: PersistentVolumeClaim) => volumeAttributesClassesOf(of).sort().join("\n");
  return allocated(old) !== allocated(claim) || classes(old) !== classes(claim);
}

const resourceGroup = "resource.k8s.io";
const countResourceClaims = countName(resourceGroup, "resourceclaims");
const deviceClassSuffix = ".deviceclass.resource.k8s.io/devices";
/** The most devices a claim can be given. */
const maxDevices = 32;

export const resourceClaimEvaluator: QuotaEvaluator = {
  group: resourceGroup,
  plural: "resourceclaims",
  handles: ({ operation, subresource }) => operation === "CREATE" && subresource === "",
  counts: (name) => name === countResourceClaims || name.endsWith(deviceClassSuffix),
  usage(object) {
    let usage: Amounts = new Map([[countResourceClaims, one]]);
    for (const request of (object as ResourceClaim).spec?.devices?.requests ?? [])
      usage = addAmounts(usage, devicesOf(request));
    return usage;
  },
};

/** Of alternatives, the most that could be given of each class. */
function devicesOf({ exactly, firstAvailable = [] }: DeviceRequest): Amounts {
  const most = new Map<string, Quantity>();
  for (const { deviceClassName, allocationMode, count } of exactly === undefined ? firstAvailable : [exactly]) {
    const name = deviceClassName + deviceClassSuffix;
    const devices = Quantity.of(allocationMode === "All" ? maxDevices : (count ?? 1));
    const before = most.get(name);
    if (before === undefined || devices.cmp(before) > 0) most.set(name, devices);
  }
  return most;
}
