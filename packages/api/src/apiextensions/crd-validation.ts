/** Validation of CustomResourceDefinitions, with upstream's paths and texts. Source: apiextensions' validation/validation.go. */

import {
  deepEqual,
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  notSupported,
  path,
  pushAll,
  required,
  validateImmutableField,
} from "@kubets/apimachinery";
import { speaksReview } from "../admissionregistration/webhook-client-validation.ts";
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionNames,
  CustomResourceDefinitionSpec,
} from "../generated/types.ts";
import { validateApiApproval } from "./api-approval.ts";
import { isCrdConditionTrue } from "./conditions.ts";
import { isValidCABundle, validateConversion } from "./conversion-validation.ts";
import { internalSpec, schemasOf } from "./internal-spec.ts";
import { mapListFaults, setFaults } from "./list-schema-validation.ts";
import type { SchemaChecks } from "./rule-cost.ts";
import { openApiTypes } from "./schema-validation.ts";
import { isStructural, someSchema } from "./structural-schema.ts";
import { type VersionRules, validateVersionParts } from "./version-validation.ts";

const specPath = path("spec");

interface CrdRules extends Omit<VersionRules, "suppressRuleCost" | "allowTooManyFields"> {
  readonly requireImmutableNames: boolean;
  readonly requireSchema: boolean;
  readonly requireRecognizedVersion: boolean;
  readonly allowInvalidCABundle: boolean;
  /** Names of versions whose schema is as it was. */
  readonly unchanged: ReadonlySet<string>;
  readonly old: CustomResourceDefinitionSpec | undefined;
}

export function validateCrd(crd: CustomResourceDefinition, checks: SchemaChecks): FieldError[] {
  const rules: CrdRules = {
    checks,
    requireImmutableNames: false,
    requireSchema: true,
    requireRecognizedVersion: true,
    requireStructural: true,
    requireValidTypes: true,
    requirePrunedDefaults: true,
    requireAtomicSets: true,
    requireMapKeys: true,
    allowInvalidCABundle: true,
    unchanged: new Set(),
    old: undefined,
  };
  return validate(crd, undefined, rules);
}

/** The name is `plural.group`: complaints beyond those of any name. */
export function validateCrdName({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const wanted = `${spec?.names?.plural ?? ""}.${spec?.group ?? ""}`;
  if (metadata?.name === wanted) return [];
  return [invalidValue(path("metadata.name"), metadata?.name ?? "", 'must be spec.names.plural+"."+spec.group')];
}

/** What is stored already and would not be accepted any more does not become an error by an update. */
export function validateCrdUpdate(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition,
  checks: SchemaChecks,
): FieldError[] {
  const was = old.spec;
  const before = was === undefined ? [] : schemasOf(was);
  const some = (found: Parameters<typeof someSchema>[1]) => before.some((schema) => someSchema(schema, found));
  const reviewVersions = was?.conversion?.webhook?.conversionReviewVersions ?? [];
  const rules: CrdRules = {
    checks,
    requireImmutableNames: isCrdConditionTrue(old, "Established"),
    requireSchema: before.length === (was?.versions?.length ?? 0),
    requireRecognizedVersion: reviewVersions.length === 0 || speaksReview(reviewVersions),
    requireStructural: before.every((schema) => isStructural(schema, checks.patternFault)),
    requireValidTypes: !some(({ type = "" }) => type !== "" && !openApiTypes.includes(type)),
    requirePrunedDefaults: !before.some((schema) => hasUnprunedDefaults(schema, checks)),
    requireAtomicSets: !some((schema) => setFaults(schema, path()).length > 0),
    requireMapKeys: !some((schema) => mapListFaults(schema, path()).length > 0),
    allowInvalidCABundle: allowsInvalidBundle(old),
    unchanged: unchangedSchemas(crd.spec, was),
    old: was,
  };
  return validate(crd, old, rules);
}

function hasUnprunedDefaults(schema: Parameters<typeof isStructural>[0], checks: SchemaChecks): boolean {
  const defaults = someSchema(schema, (each) => each.default !== undefined && each.default !== null);
  return defaults && isStructural(schema, checks.patternFault) && checks.hasUnprunedDefaults(schema);
}

function allowsInvalidBundle(old: CustomResourceDefinition): boolean {
  if (!isCrdConditionTrue(old, "Established")) return true;
  return !isValidCABundle(old.spec?.conversion?.webhook?.clientConfig?.caBundle);
}

function unchangedSchemas(
  spec: CustomResourceDefinitionSpec | undefined,
  old: CustomResourceDefinitionSpec | undefined,
): Set<string> {
  const before = new Map((old?.versions ?? []).map((version) => [version.name, version.schema]));
  const same = (spec?.versions ?? []).filter(
    ({ name, schema }) => before.has(name) && deepEqual(before.get(name), schema),
  );
  return new Set(same.map(({ name }) => name));
}

function validate(
  crd: CustomResourceDefinition,
  old: CustomResourceDefinition | undefined,
  rules: CrdRules,
): FieldError[] {
  const spec = crd.spec ?? { group: "", names: { kind: "", plural: "" }, scope: "", versions: [] };
  return [
    ...validateSpec(spec, rules),
    ...(old?.spec === undefined ? [] : validateFixed(spec, old.spec, rules.requireImmutableNames)),
    ...validateCrdStatus(crd),
    ...validateStoredVersions(crd),
    ...validateApiApproval(crd, old),
    ...preserving(spec, old?.spec),
  ];
}

function preserving(spec: CustomResourceDefinitionSpec, old: CustomResourceDefinitionSpec | undefined): FieldError[] {
  if (!spec.preserveUnknownFields || old?.preserveUnknownFields) return [];
  const why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
  return [invalidValue(specPath.child("preserveUnknownFields"), true, why)];
}

function validateFixed(
  { scope, names, group }: CustomResourceDefinitionSpec,
  old: CustomResourceDefinitionSpec,
  established: boolean,
): FieldError[] {
  return [
    ...(established ? validateImmutableField(scope, old.scope, specPath.child("scope")) : []),
    ...(established ? validateImmutableField(names?.kind, old.names?.kind, specPath.child("names", "kind")) : []),
    ...validateImmutableField(group, old.group, specPath.child("group")),
    ...validateImmutableField(names?.plural, old.names?.plural, specPath.child("names", "plural")),
  ];
}

export function validateCrdStatus({ status }: CustomResourceDefinition): FieldError[] {
  return validateNames(status?.acceptedNames ?? { kind: "", plural: "" }, path("status.acceptedNames"));
}

function validateStoredVersions({ spec, status }: CustomResourceDefinition): FieldError[] {
  const at = path("status.storedVersions");
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0) return [invalidValue(at, status?.storedVersions, "must have at least one stored version")];
  const versions = spec?.versions ?? [];
  const errors = versions
    .filter(({ name, storage }) => storage && !stored.includes(name))
    .map(({ name }) => invalidValue(at, stored, `must have the storage version ${name}`));
  for (const [i, name] of stored.entries()) {
    if (versions.some((version) => version.name === name)) continue;
    const why = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`;
    errors.push(invalidValue(at.index(i), name, why));
  }
  return errors;
}

function validateSpec(spec: CustomResourceDefinitionSpec, rules: CrdRules): FieldError[] {
  const errors = [...validateGroup(spec.group ?? "", specPath.child("group"))];
  const { scope = "" } = spec;
  if (scope === "") errors.push(required(specPath.child("scope")));
  else if (scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported(specPath.child("scope"), scope, ["Cluster", "Namespaced"]));
  }
  pushAll(errors, validateVersions(spec, structuralRules(spec, rules)));
  const { names = { kind: "", plural: "" } } = spec;
  for (const name of ["plural", "singular", "kind", "listKind"] as const) {
    if (!names[name]) errors.push(required(specPath.child("names", name)));
  }
  pushAll(errors, validateNames(names, specPath.child("names")));
  const { conversion } = spec;
  if (conversion === undefined) return errors;
  if (conversion.strategy !== "None" && spec.preserveUnknownFields) {
    const why = "must be None if spec.preserveUnknownFields is true";
    errors.push(invalidValue(specPath.child("conversion", "strategy"), conversion.strategy, why));
  }
  return [...errors, ...validateConversion(conversion, specPath.child("conversion"), rules)];
}

/** Pruning, defaults and extensions need structural schemas, whatever was there before. */
function structuralRules(spec: CustomResourceDefinitionSpec, rules: CrdRules): CrdRules {
  return rules.requireStructural || spec.preserveUnknownFields ? rules : { ...rules, requireStructural: true };
}

function validateGroup(group: string, at: FieldPath): FieldError[] {
  if (group === "") return [required(at)];
  const complaints = isDNS1123Subdomain(group);
  if (complaints.length > 0) return [invalidValue(at, group, complaints.join(","))];
  return group.includes(".") ? [] : [invalidValue(at, group, "should be a domain with at least one dot")];
}

function validateVersions(spec: CustomResourceDefinitionSpec, rules: CrdRules): FieldError[] {
  const at = specPath.child("versions");
  const errors: FieldError[] = [];
  const given = spec.versions ?? [];
  const { common, versions } = internalSpec(spec);
  for (const [i, { schema, served }] of given.entries()) {
    if (schema?.openAPIV3Schema !== undefined || !(rules.requireSchema || served)) continue;
    const where = at.index(i).child("schema", "openAPIV3Schema");
    errors.push(required(where, rules.requireSchema ? "" : "because otherwise all fields are pruned"));
  }
  for (const [i, version] of versions.entries()) {
    const where = at.index(i);
    const faults = isDNS1035Label(version.name ?? "");
    if (faults.length > 0) errors.push(invalidValue(where.child("name"), version.name ?? "", faults.join(",")));
    const all = given[i]!;
    pushAll(
      errors,
      deprecationFaults(all.deprecated === true, all.deprecationWarning, where.child("deprecationWarning")),
    );
    const status = (version.subresources ?? common.subresources)?.status !== undefined;
    pushAll(
      errors,
      validateVersionParts(version, status, where, where.child("schema"), partRules(rules, version.name)),
    );
  }
  const names = given.map(({ name }) => name);
  const shown = () => ((spec.versions as unknown) == null ? null : versions.map(printed));
  if (new Set(names).size < names.length) errors.push(invalidValue(at, shown(), "must contain unique version names"));
  if (given.filter(({ storage }) => storage).length !== 1) {
    errors.push(invalidValue(at, shown(), "must have exactly one version marked as storage version"));
  }
  const first = names[0] ?? "";
  // Upstream's object still has the field that was there before there were versions.
  const firstFaults = first === "" ? [] : isDNS1035Label(first);
  if (firstFaults.length > 0) errors.push(invalidValue(specPath.child("version"), first, firstFaults.join(",")));
  const anyStatus = given.some(({ subresources }) => subresources?.status !== undefined);
  pushAll(
    errors,
    validateVersionParts(common, anyStatus, specPath, specPath.child("validation"), partRules(rules, first)),
  );
  return errors;
}

function partRules(rules: CrdRules, version: string): VersionRules {
  const old = rules.old?.versions?.find(({ name }) => name === version)?.selectableFields;
  return { ...rules, suppressRuleCost: rules.unchanged.has(version), allowTooManyFields: old };
}

/** A version as Go prints it in an error. */
function printed(version: ReturnType<typeof internalSpec>["versions"][number]): object {
  const { name, served, storage, schema, subresources, additionalPrinterColumns, selectableFields } = version;
  return {
    Name: name,
    Served: served ?? false,
    Storage: storage ?? false,
    Deprecated: false,
    DeprecationWarning: null,
    Schema: schema === undefined ? null : { OpenAPIV3Schema: schema.openAPIV3Schema ?? null },
    Subresources: subresources ?? null,
    AdditionalPrinterColumns: additionalPrinterColumns ?? null,
    SelectableFields: selectableFields ?? null,
  };
}

const unprintable = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u;

function deprecationFaults(deprecated: boolean, warning: string | undefined, at: FieldPath): FieldError[] {
  if (warning === undefined) return [];
  if (!deprecated) return [invalidValue(at, warning, "can only be set for deprecated versions")];
  const complaints: string[] = [];
  if (Buffer.byteLength(warning) > 256) complaints.push("must be <= 256 characters long");
  if (warning === "") complaints.push("must not be an empty string");
  const match = unprintable.exec(warning);
  if (match !== null) {
    const index = Buffer.byteLength(warning.slice(0, match.index));
    const why = `must only contain printable UTF-8 characters; non-printable character found at index ${index}`;
    complaints.push(why);
  }
  return complaints.map((why) => invalidValue(at, warning, why));
}

function validateNames(names: CustomResourceDefinitionNames, at: FieldPath): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ["plural", "singular", "kind", "listKind"] as const) {
    const value = names[field] ?? "";
    const mixed = field === "kind" || field === "listKind";
    const complaints = value === "" ? [] : isDNS1035Label(mixed ? value.toLowerCase() : value);
    if (complaints.length === 0) continue;
    const why = `${mixed ? "may have mixed case, but should otherwise match: " : ""}${complaints.join(",")}`;
    errors.push(invalidValue(at.child(field), value, why));
  }
  for (const [i, name] of (names.shortNames ?? []).entries())
    pushAll(errors, labelFaults(name, at.child("shortNames").index(i)));
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalidValue(at.child("listKind"), names.listKind, "kind and listKind may not be the same"));
  }
  for (const [i, name] of (names.categories ?? []).entries())
    pushAll(errors, labelFaults(name, at.child("categories").index(i)));
  return errors;
}

function labelFaults(name: string, at: FieldPath): FieldError[] {
  const complaints = isDNS1035Label(name);
  return complaints.length === 0 ? [] : [invalidValue(at, name, complaints.join(","))];
}
