/** Node: pod CIDRs and the provider ID are set once; the kubelet alone writes the status. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isValidLabelValue,
  notSupported,
  parseCidr,
  path,
  pushAll,
  required,
  seenBefore,
  tryParseQuantity,
  validateCidrLegacy,
  validateLabelName,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Strategy } from "../definition.ts";
import type { Node, Taint } from "../generated/types.ts";
import { keep, statusStrategy } from "../strategy.ts";

const metadataPath = path("metadata");
const podCidrsPath = path("spec.podCIDRs");

const strategy: Strategy<Node> = {
  setDefaults(node) {
    alignPodCidrs(node);
    const { status } = node;
    if (status?.capacity !== undefined && status.allocatable === undefined) status.allocatable = { ...status.capacity };
  },
  validate: (node) => [...validateTaints(node), ...validateResources(node), ...validatePodCidrs(node)],
  // A new node keeps its status: the kubelet registers itself with it.
  prepareForUpdate: (node, old) => keep(node, old, "status"),
  validateUpdate: (node, old) => [...validatePodCidrs(node), ...validateUpdate(node, old)],
};

/** `podCIDR` is the first of `podCIDRs`; whichever is set fills the other, and the single one wins. */
function alignPodCidrs(node: Node): void {
  const { spec } = node;
  if (spec === undefined) return;
  if (spec.podCIDR && spec.podCIDRs?.[0] !== spec.podCIDR) spec.podCIDRs = [spec.podCIDR];
  const first = spec.podCIDRs?.[0];
  if (first !== undefined) spec.podCIDR = first;
}

function validateTaints(node: Node): FieldError[] {
  const seen = seenBefore<string>();
  return (node.spec?.taints ?? []).flatMap((taint, index) => {
    const isRepeated = seen(JSON.stringify([taint.key, taint.effect]));
    return validateTaint(taint, isRepeated, metadataPath.child("taints").index(index));
  });
}

const effects = ["NoExecute", "NoSchedule", "PreferNoSchedule"];

function validateTaint(taint: Taint, isRepeated: boolean, at: FieldPath): FieldError[] {
  const errors = validateLabelName(taint.key ?? "", at.child("key"));
  const complaints = isValidLabelValue(taint.value ?? "");
  if (complaints.length > 0) errors.push(invalidValue(at.child("value"), taint.value, complaints.join(";")));
  if (!taint.effect) errors.push(required(at.child("effect")));
  else if (!effects.includes(taint.effect)) {
    errors.push(notSupported(at.child("effect"), taint.effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]));
  }
  if (isRepeated) {
    const error = duplicate(at, taint);
    errors.push({ ...error, message: `${error.message}: taints must be unique by key and effect pair` });
  }
  return errors;
}

const integerResources = ["pods", "services", "persistentvolumeclaims", "secrets", "configmaps"];

function validateResources(node: Node): FieldError[] {
  return (["capacity", "allocatable"] as const).flatMap((field) =>
    Object.entries(node.status?.[field] ?? {}).flatMap(([name, text]) => {
      const at = path("status").child(field, name);
      const quantity = tryParseQuantity(text);
      if (quantity === undefined) return [];
      if (quantity.sign() < 0) return [invalidValue(at, text, "must be greater than or equal to 0")];
      const whole = integerResources.includes(name) || isExtended(name);
      return whole && quantity.milliValue() % 1000 !== 0 ? [invalidValue(at, text, "must be an integer")] : [];
    }),
  );
}

function isExtended(name: string): boolean {
  return name.includes("/") && !name.includes("kubernetes.io/") && !name.startsWith("requests.");
}

function validatePodCidrs(node: Node): FieldError[] {
  const cidrs = node.spec?.podCIDRs ?? [];
  const errors = cidrs.flatMap((cidr, index) => validateCidrLegacy(cidr, podCidrsPath.index(index)));
  if (cidrs.length < 2) return errors;
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.family));
  if (families.size < 2 || cidrs.length > 2) {
    errors.push(invalidValue(podCidrsPath, cidrs, "may specify no more than one CIDR for each IP family"));
  }
  const seen = seenBefore<string>();
  for (const [index, cidr] of cidrs.entries()) {
    if (seen(cidr)) errors.push(duplicate(podCidrsPath.index(index), cidr));
  }
  return errors;
}

function validateUpdate(node: Node, old: Node): FieldError[] {
  const errors = validateResources(node);
  const addresses = node.status?.addresses ?? [];
  const seen = seenBefore<string>();
  for (const [index, address] of addresses.entries()) {
    if (seen(JSON.stringify([address.type, address.address])))
      errors.push(duplicate(path("status.addresses").index(index), address));
  }
  const cidrs = node.spec?.podCIDRs ?? [];
  const oldCidrs = old.spec?.podCIDRs ?? [];
  if (oldCidrs.length > 0 && !deepEqual(cidrs, oldCidrs)) {
    errors.push(forbiddenField(podCidrsPath, 'node updates may not change podCIDR except from "" to valid'));
  }
  if (old.spec?.providerID && old.spec.providerID !== node.spec?.providerID) {
    const why = 'node updates may not change providerID except from "" to valid';
    errors.push(forbiddenField(path("spec.providerID"), why));
  }
  pushAll(errors, validateTaints(node));
  if ((node.spec?.externalID ?? "") !== (old.spec?.externalID ?? "")) {
    errors.push(forbiddenField(path("spec.externalID"), "may not be updated"));
  }
  return errors;
}

function statusText(node: Node): string {
  const ready = node.status?.conditions?.find((condition) => condition.type === "Ready");
  const state = ready === undefined ? "Unknown" : ready.status === "True" ? "Ready" : "NotReady";
  return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state;
}

const rolePrefix = "node-role.kubernetes.io/";

function roles(node: Node): string {
  const found = new Set<string>();
  for (const [key, value] of Object.entries(node.metadata?.labels ?? {})) {
    if (key.startsWith(rolePrefix) && key.length > rolePrefix.length) found.add(key.slice(rolePrefix.length));
    else if (key === "kubernetes.io/role" && value !== "") found.add(value);
  }
  return found.size === 0 ? "<none>" : [...found].sort().join(",");
}

function address(node: Node, type: string): string {
  return node.status?.addresses?.find((a) => a.type === type)?.address ?? "<none>";
}

export const nodeDefinition = define<Node>("", "v1", "nodes", {
  shortNames: ["no"],
  storagePath: "minions",
  strategy,
  status: statusStrategy<Node>({ validate: validateUpdate }),
  selectableFields: { "spec.unschedulable": (node) => String(node.spec?.unschedulable ?? false) },
  columns: [
    nameColumn,
    column("Status", statusText),
    column("Roles", roles),
    ageColumn,
    column("Version", (node: Node) => node.status?.nodeInfo?.kubeletVersion ?? ""),
    column("Internal-IP", (node: Node) => address(node, "InternalIP"), { wide: true }),
    column("External-IP", (node: Node) => address(node, "ExternalIP"), { wide: true }),
    column("OS-Image", (node: Node) => node.status?.nodeInfo?.osImage || "<unknown>", { wide: true }),
    column("Kernel-Version", (node: Node) => node.status?.nodeInfo?.kernelVersion || "<unknown>", { wide: true }),
    column("Container-Runtime", (node: Node) => node.status?.nodeInfo?.containerRuntimeVersion || "<unknown>", {
      wide: true,
    }),
  ],
});
