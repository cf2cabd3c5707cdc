/**
 * A CRD's spec as upstream's validation sees it: what all versions have in common stands at the top, and so do the paths of what is wrong with it.
 * Source: apiextensions/v1/conversion.go.
 */

import { deepEqual } from "@kubets/apimachinery";
import type { CustomResourceDefinitionSpec, CustomResourceDefinitionVersion } from "../generated/types.ts";
import type { JSONSchemaProps } from "./structural-schema.ts";

export type VersionParts = Pick<
  CustomResourceDefinitionVersion,
  "schema" | "subresources" | "additionalPrinterColumns" | "selectableFields"
>;

export interface InternalSpec {
  readonly common: VersionParts;
  /** In the order of the spec's versions. */
  readonly versions: readonly (VersionParts & Pick<CustomResourceDefinitionVersion, "name" | "served" | "storage">)[];
}

const partNames = ["schema", "subresources", "additionalPrinterColumns", "selectableFields"] as const;

export function internalSpec({ versions = [] }: Partial<CustomResourceDefinitionSpec>): InternalSpec {
  const first = versions[0];
  const common: Record<string, unknown> = {};
  const own = versions.map((version): Record<string, unknown> => ({ ...version }));
  for (const part of partNames) {
    if (first === undefined || !versions.every((version) => deepEqual(version[part], first[part]))) continue;
    common[part] = first[part];
    for (const version of own) delete version[part];
  }
  return { common: common as VersionParts, versions: own as unknown as InternalSpec["versions"] };
}

/** All schemas there are. */
export function schemasOf({ versions = [] }: Partial<CustomResourceDefinitionSpec>): JSONSchemaProps[] {
  return versions.flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema]));
}
