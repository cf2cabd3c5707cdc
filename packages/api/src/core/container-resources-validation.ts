/** Requests, limits and claims. Source: validateResourceRequirements and pkg/apis/core/helper. */

import {
  duplicate,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  isDNS1123Label,
  isQualifiedName,
  notSupported,
  pushAll,
  type Quantity,
  required,
  tryParseQuantity,
} from "@kubets/apimachinery";
import type { ContainerResizePolicy, CoreResourceClaim, ResourceRequirements } from "../generated/types.ts";
import {
  hugePagesPrefix,
  isExtendedResource,
  isHugePageResource,
  isIntegerResource,
  isNativeResource,
  isOvercommitAllowed,
  isPodLevelResource,
  isStandardContainerResource,
  isStandardResource,
  podLevelResources,
} from "./container-resource-names.ts";
import { complaints, negativeMessage, oneOf } from "./pod-field-checks.ts";

type NameCheck = (name: string, at: FieldPath) => FieldError[];

/** Any resource name, as quotas and nodes also use it. */
export function validateResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = complaints(at, name, isQualifiedName(name));
  if (errors.length === 0 && !name.includes("/") && !isStandardResource(name))
    errors.push(invalidValue(at, name, "must be a standard resource type or fully qualified"));
  return errors;
}

function validateContainerResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at);
  if (!name.includes("/")) {
    if (!isStandardContainerResource(name))
      errors.push(invalidValue(at, name, "must be a standard resource for containers"));
  } else if (!isNativeResource(name) && !isExtendedResource(name)) {
    errors.push(invalidValue(at, name, "doesn't follow extended resource name standard"));
  }
  return errors;
}

function validatePodResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at);
  if (errors.length === 0 && !isPodLevelResource(name)) errors.push(notSupported(at, name, podLevelResources));
  return errors;
}

/** Not negative, and whole where fractions make no sense. Text that is no quantity never gets here from the wire. */
function validateResourceQuantity(name: string, text: string, at: FieldPath): FieldError[] {
  const quantity = tryParseQuantity(text);
  if (quantity === undefined) return [invalidValue(at, text, "must be a valid resource quantity")];
  const errors: FieldError[] = [];
  if (quantity.sign() < 0) errors.push(invalidValue(at, quantity.toString(), negativeMessage));
  if (isIntegerResource(name) && quantity.milliValue() % 1000 !== 0)
    errors.push(invalidValue(at, quantity.toString(), "must be an integer"));
  return errors;
}

function validateHugePages(name: string, quantity: Quantity, at: FieldPath): FieldError[] {
  if (!isHugePageResource(name)) return [];
  const size = tryParseQuantity(name.slice(hugePagesPrefix.length));
  const isMultiple = size !== undefined && size.sign() > 0 && quantity.bigValue() % size.bigValue() === 0n;
  if (isMultiple) return [];
  return [invalidValue(at, quantity.toString(), `${quantity} is not positive integer multiple of ${name}`)];
}

function validateRequestAgainstLimit(
  name: string,
  request: Quantity,
  limitText: string | undefined,
  at: FieldPath,
): FieldError[] {
  const limit = tryParseQuantity(limitText);
  const requests = at.child("requests");
  if (limit === undefined)
    return isOvercommitAllowed(name)
      ? []
      : [required(at.child("limits"), "Limit must be set for non overcommitable resources")];
  if (!isOvercommitAllowed(name) && request.cmp(limit) !== 0)
    return [invalidValue(requests, request.toString(), `must be equal to ${name} limit of ${limit}`)];
  if (request.cmp(limit) > 0)
    return [invalidValue(requests, request.toString(), `must be less than or equal to ${name} limit of ${limit}`)];
  return [];
}

function validateRequirements(
  requirements: ResourceRequirements | undefined,
  nameCheck: NameCheck,
  claimNames: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  if (requirements === undefined) return [];
  const errors: FieldError[] = [];
  const { limits = {}, requests = {} } = requirements;
  for (const [list, key] of [
    [limits, "limits"],
    [requests, "requests"],
  ] as const)
    for (const [name, text] of Object.entries(list)) {
      const here = at.child(key).key(name);
      pushAll(errors, [...nameCheck(name, here), ...validateResourceQuantity(name, text, here)]);
      const quantity = tryParseQuantity(text);
      if (quantity === undefined) continue;
      if (key === "requests") pushAll(errors, validateRequestAgainstLimit(name, quantity, limits[name], at));
      pushAll(errors, validateHugePages(name, quantity, here));
    }
  const names = [...Object.keys(limits), ...Object.keys(requests)];
  if (names.some(isHugePageResource) && !names.includes("cpu") && !names.includes("memory"))
    errors.push(forbiddenField(at, "HugePages require cpu or memory"));
  return [...errors, ...validateClaims(requirements.claims, claimNames, at.child("claims"))];
}

export function validateContainerResources(
  requirements: ResourceRequirements | undefined,
  claimNames: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  return validateRequirements(requirements, validateContainerResourceName, claimNames, at);
}

export function validatePodLevelResources(requirements: ResourceRequirements, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  if (requirements.claims !== undefined)
    errors.push(forbiddenField(at.child("claims"), "claims cannot be set for Resources at pod-level"));
  return [...errors, ...validateRequirements(requirements, validatePodResourceName, new Set(), at)];
}

function validateClaims(
  claims: readonly CoreResourceClaim[] | undefined,
  podClaims: ReadonlySet<string>,
  at: FieldPath,
): FieldError[] {
  if (!claims?.length) return [];
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  const inParts = new Set<string>();
  const known = podClaims.size === 0 ? " which is empty" : `: ${[...podClaims].sort().join(", ")}`;
  for (const [i, { name, request }] of claims.entries()) {
    const here = at.index(i);
    if (!name) {
      errors.push(required(here));
      continue;
    }
    const key = request ? `${name}/${request}` : name;
    if (request) pushAll(errors, complaints(here.child("request"), request, isDNS1123Label(request)));
    if (seen.has(name) || (!request && inParts.has(name))) errors.push(duplicate(here, name));
    else if (seen.has(key)) errors.push(duplicate(here, key));
    seen.add(key);
    if (request) inParts.add(name);
    if (!podClaims.has(name)) errors.push(claimNotFound(here, name, known));
  }
  return errors;
}

function claimNotFound(at: FieldPath, name: string, known: string): FieldError {
  const message = `Not found: ${JSON.stringify(name)}: must be one of the names in pod.spec.resourceClaims${known}`;
  return { type: "FieldValueNotFound", field: at.toString(), message };
}

/** What happens to a container when its resources change. */
export function validateResizePolicy(
  policies: readonly ContainerResizePolicy[] | undefined,
  podRestartPolicy: string | undefined,
  at: FieldPath,
): FieldError[] {
  const errors: FieldError[] = [];
  const seen = new Set<string>();
  for (const [i, { resourceName, restartPolicy }] of (policies ?? []).entries()) {
    if (seen.has(resourceName)) errors.push(duplicate(at.index(i), resourceName));
    seen.add(resourceName);
    pushAll(errors, oneOf(at, resourceName, ["cpu", "memory"]));
    pushAll(errors, oneOf(at, restartPolicy, ["NotRequired", "RestartContainer"]));
    if (podRestartPolicy === "Never" && restartPolicy !== "NotRequired")
      errors.push(invalidValue(at, restartPolicy, "must be 'NotRequired' when `restartPolicy` is 'Never'"));
  }
  return errors;
}
