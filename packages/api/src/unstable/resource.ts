/** Resource kinds that v1 has not, and the first form of those it has. Source: pkg/apis/resource. */

import {
  type FieldError,
  type FieldPath,
  type KubeObject,
  path,
  required,
  tooMany,
  validateImmutableField,
} from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateConditions } from "../core/condition-validation.ts";
import { driverName } from "../core/name-checks.ts";
import { define } from "../define.ts";
import type { ResourceDefinition, StatusStrategy, Strategy } from "../definition.ts";
import type {
  DeviceTaintRuleV1beta2,
  DeviceTaintSelectorV1beta2,
  ResourcePoolStatusRequestV1alpha3,
} from "../generated/unstable-types.ts";
import { label, poolName, validateTaint } from "../resource/checks.ts";
import { resourceToV1, resourceToV1beta1 } from "../resource/conversion.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

type TaintRule = DeviceTaintRuleV1beta2;
type PoolRequest = ResourcePoolStatusRequestV1alpha3;

const group = "resource.k8s.io";
const specPath = path("spec");
const maxConditions = 8;

function validateSelector(selector: DeviceTaintSelectorV1beta2, at: FieldPath): FieldError[] {
  const { driver, pool, device } = selector;
  return [
    ...(driver === undefined ? [] : driverName(at.child("driver"), driver)),
    ...(pool === undefined ? [] : poolName(pool, at.child("pool"))),
    ...(device === undefined ? [] : label(device, at.child("device"))),
  ];
}

function validateTaintRule({ spec }: TaintRule): FieldError[] {
  const { deviceSelector, taint = { key: "", effect: "" } } = spec ?? {};
  return [
    ...(deviceSelector === undefined ? [] : validateSelector(deviceSelector, specPath.child("deviceSelector"))),
    ...validateTaint(taint, specPath.child("taint")),
  ];
}

export function deviceTaintRuleDefinition(version: string): ResourceDefinition<TaintRule> {
  return define<TaintRule>(group, version, "devicetaintrules", {
    stored: { group, version: "v1beta2" },
    strategy: specStrategy<TaintRule>({ validate: validateTaintRule, validateUpdate: validateTaintRule }),
    status: statusStrategy<TaintRule>({
      keepsMetadata: true,
      validate({ status }) {
        const at = path("status.conditions");
        const conditions = status?.conditions ?? [];
        const errors = validateConditions(conditions, at);
        return conditions.length > maxConditions ? [...errors, tooMany(at, conditions.length, maxConditions)] : errors;
      },
    }),
    columns: [nameColumn, ageColumn],
  });
}

export function resourcePoolStatusRequestDefinition(version: string): ResourceDefinition<PoolRequest> {
  return define<PoolRequest>(group, version, "resourcepoolstatusrequests", {
    strategy: specStrategy<PoolRequest>({
      validate: ({ spec }) => [
        ...driverName(specPath.child("driver"), spec?.driver ?? ""),
        ...(spec?.poolName === undefined ? [] : poolName(spec.poolName, specPath.child("poolName"))),
      ],
      validateUpdate: (request, old) => validateImmutableField(request.spec, old.spec, specPath),
    }),
    status: statusStrategy<PoolRequest>({
      keepsMetadata: true,
      validate: ({ status }) =>
        status === undefined
          ? [required(path("status"))]
          : validateConditions(status.conditions, path("status.conditions")),
    }),
    columns: [
      nameColumn,
      column("Driver", ({ spec }: PoolRequest) => spec?.driver ?? ""),
      column("Pool", ({ spec }: PoolRequest) => spec?.poolName ?? ""),
      ageColumn,
    ],
  });
}

/** v1's rules for v1beta1: each is asked about the object as v1 has it, and what it changes is written back. */
export function asV1beta1<T extends KubeObject>(stable: ResourceDefinition<T>): ResourceDefinition<T> {
  const { strategy, status, scale: _, columns = [], selectableFields, storagePath } = stable;
  const { group, plural, kind, version } = stable;
  const toStored = (object: KubeObject) => resourceToV1({ ...object, kind });
  const fromStored = (object: KubeObject) => resourceToV1beta1({ ...object, kind });
  const toV1 = (object: T): T => ({ ...toStored(object) }) as T;
  const writeBack = (object: T, changed: T) => Object.assign(object, fromStored(changed));
  const wrap = <S extends Strategy<T> | StatusStrategy<T>>(rules: S): S => {
    const { setDefaults, validate, ...others } = rules as Strategy<T>;
    return {
      ...others,
      ...(setDefaults && {
        setDefaults(object: T) {
          const changed = toV1(object);
          setDefaults(changed);
          writeBack(object, changed);
        },
      }),
      ...(validate && { validate: (object: T) => validate(toV1(object)) }),
      ...(rules.validateUpdate && {
        validateUpdate: (object: T, old: T) => rules.validateUpdate!(toV1(object), toV1(old)),
      }),
    } as unknown as S;
  };
  return define<T>(group, "v1beta1", plural, {
    stored: { group, version, convert: { toStored, fromStored } },
    strategy: wrap(strategy),
    ...(status === undefined ? {} : { status: wrap(status) }),
    selectableFields,
    storagePath,
    columns,
    shortNames: stable.shortNames,
    categories: stable.categories,
  });
}
