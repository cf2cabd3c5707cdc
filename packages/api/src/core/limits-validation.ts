/** Validation of LimitRanges and ResourceQuotas. Source: pkg/apis/core/validation. */

import {
  deepEqual,
  duplicate,
  type FieldError,
  type FieldPath,
  fieldImmutable,
  forbiddenField,
  invalidValue,
  isQualifiedName,
  path,
  pushAll,
  type Quantity,
  required,
  seenBefore,
  tryParseQuantity,
} from "@kubets/apimachinery";
import type { LimitRange, LimitRangeItem, ResourceQuota } from "../generated/types.ts";
import {
  isIntegerResource,
  isOvercommitAllowed,
  isStandardContainerResource,
  isStandardResource,
} from "./container-resource-names.ts";
import { validateQuotaScopes, validateScopeSelector } from "./quota-scope-validation.ts";

function validateResourceName(name: string, at: FieldPath): FieldError[] {
  const errors = isQualifiedName(name).map((why) => invalidValue(at, name, why));
  if (errors.length > 0 || name.includes("/") || isStandardResource(name)) return errors;
  return [invalidValue(at, name, "must be a standard resource type or fully qualified")];
}

const limitTypes = ["Pod", "Container", "PersistentVolumeClaim"];

export function validateLimitRange({ spec }: LimitRange): FieldError[] {
  const limits = spec?.limits ?? [];
  const seen = seenBefore<string>();
  return limits.flatMap((item, index) => {
    const at = path("spec.limits").index(index);
    return [
      ...validateType(item.type ?? "", at.child("type")),
      ...(seen(item.type) ? [duplicate(at.child("type"), item.type)] : []),
      ...validateItem(item, at),
    ];
  });
}

function validateType(type: string, at: FieldPath): FieldError[] {
  const errors = isQualifiedName(type).map((why) => invalidValue(at, type, why));
  if (errors.length > 0 || type.includes("/") || limitTypes.includes(type)) return errors;
  return [invalidValue(at, type, "must be a standard limit type or fully qualified")];
}

const itemFields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"] as const;

function validateItem(item: LimitRangeItem, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const field of itemFields) {
    const isPodDefault = item.type === "Pod" && (field === "default" || field === "defaultRequest");
    const list = Object.keys(item[field] ?? {});
    if (isPodDefault) {
      if (list.length > 0) errors.push(forbiddenField(at.child(field), "may not be specified when `type` is 'Pod'"));
      continue;
    }
    for (const name of list) {
      names.add(name);
      pushAll(errors, validateLimitName(item.type ?? "", name, at.child(field).key(name)));
    }
  }
  if (
    item.type === "PersistentVolumeClaim" &&
    item.min?.["storage"] === undefined &&
    item.max?.["storage"] === undefined
  ) {
    const why = "either minimum or maximum storage value is required, but neither was provided";
    errors.push(required(at.child("limits"), why));
  }
  return [...errors, ...[...names].sort().flatMap((name) => validateBounds(item, name, at))];
}

function validateLimitName(type: string, name: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at);
  const container = type === "Pod" || type === "Container";
  if (errors.length > 0 || !container || name.includes("/") || isStandardContainerResource(name)) return errors;
  return [invalidValue(at, name, "must be a standard resource for containers")];
}

type Bound = "min" | "max" | "default" | "defaultRequest";

/** Pairs that must be in order: the lower and upper bound with their names in messages, the field blamed, and whose value is shown. */
const orders: readonly (readonly [
  low: Bound,
  lowName: string,
  high: Bound,
  highName: string,
  at: Bound,
  shown: Bound,
])[] = [
  ["min", "min", "max", "max", "min", "min"],
  ["min", "min", "defaultRequest", "default request", "defaultRequest", "defaultRequest"],
  ["defaultRequest", "default request", "max", "max", "defaultRequest", "defaultRequest"],
  ["defaultRequest", "default request", "default", "default limit", "defaultRequest", "defaultRequest"],
  ["min", "min", "default", "default", "default", "min"],
  ["default", "default", "max", "max", "default", "max"],
];

function validateBounds(item: LimitRangeItem, name: string, at: FieldPath): FieldError[] {
  const { default: _, defaultRequest: __, ...ofPods } = item;
  const bounds: LimitRangeItem = item.type === "Pod" ? ofPods : item;
  const quantity = (field: (typeof itemFields)[number]): Quantity | undefined =>
    tryParseQuantity(bounds[field]?.[name]);
  const errors = orders.flatMap(([lowField, lowName, highField, highName, field, shown]) => {
    const [low, high] = [quantity(lowField), quantity(highField)];
    if (low === undefined || high === undefined || low.cmp(high) <= 0) return [];
    const why = `${lowName} value ${low.toString()} is greater than ${highName} value ${high.toString()}`;
    return [invalidValue(at.child(field).key(name), quantity(shown)?.toString(), why)];
  });
  const ratio = quantity("maxLimitRequestRatio");
  if (ratio !== undefined && ratio.milliValue() < 1000) {
    const why = `ratio ${ratio.toString()} is less than 1`;
    errors.push(invalidValue(at.child("maxLimitRequestRatio").key(name), ratio.toString(), why));
  }
  const [limit, request] = [quantity("default"), quantity("defaultRequest")];
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && limit.cmp(request) !== 0) {
    const why = `default value ${limit.toString()} must equal to defaultRequest value ${request.toString()} in ${name}`;
    errors.push(invalidValue(at.child("defaultRequest").key(name), request.toString(), why));
  }
  return errors;
}

const quotaNames = new Set([
  "cpu",
  "memory",
  "ephemeral-storage",
  "requests.cpu",
  "requests.memory",
  "requests.storage",
  "requests.ephemeral-storage",
  "limits.cpu",
  "limits.memory",
  "limits.ephemeral-storage",
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "persistentvolumeclaims",
  "configmaps",
  "services.nodeports",
  "services.loadbalancers",
]);

export function validateQuota({ spec }: ResourceQuota): FieldError[] {
  const errors = Object.entries(spec?.hard ?? {}).flatMap(([name, text]) =>
    validateQuotaResource(name, text, path("spec.hard").key(name)),
  );
  if (spec === undefined) return errors;
  const isStandard = (name: string) => quotaNames.has(name) || isQuotaHugePages(name);
  pushAll(errors, validateQuotaScopes(spec, path("spec.scopes"), isStandard));
  pushAll(errors, validateScopeSelector(spec, path("spec.scopeSelector.matchExpressions"), isStandard));
  return errors;
}

function isQuotaHugePages(name: string): boolean {
  return /^(requests\.)?hugepages-/.test(name);
}

function validateQuotaResource(name: string, text: string, at: FieldPath): FieldError[] {
  const errors = validateResourceName(name, at);
  const short = !name.includes("/");
  if (short && !quotaNames.has(name) && !isQuotaHugePages(name)) {
    errors.push(invalidValue(at, name, "must be a standard resource for quota"));
  }
  const quantity = tryParseQuantity(text);
  if (quantity === undefined) return errors;
  if (quantity.sign() < 0) errors.push(invalidValue(at, text, "must be greater than or equal to 0"));
  if (isIntegerResource(name) && quantity.milliValue() % 1000 !== 0) {
    errors.push(invalidValue(at, text, "must be an integer"));
  }
  return errors;
}

export function validateQuotaUpdate(quota: ResourceQuota, old: ResourceQuota): FieldError[] {
  const scopes = (q: ResourceQuota) => [...new Set(q.spec?.scopes ?? [])].sort();
  const errors = validateQuota(quota);
  if (deepEqual(scopes(quota), scopes(old))) return errors;
  return [...errors, invalidValue(path("spec.scopes"), quota.spec?.scopes, fieldImmutable)];
}
