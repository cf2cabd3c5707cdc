/** CustomResourceDefinition, as an object of its own; what it defines is made elsewhere. */

import { define } from "../define.ts";
import type { ResourceDefinition, Strategy } from "../definition.ts";
import type { CustomResourceDefinition } from "../generated/types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";
import { storageVersionOf } from "./conditions.ts";
import { validateCrd, validateCrdName, validateCrdStatus, validateCrdUpdate } from "./crd-validation.ts";
import { crdWarnings } from "./crd-warnings.ts";
import { normalizeSchema } from "./normal-schema.ts";
import type { SchemaChecks } from "./rule-cost.ts";

/** Takes every pattern, default and rule: for readers of definitions, which validate nothing. */
const noChecks: SchemaChecks = {
  patternFault: () => undefined,
  validateDefaults: () => [],
  hasUnprunedDefaults: () => false,
  compileRules: (schema) =>
    (schema["x-kubernetes-validations"] ?? []).map(() => ({ maxCost: 0, maxCardinality: 0, usesOldSelf: true })),
};

function setDefaults(crd: CustomResourceDefinition): void {
  const { spec } = crd;
  if (spec === undefined) return;
  const { names } = spec;
  for (const { schema } of spec.versions ?? []) {
    if (schema?.openAPIV3Schema !== undefined) normalizeSchema(schema.openAPIV3Schema);
  }
  if (names?.kind) {
    names.singular ||= names.kind.toLowerCase();
    names.listKind ||= `${names.kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
  if ((crd.status?.storedVersions?.length ?? 0) === 0) keepStoredVersion(crd);
}

/** A version that objects were stored in is known until a migration says that none are left. */
function keepStoredVersion(crd: CustomResourceDefinition): void {
  const name = storageVersionOf(crd)?.name;
  if (name === undefined) return;
  crd.status ??= {};
  const stored = crd.status.storedVersions ?? [];
  if (!stored.includes(name)) crd.status.storedVersions = [...stored, name];
}

function strategyWith(checks: SchemaChecks): Strategy<CustomResourceDefinition> {
  const rules: Strategy<CustomResourceDefinition> = {
    setDefaults,
    prepareForCreate: (crd) => {
      keepStoredVersion(crd);
      crd.status ??= {};
      // Go has no list yet, and says so.
      (crd.status as { conditions: unknown }).conditions ??= null;
    },
    prepareForUpdate: keepStoredVersion,
    validate: (crd) => [...validateCrdName(crd), ...validateCrd(crd, checks)],
    validateUpdate: (crd, old) => validateCrdUpdate(crd, old, checks),
    warnings: crdWarnings,
    allowUnconditionalUpdate: false,
  };
  return specStrategy(rules);
}

/** The definition whose strategy checks patterns, defaults and rules with `checks`. */
export function crdDefinitionWith(checks: SchemaChecks): ResourceDefinition<CustomResourceDefinition> {
  return { ...customResourceDefinitionDefinition, strategy: strategyWith(checks) };
}

export const customResourceDefinitionDefinition = define<CustomResourceDefinition>(
  "apiextensions.k8s.io",
  "v1",
  "customresourcedefinitions",
  {
    shortNames: ["crd", "crds"],
    categories: ["api-extensions"],
    storagePath: "apiextensions.k8s.io/customresourcedefinitions",
    strategy: strategyWith(noChecks),
    status: statusStrategy<CustomResourceDefinition>({ validate: validateCrdStatus }),
  },
);
