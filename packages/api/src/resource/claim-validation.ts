/** Validation of DeviceClasses, ResourceClaims, their status, and their templates. Source: pkg/apis/resource/validation. */

import {
  byteLength,
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  parseCidr,
  path,
  pushAll,
  required,
  tooLong,
  tooMany,
  validateAnnotations,
  validateImmutableField,
  validateLabels,
} from "@kubets/apimachinery";
import { validateConditions } from "../core/condition-validation.ts";
import { isExtendedResource } from "../core/container-resource-names.ts";
import { driverName } from "../core/name-checks.ts";
import { validateNodeSelector } from "../core/pod-affinity-validation.ts";
import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceAllocationConfiguration,
  DeviceClaim,
  DeviceClass,
  DeviceConstraint,
  DeviceRequest,
  DeviceRequestAllocationResult,
  DeviceSubRequest,
  ExactDeviceRequest,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimSpec,
  ResourceClaimTemplate,
} from "../generated/types.ts";
import {
  className,
  fullyQualifiedName,
  label,
  maxConfigurations,
  poolName,
  type SelectorCheck,
  validateBindingConditions,
  validateConfiguration,
  validateList,
  validateRaw,
  validateSelectors,
  validateSet,
  validateToleration,
} from "./checks.ts";

const limits = {
  requests: 32,
  constraints: 32,
  alternatives: 8,
  results: 32,
  reservations: 256,
  conditions: 8,
  data: 10 * 1024,
  interfaceName: 256,
  hardwareAddress: 128,
  addresses: 16,
};

const specPath = path("spec");

/** @param check compiles the CEL of selectors; undefined: it is not looked at */
export function validateDeviceClass({ spec = {} }: DeviceClass, check?: SelectorCheck): FieldError[] {
  const { extendedResourceName: name } = spec;
  const errors = [
    ...validateSelectors(spec.selectors, specPath.child("selectors"), check),
    ...validateList(spec.config, maxConfigurations, specPath.child("config"), ({ opaque }, at) =>
      validateConfiguration(opaque, at),
    ),
  ];
  if (name === undefined || isExtendedResource(name)) return errors;
  return [
    ...errors,
    invalidValue(specPath.child("extendedResourceName"), name, "must be a valid extended resource name"),
  ];
}

/** The spec alone. @param check compiles the CEL of selectors; undefined: it is not looked at */
export function validateClaim({ spec = {} }: ResourceClaim, check?: SelectorCheck): FieldError[] {
  return validateClaimSpec(spec, specPath, check);
}

/** The metadata and the spec that claims made from it get. @param check compiles the CEL of selectors; undefined: it is not looked at */
export function validateTemplate({ spec }: ResourceClaimTemplate, check?: SelectorCheck): FieldError[] {
  const { labels = {}, annotations = {} } = spec?.metadata ?? {};
  const at = specPath.child("metadata");
  return [
    ...validateLabels(labels, at.child("labels")),
    ...validateAnnotations(annotations, at.child("annotations")),
    ...validateClaimSpec(spec?.spec ?? {}, specPath.child("spec"), check),
  ];
}

export function specIsImmutable(object: { spec?: unknown }, old: { spec?: unknown }): FieldError[] {
  return validateImmutableField(object.spec, old.spec, specPath);
}

/** By request, the names of its alternatives. */
type RequestNames = ReadonlyMap<string, ReadonlySet<string>>;

function requestNames(claim: DeviceClaim): RequestNames {
  const requests = claim.requests ?? [];
  return new Map(requests.map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((r) => r.name))]));
}

function validateClaimSpec({ devices = {} }: ResourceClaimSpec, at: FieldPath, check?: SelectorCheck): FieldError[] {
  const names = requestNames(devices);
  const where = at.child("devices");
  return [
    ...validateSet(
      devices.requests,
      limits.requests,
      where.child("requests"),
      (r) => r.name,
      (request, here) => validateRequest(request, here, check),
    ),
    ...validateList(devices.constraints, limits.constraints, where.child("constraints"), (constraint, here) =>
      validateConstraint(constraint, names, here),
    ),
    ...validateList(devices.config, maxConfigurations, where.child("config"), ({ requests, opaque }, here) => [
      ...validateReferences(requests, names, here.child("requests")),
      ...validateConfiguration(opaque, here),
    ]),
  ];
}

function validateRequest(
  { name, exactly, firstAvailable = [] }: DeviceRequest,
  at: FieldPath,
  check?: SelectorCheck,
): FieldError[] {
  const errors = label(name, at.child("name"));
  const oneOf = "exactly one of `exactly` or `firstAvailable` is required";
  if (firstAvailable.length === 0) {
    return [
      ...errors,
      ...(exactly === undefined ? [required(at, oneOf)] : validateWanted(exactly, at.child("exactly"), check)),
    ];
  }
  if (exactly !== undefined) return [...errors, invalidValue(at, null, `${oneOf}, but multiple fields are set`)];
  const alternative = (request: DeviceSubRequest, where: FieldPath) => [
    ...label(request.name, where.child("name")),
    ...validateWanted(request, where, check),
  ];
  const where = at.child("firstAvailable");
  return [...errors, ...validateSet(firstAvailable, limits.alternatives, where, (r) => r.name, alternative)];
}

function validateWanted(
  request: ExactDeviceRequest | DeviceSubRequest,
  at: FieldPath,
  check?: SelectorCheck,
): FieldError[] {
  return [
    ...className(request.deviceClassName, at.child("deviceClassName")),
    ...validateSelectors(request.selectors, at.child("selectors"), check),
    ...validateAllocationMode(request, at),
    ...(request.tolerations ?? []).flatMap((t, i) => validateToleration(t, at.child("tolerations").index(i))),
  ];
}

function validateAllocationMode(request: ExactDeviceRequest | DeviceSubRequest, at: FieldPath): FieldError[] {
  const { allocationMode = "", count = 0 } = request;
  switch (allocationMode) {
    case "All": {
      const why = "must not be specified when allocationMode is 'All'";
      return count === 0 ? [] : [invalidValue(at.child("count"), count, why)];
    }
    case "ExactCount":
      return count > 0 ? [] : [invalidValue(at.child("count"), count, "must be greater than zero")];
    default:
      return [notSupported(at.child("allocationMode"), allocationMode, ["All", "ExactCount"])];
  }
}

function validateConstraint(constraint: DeviceConstraint, names: RequestNames, at: FieldPath): FieldError[] {
  const { requests, matchAttribute, distinctAttribute } = constraint;
  const errors = validateReferences(requests, names, at.child("requests"));
  if (matchAttribute !== undefined)
    return [...errors, ...fullyQualifiedName(matchAttribute, at.child("matchAttribute"))];
  if (distinctAttribute !== undefined) {
    return [...errors, ...fullyQualifiedName(distinctAttribute, at.child("distinctAttribute"))];
  }
  const why = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set';
  return [...errors, required(at, why)];
}

function validateReferences(requests: readonly string[] | undefined, names: RequestNames, at: FieldPath): FieldError[] {
  return validateSet(
    requests,
    limits.requests,
    at,
    (name) => name,
    (name, where) => validateReference(name, names, where),
  );
}

function validateReference(name: string, names: RequestNames, at: FieldPath): FieldError[] {
  const why = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'";
  const [request = "", alternative, ...more] = name.split("/");
  if (more.length > 0) return [invalidValue(at, name, why)];
  const errors = name.split("/").flatMap((part) => label(part, at));
  const found = names.get(request);
  const known = found !== undefined && (alternative === undefined || found.has(alternative));
  return known ? errors : [...errors, invalidValue(at, name, why)];
}

export function validateClaimStatusUpdate(claim: ResourceClaim, old: ResourceClaim): FieldError[] {
  const at = path("status");
  const { reservedFor = [], allocation, devices } = claim.status ?? {};
  const names = requestNames(claim.spec?.devices ?? {});
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceId));
  const reservedPath = at.child("reservedFor");
  const errors = [
    ...validateSet(reservedFor, limits.reservations, reservedPath, (each) => each.uid, validateConsumer),
    ...validateSet(devices, Number.POSITIVE_INFINITY, at.child("devices"), deviceId, (device, where) =>
      validateDeviceStatus(device, allocated, where),
    ),
  ];
  if (reservedFor.length > 0 && allocation === undefined) {
    errors.push(forbiddenField(reservedPath, "may not be specified when `allocated` is not set"));
  } else if (claim.metadata?.deletionTimestamp !== undefined) {
    const before = old.status?.reservedFor ?? [];
    if (!reservedFor.every((each) => before.some((other) => deepEqual(other, each)))) {
      const why = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set";
      errors.push(forbiddenField(reservedPath, why));
    }
  }
  if (allocation === undefined) return errors;
  const where = at.child("allocation");
  const settled = old.status?.allocation;
  if (settled !== undefined) return [...errors, ...validateImmutableField(allocation, settled, where)];
  return [...errors, ...validateAllocation(allocation, names, where)];
}

function deviceId({ driver, pool, device, shareID }: AllocatedDeviceStatus | DeviceRequestAllocationResult): string {
  return `${driver}/${pool}/${device}${shareID === undefined ? "" : `/${shareID}`}`;
}

function validateConsumer({ resource, name, uid }: ResourceClaimConsumerReference, at: FieldPath): FieldError[] {
  return Object.entries({ resource, name, uid })
    .filter(([, value]) => !value)
    .map(([field]) => required(at.child(field)));
}

function validateAllocation(allocation: AllocationResult, names: RequestNames, at: FieldPath): FieldError[] {
  const { results, config } = allocation.devices ?? {};
  const where = at.child("devices");
  return [
    ...validateList(results, limits.results, where.child("results"), (r, here) => validateResult(r, names, here)),
    ...validateList(config, 2 * maxConfigurations, where.child("config"), (c, here) =>
      validateAllocationConfiguration(c, names, here),
    ),
    ...(allocation.nodeSelector === undefined
      ? []
      : validateNodeSelector(allocation.nodeSelector, at.child("nodeSelector"))),
  ];
}

function validateResult(result: DeviceRequestAllocationResult, names: RequestNames, at: FieldPath): FieldError[] {
  return [
    ...validateReference(result.request ?? "", names, at.child("request")),
    ...driverName(at.child("driver"), result.driver ?? ""),
    ...poolName(result.pool, at.child("pool")),
    ...label(result.device, at.child("device")),
    ...validateBindingConditions(result.bindingConditions, result.bindingFailureConditions, at),
    ...validateUid(result.shareID, at.child("shareID")),
  ];
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function validateUid(uid: string | undefined, at: FieldPath): FieldError[] {
  if (uid === undefined || uuidPattern.test(uid)) return [];
  const normal = "`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters";
  return [invalidValue(at, uid, `uid must be in RFC 4122 normalized form, ${normal}`)];
}

function validateAllocationConfiguration(
  { source = "", requests, opaque }: DeviceAllocationConfiguration,
  names: RequestNames,
  at: FieldPath,
): FieldError[] {
  const sources = ["FromClaim", "FromClass"];
  const where = at.child("source");
  return [
    ...(source === "" ? [required(where)] : sources.includes(source) ? [] : [notSupported(where, source, sources)]),
    ...validateReferences(requests, names, at.child("requests")),
    ...validateConfiguration(opaque, at),
  ];
}

function validateDeviceStatus(
  device: AllocatedDeviceStatus,
  allocated: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  const { conditions = [], data, networkData } = device;
  const errors = [
    ...driverName(at.child("driver"), device.driver ?? ""),
    ...poolName(device.pool, at.child("pool")),
    ...label(device.device, at.child("device")),
    ...validateUid(device.shareID, at.child("shareID")),
  ];
  if (!allocated.has(deviceId(device))) {
    errors.push(invalidValue(at, deviceId(device), "must be an allocated device in the claim"));
  }
  if (conditions.length > limits.conditions) {
    errors.push(tooMany(at.child("conditions"), conditions.length, limits.conditions));
  }
  pushAll(errors, validateConditions(conditions, at.child("conditions")));
  if (data !== undefined) pushAll(errors, validateRaw(data, at.child("data"), limits.data));
  if (networkData === undefined) return errors;
  return [...errors, ...validateNetworkData(networkData, at.child("networkData"))];
}

function validateNetworkData({ interfaceName, hardwareAddress, ips }: NetworkDeviceData, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const [field, value] of Object.entries({ interfaceName, hardwareAddress })) {
    const max = limits[field as "interfaceName" | "hardwareAddress"];
    if (byteLength(value ?? "") > max) errors.push(tooLong(at.child(field), max));
  }
  const validAddress = (text: string, where: FieldPath) => {
    const cidr = parseCidr(text);
    if (cidr !== undefined) return [];
    const example = "(e.g. 192.168.5.6/24 or 2001:db8::1/64)";
    return [invalidValue(where, text, `must be a valid address in CIDR form, ${example}`)];
  };
  return [...errors, ...validateSet(ips, limits.addresses, at.child("ips"), (ip) => ip, validAddress)];
}
