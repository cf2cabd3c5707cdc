/** The shape of a CustomResourceDefinition; its schemas are checked by what turns it into a resource. Source: apiextensions' validation. */

import {
  type FieldError,
  type FieldPath,
  invalidValue,
  isDNS1035Label,
  isDNS1123Subdomain,
  notSupported,
  path,
  required,
  validateImmutableField,
} from "@kubets/apimachinery";
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from "../generated/types.ts";

const specPath = path("spec");

export function validateCrd({ metadata, spec }: CustomResourceDefinition): FieldError[] {
  const { group = "", names, scope = "", versions = [] } = spec ?? {};
  const errors: FieldError[] = [];
  const wanted = `${names?.plural ?? ""}.${group}`;
  if (metadata?.name !== wanted) {
    errors.push(invalidValue(path("metadata.name"), metadata?.name ?? "", 'must be spec.names.plural+"."+spec.group'));
  }
  errors.push(...validateGroup(group, specPath.child("group")));
  if (scope === "") errors.push(required(specPath.child("scope")));
  else if (scope !== "Cluster" && scope !== "Namespaced") {
    errors.push(notSupported(specPath.child("scope"), scope, ["Cluster", "Namespaced"]));
  }
  return [...errors, ...validateVersions(versions), ...validateNames(names ?? { kind: "", plural: "" })];
}

function validateGroup(group: string, at: FieldPath): FieldError[] {
  if (group === "") return [required(at)];
  const complaints = isDNS1123Subdomain(group);
  if (complaints.length > 0) return [invalidValue(at, group, complaints.join(","))];
  return group.includes(".") ? [] : [invalidValue(at, group, "should be a domain with at least one dot")];
}

function validateVersions(versions: readonly CustomResourceDefinitionVersion[]): FieldError[] {
  const at = specPath.child("versions");
  const errors: FieldError[] = [];
  for (const [i, version] of versions.entries()) {
    const { name = "", schema } = version;
    for (const why of isDNS1035Label(name)) errors.push(invalidValue(at.index(i).child("name"), name, why));
    if (schema?.openAPIV3Schema === undefined) {
      errors.push(required(at.index(i).child("schema", "openAPIV3Schema"), "schemas are required"));
    }
  }
  if (new Set(versions.map((version) => version.name)).size < versions.length) {
    errors.push(
      invalidValue(
        at,
        versions.map((version) => version.name),
        "must contain unique version names",
      ),
    );
  }
  if (versions.filter((version) => version.storage).length !== 1) {
    errors.push(
      invalidValue(
        at,
        versions.map((version) => version.name),
        "must have exactly one version marked as storage version",
      ),
    );
  }
  return errors;
}

type Names = NonNullable<CustomResourceDefinition["spec"]>["names"];

function validateNames(names: Names): FieldError[] {
  const at = specPath.child("names");
  const label = (field: "plural" | "singular" | "kind" | "listKind", needed: boolean) => {
    const value = names[field] ?? "";
    if (value === "") return needed ? [required(at.child(field))] : [];
    return isDNS1035Label(value.toLowerCase()).map((why) => {
      const detail =
        field === "kind" || field === "listKind" ? `may have mixed case, but should otherwise match: ${why}` : why;
      return invalidValue(at.child(field), value, detail);
    });
  };
  const errors = [
    ...label("plural", true),
    ...label("singular", false),
    ...label("kind", true),
    ...label("listKind", false),
  ];
  for (const field of ["shortNames", "categories"] as const) {
    for (const [i, name] of (names[field] ?? []).entries()) {
      errors.push(...isDNS1035Label(name).map((why) => invalidValue(at.child(field).index(i), name, why)));
    }
  }
  if (names.kind && names.kind === names.listKind) {
    errors.push(invalidValue(at.child("listKind"), names.listKind, "kind and listKind may not be the same"));
  }
  return errors;
}

/** What stored objects depend on stays. */
export function validateCrdUpdate(crd: CustomResourceDefinition, old: CustomResourceDefinition): FieldError[] {
  const established = old.status?.conditions?.some((c) => c.type === "Established" && c.status === "True") ?? false;
  const fixed = established
    ? [
        ...validateImmutableField(crd.spec?.scope, old.spec?.scope, specPath.child("scope")),
        ...validateImmutableField(crd.spec?.names?.kind, old.spec?.names?.kind, specPath.child("names", "kind")),
      ]
    : [];
  return [
    ...validateCrd(crd),
    ...fixed,
    ...validateImmutableField(crd.spec?.group, old.spec?.group, specPath.child("group")),
    ...validateImmutableField(crd.spec?.names?.plural, old.spec?.names?.plural, specPath.child("names", "plural")),
  ];
}
