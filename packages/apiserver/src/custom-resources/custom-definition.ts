/** A version of a CRD as the definition of a resource. */

import type { CustomResourceDefinition, ResourceDefinition, Verb } from "@kubets/api";
import { storageVersionOf } from "@kubets/api/apiextensions";
import { put } from "@kubets/apimachinery";
import { compareVersions } from "../discovery/resource-list.ts";
import { columnsOf } from "./columns.ts";
import { strategiesOf } from "./custom-strategy.ts";
import { JsonPathError, parseJsonPath } from "./json-path.ts";
import type { VersionSchema } from "./version-schema.ts";

/** In the order in which upstream's discovery has them. */
const verbs: readonly Verb[] = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

/** Where objects of a CRD live in the store, below `/registry/`. */
function storagePathOf({ spec }: CustomResourceDefinition): string {
  return `${spec!.group}/${spec!.names.plural}`;
}

export function customDefinition(crd: CustomResourceDefinition, schema: VersionSchema): ResourceDefinition {
  const { spec, status } = crd;
  const names = status?.acceptedNames ?? spec!.names;
  const { version } = schema;
  const { scale } = version.subresources ?? {};
  const warning = version.deprecated ? (version.deprecationWarning ?? deprecationOf(crd, version.name)) : undefined;
  return {
    group: spec!.group,
    version: version.name,
    kind: names.kind,
    listKind: names.listKind ?? `${names.kind}List`,
    plural: names.plural,
    singular: names.singular ?? names.kind.toLowerCase(),
    shortNames: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: spec!.scope === "Namespaced",
    verbs,
    schema: schema.merged,
    storagePath: storagePathOf(crd),
    stored: { group: spec!.group, version: storageVersionOf(crd)?.name ?? version.name },
    ...strategiesOf(schema),
    ...(scale === undefined ? {} : { scale }),
    subresources: [],
    selectableFields: selectableFieldsOf(version.selectableFields ?? []),
    columns: columnsOf(version),
    ...(warning === undefined ? {} : { deprecationWarning: warning }),
  };
}

function selectableFieldsOf(fields: readonly { readonly jsonPath: string }[]): ResourceDefinition["selectableFields"] {
  const all: Record<string, (object: object) => string> = {};
  for (const { jsonPath } of fields) put(all, jsonPath.replace(/^\./, ""), reader(jsonPath));
  return all;
}

function reader(jsonPath: string): (object: object) => string {
  try {
    const path = parseJsonPath(jsonPath);
    return (object) => {
      const [value] = path(object);
      return value === undefined || value === null ? "" : String(value);
    };
  } catch (error) {
    if (!(error instanceof JsonPathError)) throw error;
    return () => "";
  }
}

function deprecationOf({ spec }: CustomResourceDefinition, version: string): string {
  const { group, names, versions } = spec!;
  const better = versions
    .filter((each) => each.served && !each.deprecated && compareVersions(each.name, version) < 0)
    .map(({ name }) => name)
    .sort(compareVersions)[0];
  const text = `${group}/${version} ${names.kind} is deprecated`;
  return better === undefined ? text : `${text}; use ${group}/${better} ${names.kind}`;
}
