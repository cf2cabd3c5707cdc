/** Makes a ResourceDefinition from the generated table and what is written by hand about a kind. */

import type { KubeObject } from "@kubets/apimachinery";
import { createdAtColumn, nameColumn } from "./columns.ts";
import type { Column, NamedSubresource, ResourceDefinition, Verb } from "./definition.ts";
import { type ResourceTableRow, resourceTable, unstableResourceTable } from "./generated/resource-table.ts";
import { schemaRef } from "./schema-set.ts";
import { statusStrategy } from "./strategy.ts";

type Given<T extends KubeObject> = Pick<
  ResourceDefinition<T>,
  "strategy" | "status" | "scale" | "columns" | "rowConditions" | "virtual" | "stored"
>;

export interface Rules<T extends KubeObject> extends Partial<Given<T>> {
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Default: the plural. */
  readonly storagePath?: string;
  readonly selectableFields?: ResourceDefinition<T>["selectableFields"];
}

/** Upstream's default table, for kinds it has no printer for: the creation time is printed as it is. */
export const defaultColumns: readonly Column[] = [nameColumn, createdAtColumn];

/** What upstream's discovery says of subresources that are connections. */
const connections: Readonly<Record<string, { suffix: string; verbs: readonly Verb[] }>> = {
  attach: { suffix: "AttachOptions", verbs: ["create", "get"] },
  exec: { suffix: "ExecOptions", verbs: ["create", "get"] },
  portforward: { suffix: "PortForwardOptions", verbs: ["create", "get"] },
  proxy: { suffix: "ProxyOptions", verbs: ["create", "delete", "get", "patch", "update"] },
};

/**
 * The definition of a built-in resource: verbs, scope and subresources from the generated table; the rest from `rules`.
 * @throws Error when the table has no such resource: a mistake in this package.
 */
export function define<T extends KubeObject>(
  group: string,
  version: string,
  plural: string,
  rules: Rules<T> = {},
): ResourceDefinition<T> {
  const isRow = (r: ResourceTableRow) => r.plural === plural && r.group === group && r.version === version;
  const row = resourceTable.find(isRow) ?? unstableResourceTable.find(isRow);
  if (row === undefined) throw new Error(`no resource ${plural} in ${group}/${version}`);
  const { shortNames = [], categories = [], storagePath = plural, selectableFields = {}, strategy = {} } = rules;
  const { stored } = rules;
  const isStoredItself = stored === undefined || (stored.group === group && stored.version === version);
  const hasStatus = row.subresources.some((sub) => sub.name === "status");
  return {
    group,
    version,
    kind: row.kind,
    listKind: `${row.kind}List`,
    plural,
    singular: row.kind.toLowerCase(),
    shortNames,
    categories,
    namespaced: row.namespaced,
    verbs: row.verbs,
    schema: schemaRef(row.definition),
    storagePath,
    ...(isStoredItself ? {} : { stored }),
    strategy,
    ...(hasStatus ? { status: rules.status ?? statusStrategy<T>() } : {}),
    ...(rules.scale === undefined ? {} : { scale: rules.scale }),
    subresources: namedSubresources(row),
    selectableFields,
    columns: rules.columns ?? defaultColumns,
    ...(rules.rowConditions === undefined ? {} : { rowConditions: rules.rowConditions }),
    ...(rules.virtual === undefined ? {} : { virtual: rules.virtual }),
  };
}

function namedSubresources(row: ResourceTableRow): NamedSubresource[] {
  const named = row.subresources.filter((sub) => sub.name !== "status" && sub.name !== "scale");
  return named.map(({ name, group, version, kind, verbs }) => {
    const connection = connections[name];
    if (connection !== undefined) return { name, kind: row.kind + connection.suffix, verbs: connection.verbs };
    if (kind === undefined || kind === row.kind) return { name, kind: row.kind, verbs };
    return {
      name,
      ...(group === undefined ? {} : { group }),
      ...(version === undefined ? {} : { version }),
      kind,
      verbs,
    };
  });
}
