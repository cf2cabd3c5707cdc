/** Validation of ResourceSlices: which devices a driver offers, and where. Source: pkg/apis/resource/validation. */

import {
  byteLength,
  deepEqual,
  type FieldError,
  type FieldPath,
  forbiddenField,
  invalidValue,
  path,
  pushAll,
  type Quantity,
  required,
  tooLong,
  tooMany,
  tryParseQuantity,
  validateImmutableField,
} from "@kubets/apimachinery";
import { driverName } from "../core/name-checks.ts";
import { validateNodeSelector } from "../core/pod-affinity-validation.ts";
import { dnsSubdomain } from "../core/pod-field-checks.ts";
import type {
  CapacityRequestPolicy,
  CapacityRequestPolicyRange,
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCapacity,
  DeviceCounterConsumption,
  NodeSelector,
  ResourceSlice,
  ResourceSliceSpec,
} from "../generated/types.ts";
import {
  deviceQualifiedName,
  label,
  poolName,
  validateBindingConditions,
  validateList,
  validateSet,
  validateTaint,
} from "./checks.ts";

const limits = {
  devices: 128,
  /** With taints or counters, which make a device larger. */
  largeDevices: 64,
  counterSets: 8,
  counters: 32,
  consumptions: 2,
  properties: 32,
  taints: 16,
  value: 64,
  choices: 10,
};

const specPath = path("spec");

export const validateSlice = (slice: ResourceSlice): FieldError[] => validate(slice, undefined);
export const validateSliceUpdate = (slice: ResourceSlice, old: ResourceSlice): FieldError[] => validate(slice, old);

function validate({ spec }: ResourceSlice, old: ResourceSlice | undefined): FieldError[] {
  const given = (spec ?? {}) as Partial<ResourceSliceSpec>;
  const { driver = "", pool, devices, sharedCounters } = given;
  const errors = [...driverName(specPath.child("driver"), driver), ...validatePool(pool, specPath.child("pool"))];
  const before = old?.spec;
  if (before !== undefined) {
    pushAll(errors, [
      ...validateImmutableField(pool?.name, before.pool?.name, specPath.child("pool", "name")),
      ...validateImmutableField(driver, before.driver, specPath.child("driver")),
      ...validateImmutableField(given.nodeName, before.nodeName, specPath.child("nodeName")),
    ]);
  }
  pushAll(errors, validatePlace(given));
  if (sharedCounters !== undefined && devices !== undefined) {
    errors.push(invalidValue(specPath, "", "only one of `sharedCounters` or `devices` is allowed"));
  }
  const isLarge = (device: Device) => (device.taints ?? []).length + (device.consumesCounters ?? []).length > 0;
  const max = devices?.some(isLarge) ? limits.largeDevices : limits.devices;
  const check = (device: Device, at: FieldPath) => {
    const oldDevice = before?.devices?.find((other) => other.name === device.name);
    return validateDevice(device, oldDevice, given.perDeviceNodeSelection ?? false, at);
  };
  return [
    ...errors,
    ...validateSet(devices, max, specPath.child("devices"), (device) => device.name, check),
    ...validateSet(
      sharedCounters,
      limits.counterSets,
      specPath.child("sharedCounters"),
      (s) => s.name,
      validateCounters,
    ),
  ];
}

function validatePool(pool: ResourceSliceSpec["pool"] | undefined, at: FieldPath): FieldError[] {
  const { resourceSliceCount: count = 0, generation = 0 } = pool ?? {};
  const errors = poolName(pool?.name, at.child("name"));
  if (count <= 0) errors.push(invalidValue(at.child("resourceSliceCount"), count, "must be greater than zero"));
  if (generation >= 0) return errors;
  return [...errors, invalidValue(at.child("generation"), generation, "must be greater than or equal to zero")];
}

interface Place {
  readonly nodeName?: string;
  readonly nodeSelector?: NodeSelector;
  readonly allNodes?: boolean;
}

/** Where the devices can be reached from: one way of saying so, and only one. */
function validatePlace(spec: Partial<ResourceSliceSpec>): FieldError[] {
  const fields = "`nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection`";
  const { perDeviceNodeSelection } = spec;
  const [errors, given] = validateParts(spec, specPath, "must be either unset or set to a non-empty string");
  const terms = spec.nodeSelector?.nodeSelectorTerms ?? [];
  if (spec.nodeSelector !== undefined && terms.length !== 1) {
    const where = specPath.child("nodeSelector", "nodeSelectorTerms");
    errors.push(invalidValue(where, terms, "must have exactly one node selector term"));
  }
  if (perDeviceNodeSelection) given.push("`perDeviceNodeSelection`");
  else if (perDeviceNodeSelection === false) {
    errors.push(invalidValue(specPath.child("perDeviceNodeSelection"), false, "must be either unset or set to true"));
  }
  if (given.length === 1) return errors;
  const why = `exactly one of ${fields} is required`;
  if (given.length === 0) return [...errors, required(specPath, why)];
  return [...errors, invalidValue(specPath, `{${given.join(", ")}}`, `${why}, but multiple fields are set`)];
}

function validateParts({ nodeName, nodeSelector, allNodes }: Place, at: FieldPath, whenEmpty: string) {
  const errors: FieldError[] = [];
  const given: string[] = [];
  if (nodeName === "") errors.push(invalidValue(at.child("nodeName"), nodeName, whenEmpty));
  else if (nodeName !== undefined) {
    given.push("`nodeName`");
    pushAll(errors, dnsSubdomain(at.child("nodeName"), nodeName));
  }
  if (nodeSelector !== undefined) {
    given.push("`nodeSelector`");
    pushAll(errors, validateNodeSelector(nodeSelector, at.child("nodeSelector")));
  }
  if (allNodes) given.push("`allNodes`");
  else if (allNodes === false) {
    errors.push(invalidValue(at.child("allNodes"), allNodes, "must be either unset or set to true"));
  }
  return [errors, given] as const;
}

function validateDevice(device: Device, old: Device | undefined, placed: boolean, at: FieldPath): FieldError[] {
  const { attributes = {}, capacity = {}, taints, allowMultipleAllocations = false } = device;
  const errors = label(device.name, at.child("name"));
  const properties = Object.keys(attributes).length + Object.keys(capacity).length;
  if (properties > limits.properties) {
    const why = `the total number of attributes and capacities must not exceed ${limits.properties}`;
    errors.push(invalidValue(at, properties, why));
  }
  for (const [name, attribute] of Object.entries(attributes)) {
    const where = at.child("attributes").key(name);
    pushAll(errors, [...deviceQualifiedName(name, where), ...validateAttribute(attribute, where)]);
  }
  for (const [name, each] of Object.entries(capacity)) {
    const where = at.child("capacity").key(name);
    pushAll(errors, [...deviceQualifiedName(name, where), ...validateCapacity(each, allowMultipleAllocations, where)]);
  }
  if (old === undefined || !deepEqual(old.taints, taints)) {
    pushAll(errors, validateList(taints, limits.taints, at.child("taints"), validateTaint));
  }
  const consumed = at.child("consumesCounters");
  return [
    ...errors,
    ...validateSet(device.consumesCounters, limits.consumptions, consumed, (c) => c.counterSet, validateConsumption),
    ...validateDevicePlace(device, placed, at),
    ...validateBindingConditions(device.bindingConditions, device.bindingFailureConditions, at),
  ];
}

function validateDevicePlace(device: Device, placed: boolean, at: FieldPath): FieldError[] {
  const given = device.nodeName !== undefined || device.nodeSelector !== undefined || device.allNodes !== undefined;
  const whenPlaced = "is set to true in the ResourceSlice spec";
  if (!placed) {
    const why = `\`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if \`perDeviceNodeSelection\` ${whenPlaced}`;
    return given ? [invalidValue(at, null, why)] : [];
  }
  const [errors, parts] = validateParts(device, at, "must not be empty");
  const why = `exactly one of \`nodeName\`, \`nodeSelector\`, or \`allNodes\` is required when \`perDeviceNodeSelection\` ${whenPlaced}`;
  if (parts.length === 0) return [...errors, required(at, why)];
  return parts.length === 1 ? errors : [...errors, invalidValue(at, `{${parts.join(", ")}}`, why)];
}

const number = "(0|[1-9]\\d*)";
const preRelease = "(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)";
const build = "[0-9a-zA-Z-]+";
const semver = new RegExp(
  `^${number}\\.${number}\\.${number}(-${preRelease}(\\.${preRelease})*)?(\\+${build}(\\.${build})*)?$`,
);

function validateAttribute(attribute: DeviceAttribute, at: FieldPath): FieldError[] {
  const { string: text, version } = attribute;
  const errors: FieldError[] = [];
  if (text !== undefined && byteLength(text) > limits.value) errors.push(tooLong(at.child("string"), limits.value));
  if (version !== undefined) {
    const where = at.child("version");
    if (!semver.test(version)) {
      errors.push(invalidValue(where, version, "must be a string compatible with semver.org spec 2.0.0"));
    }
    if (byteLength(version) > limits.value) errors.push(tooLong(where, limits.value));
  }
  const count = Object.keys(attribute).length;
  if (count === 1) return errors;
  return [...errors, invalidValue(at, count === 0 ? "" : attribute, "exactly one value must be specified")];
}

function validateCapacity({ value, requestPolicy }: DeviceCapacity, shared: boolean, at: FieldPath): FieldError[] {
  if (requestPolicy === undefined) return [];
  const where = at.child("requestPolicy");
  if (!shared) return [forbiddenField(where, "allowMultipleAllocations must be true")];
  return validateRequestPolicy(requestPolicy, tryParseQuantity(value), where);
}

function validateRequestPolicy(policy: CapacityRequestPolicy, max: Quantity | undefined, at: FieldPath): FieldError[] {
  const { validValues = [], validRange, default: text } = policy;
  if (max === undefined) return [];
  if (validValues.length > 0 && validRange !== undefined) {
    const why = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time';
    return [forbiddenField(at, why)];
  }
  const used = validValues.length > 0 ? "validValues" : validRange === undefined ? undefined : "validRange";
  if (used === undefined) return [];
  const value = tryParseQuantity(text);
  if (value === undefined) return [required(at.child("default"), `required when ${used} is defined`)];
  if (validRange !== undefined) return validateRange(value, max, validRange, at.child("validRange"));
  return validateChoices(value, max, validValues, at.child("validValues"));
}

function validateChoices(value: Quantity, max: Quantity, choices: readonly string[], at: FieldPath): FieldError[] {
  const quantities = choices.map((text) => tryParseQuantity(text)).filter((quantity) => quantity !== undefined);
  const errors: FieldError[] = [];
  for (const [i, quantity] of quantities.entries()) {
    if (i === 0 || quantities[i - 1]!.cmp(quantity) <= 0) continue;
    errors.push(invalidValue(at.index(i), quantity.toString(), "values must be sorted in ascending order"));
  }
  const check = (quantity: Quantity, where: FieldPath) =>
    quantity.cmp(max) > 0
      ? [invalidValue(where, quantity.toString(), `option is larger than capacity value: ${max.toString()}`)]
      : [];
  pushAll(
    errors,
    validateSet(quantities, limits.choices, at, (quantity) => String(quantity.value()), check),
  );
  if (quantities.some((quantity) => quantity.cmp(value) === 0)) return errors;
  const why = "default value is not valid according to the requestPolicy";
  return [...errors, invalidValue(at, value.toString(), why)];
}

function validateRange(value: Quantity, capacity: Quantity, range: CapacityRequestPolicyRange, at: FieldPath) {
  const [min, max, step] = [range.min, range.max, range.step].map((text) => tryParseQuantity(text));
  if (min === undefined) return [required(at.child("min"), "required when validRange is defined")];
  const errors: FieldError[] = [];
  const refuse = (wrong: boolean, field: string, shown: Quantity, why: string) => {
    if (wrong) errors.push(invalidValue(at.child(field), shown.toString(), why));
  };
  refuse(min.cmp(capacity) > 0, "min", min, `min is larger than capacity value: ${capacity.toString()}`);
  refuse(value.cmp(min) < 0, "min", value, `default is less than min: ${min.toString()}`);
  if (max !== undefined) {
    refuse(min.cmp(max) > 0, "max", min, `min is larger than max: ${max.toString()}`);
    refuse(max.cmp(capacity) > 0, "max", max, `max is larger than capacity value: ${capacity.toString()}`);
    refuse(value.cmp(max) > 0, "max", value, `default is more than max: ${max.toString()}`);
  }
  if (step === undefined) return errors;
  const once = min.add(step);
  const tooLarge = `one step ${once.toString()} is larger than capacity value: ${capacity.toString()}`;
  refuse(once.cmp(capacity) > 0, "step", step, tooLarge);
  const why = `value is not a multiple of a given step (${step.toString()}) from (${min.toString()})`;
  for (const each of max === undefined ? [value] : [value, max]) {
    const size = step.bigValue();
    refuse(size !== 0n && (each.bigValue() - min.bigValue()) % size !== 0n, "step", each, why);
  }
  return errors;
}

function validateCounters({ name, counters }: CounterSet, at: FieldPath): FieldError[] {
  return [
    ...(name ? label(name, at.child("name")) : [required(at.child("name"))]),
    ...validateCounterNames(counters, at.child("counters")),
  ];
}

function validateConsumption({ counterSet, counters }: DeviceCounterConsumption, at: FieldPath): FieldError[] {
  return [
    ...(counterSet ? label(counterSet, at.child("counterSet")) : [required(at.child("counterSet"))]),
    ...validateCounterNames(counters, at.child("counters")),
  ];
}

function validateCounterNames(counters: CounterSet["counters"] | undefined, at: FieldPath): FieldError[] {
  const names = Object.keys(counters ?? {});
  if (names.length === 0) return [required(at)];
  if (names.length > limits.counters) return [tooMany(at, names.length, limits.counters)];
  return names.flatMap((name) => label(name, at.key(name)));
}
