/** What a server-side apply is told when others own what it wants to change. Texts: apimachinery's managedfields. */

import { StatusError } from "../status.ts";
import { type FieldSet, fieldPaths, formatFieldPath } from "./field-set.ts";
import type { Manager } from "./managers.ts";

export interface Conflict {
  readonly manager: Manager;
  /** The fields of it that the apply would change. */
  readonly fields: FieldSet;
}

function describe(m: Manager, version: string | undefined): string {
  const name =
    JSON.stringify(m.manager) + (m.subresource === "" ? "" : ` with subresource ${JSON.stringify(m.subresource)}`);
  return m.operation === "Apply" ? name : `${name} using ${version ?? m.apiVersion}`;
}

/**
 * The 409 for these conflicts, each field a cause.
 * @param version the managers' own are told when undefined
 */
export function conflictError(conflicts: readonly Conflict[], version?: string): StatusError {
  const lines = conflicts
    .map(({ manager, fields }) => ({ who: describe(manager, version), paths: fieldPaths(fields).map(formatFieldPath) }))
    .sort((a, b) => (a.who < b.who ? -1 : 1));
  const count = lines.reduce((sum, { paths }) => sum + paths.length, 0);
  const message =
    count === 1
      ? `Apply failed with 1 conflict: conflict with ${lines[0]?.who}: ${lines[0]?.paths[0]}`
      : `Apply failed with ${count} conflicts: ${lines
          .flatMap(({ who, paths }) => [`conflicts with ${who}:`, ...paths.map((path) => `- ${path}`)])
          .join("\n")}`;
  const causes = lines.flatMap(({ who, paths }) =>
    paths.map((field) => ({ reason: "FieldManagerConflict", message: `conflict with ${who}`, field })),
  );
  return new StatusError(409, "Conflict", message, { details: { causes } });
}
