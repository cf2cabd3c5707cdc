/** StorageVersion (which version each API server writes) and StorageVersionMigration (rewrite everything in today's). */

import { type FieldError, path, required, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { validateConditions } from "../core/condition-validation.ts";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";
import type { StorageVersionMigrationV1beta1, StorageVersionV1alpha1 } from "../generated/unstable-types.ts";
import { specStrategy, statusStrategy } from "../strategy.ts";

type Migration = StorageVersionMigrationV1beta1;

function versionsText({ status }: StorageVersionV1alpha1): string {
  const versions = status?.storageVersions ?? [];
  const texts = versions.map(({ apiServerID, encodingVersion }) => `${apiServerID}=${encodingVersion}`);
  return texts.length === 0 ? "<unset>" : texts.join(",");
}

export function storageVersionDefinition(version: string): ResourceDefinition<StorageVersionV1alpha1> {
  return define<StorageVersionV1alpha1>("internal.apiserver.k8s.io", version, "storageversions", {
    strategy: specStrategy<StorageVersionV1alpha1>({ allowUnconditionalUpdate: false }, { generationOf: [] }),
    status: statusStrategy<StorageVersionV1alpha1>(),
    columns: [
      nameColumn,
      column(
        "CommonEncodingVersion",
        ({ status }: StorageVersionV1alpha1) => status?.commonEncodingVersion ?? "<unset>",
      ),
      column("StorageVersions", versionsText),
      ageColumn,
    ],
  });
}

const resourcePath = path("spec.resource");

function validate({ spec }: Migration): FieldError[] {
  return spec?.resource?.resource ? [] : [required(resourcePath.child("resource"), "resource is required to be set")];
}

function resourceText({ spec }: Migration): string {
  const { group = "", resource = "" } = spec?.resource ?? {};
  return group === "" ? resource : `${resource}.${group}`;
}

export function storageVersionMigrationDefinition(version: string): ResourceDefinition<Migration> {
  return define<Migration>("storagemigration.k8s.io", version, "storageversionmigrations", {
    strategy: specStrategy<Migration>(
      {
        validate,
        validateUpdate: (migration, old) => validateImmutableField(migration.spec, old.spec, path("spec")),
        allowUnconditionalUpdate: false,
      },
      { generationOf: [] },
    ),
    status: statusStrategy<Migration>({
      validate: ({ status }) => validateConditions(status?.conditions, path("status.conditions")),
    }),
    columns: [nameColumn, column("Resource", resourceText)],
  });
}
