/** LimitRange and ResourceQuota. */

import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { LimitRange, LimitRangeItem, ResourceQuota } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { validateLimitRange, validateQuota, validateQuotaUpdate } from "./limits-validation.ts";

/** For containers: the default limit is the maximum; the default request is the default limit, or else the minimum. */
function setItemDefaults(item: LimitRangeItem): void {
  if (item.type !== "Container") return;
  item.default = { ...item.max, ...item.default };
  item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
}

export const limitRangeDefinition = define<LimitRange>("", "v1", "limitranges", {
  shortNames: ["limits"],
  strategy: {
    setDefaults(range) {
      for (const item of range.spec?.limits ?? []) setItemDefaults(item);
    },
    validate: validateLimitRange,
    validateUpdate: validateLimitRange,
    allowCreateOnUpdate: true,
  },
});

/** `requests.cpu: 1/2, pods: 3/10`; `limits.*` have a column of their own. */
function quotaText(quota: ResourceQuota, limits: boolean): string {
  const { hard = {}, used = {} } = quota.status ?? {};
  const names = Object.keys(hard).filter((name) => name.startsWith("limits.") === limits);
  return names
    .sort()
    .map((name) => `${name}: ${used[name] ?? "0"}/${hard[name]}`)
    .join(", ");
}

export const resourceQuotaDefinition = define<ResourceQuota>("", "v1", "resourcequotas", {
  shortNames: ["quota"],
  strategy: specStrategy<ResourceQuota>(
    { validate: validateQuota, validateUpdate: validateQuotaUpdate },
    { generationOf: [] },
  ),
  status: statusStrategy<ResourceQuota>(),
  columns: [
    nameColumn,
    column("Request", (quota: ResourceQuota) => quotaText(quota, false)),
    column("Limit", (quota: ResourceQuota) => quotaText(quota, true)),
    ageColumn,
  ],
});
