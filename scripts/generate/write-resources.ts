/** Resource handles, and the table of verbs and subresources that the catalogue is built on. */

import type { Definition } from "./definitions.ts";
import type { Endpoint } from "./endpoints.ts";
import type { ApiGroup } from "./groups.ts";

export interface SubresourceRow {
  readonly name: string;
  /** Of what it takes and gives; undefined for streams. */
  readonly definition: Definition | undefined;
  readonly verbs: readonly string[];
}

export interface ResourceRow {
  readonly group: ApiGroup;
  readonly version: string;
  readonly plural: string;
  readonly definition: Definition;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly subresources: readonly SubresourceRow[];
}

/** An endpoint with its path taken apart. */
interface Place {
  readonly endpoint: Endpoint;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly named: boolean;
  readonly sub: string;
}

/** Rows of one group version by name, the order of upstream's discovery. */
export function readResources(
  group: ApiGroup,
  version: string,
  endpoints: readonly Endpoint[],
  definitions: ReadonlyMap<string, Definition>,
): ResourceRow[] {
  const root = group.group === "" ? `/api/${version}/` : `/apis/${group.group}/${version}/`;
  const places = endpoints.flatMap((endpoint) => locate(endpoint, root));
  const plurals = [...new Set(places.map((place) => place.plural))].sort();
  return plurals.map((plural) => {
    const own = places.filter((place) => place.plural === plural && place.sub === "");
    const subs = places.filter((place) => place.plural === plural && place.sub !== "");
    return {
      group,
      version,
      plural,
      definition: kindOf(plural, own, definitions),
      namespaced: own.some((place) => place.namespaced),
      verbs: verbsOf(own),
      subresources: [...new Set(subs.map((place) => place.sub))].sort().map((name) => {
        const ends = subs.filter((place) => place.sub === name);
        const first = ends[0]!.endpoint;
        return {
          name,
          definition: definitions.get(first.takes) ?? definitions.get(first.returns),
          verbs: verbsOf(ends),
        };
      }),
    };
  });
}

function locate(endpoint: Endpoint, root: string): Place[] {
  if (!endpoint.path.startsWith(root) || endpoint.path === root) return [];
  const tail = endpoint.path.slice(root.length);
  const match = /^(namespaces\/\{namespace\}\/)?([a-z]+)(\/\{name\})?(?:\/(\w+))?(?:\/\{path\})?$/.exec(tail);
  if (!match) return [];
  const [, namespace, plural = "", name, sub = ""] = match;
  return [{ endpoint, plural, namespaced: namespace !== undefined, named: name !== undefined, sub }];
}

function kindOf(plural: string, own: readonly Place[], definitions: ReadonlyMap<string, Definition>): Definition {
  const get = own.find((place) => place.named && place.endpoint.method === "GET");
  const post = own.find((place) => place.endpoint.method === "POST");
  const definition = definitions.get((get ?? post)?.endpoint.returns ?? "");
  if (definition === undefined) throw new Error(`cannot tell the kind of ${plural}`);
  return definition;
}

const order = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch", "connect"];

function verbsOf(places: readonly Place[]): string[] {
  const verbs = new Set(places.map(verbOf));
  // Watching is a list with a query parameter; only componentstatuses, which are made up on the spot, cannot be watched.
  if (verbs.has("list") && places[0]?.plural !== "componentstatuses") verbs.add("watch");
  return order.filter((verb) => verbs.has(verb));
}

function verbOf({ endpoint, named }: Place): string {
  if (endpoint.operation.startsWith("connect")) return "connect";
  switch (endpoint.method) {
    case "GET":
      return named ? "get" : "list";
    case "DELETE":
      return named ? "delete" : "deletecollection";
    case "POST":
      return "create";
    case "PUT":
      return "update";
    case "PATCH":
      return "patch";
    default:
      return "connect";
  }
}

/** `replicaSets`, `endpointSlices`, `horizontalPodAutoscalersV1`: the kind in camel case with the plural's ending. */
function handleName(row: ResourceRow): string {
  const name = row.definition.typeName;
  const suffix = /V\d$/.exec(name)?.[0] ?? "";
  const word = suffix === "" ? name : name.slice(0, -suffix.length);
  const start = row.definition.base.toLowerCase();
  const stem = row.plural.startsWith(start)
    ? word + row.plural.slice(start.length)
    : word.slice(0, -1) + row.plural.slice(start.length - 1);
  return lowerFirst(stem) + suffix;
}

/** `CSIDriver` to `csiDriver`, `IPAddress` to `ipAddress`, `Pod` to `pod`. */
function lowerFirst(text: string): string {
  return text.replace(/^([A-Z]+)(?=[A-Z][a-z])|^[A-Z]+/, (start) => start.toLowerCase());
}

/** The whole text of resources.ts. */
export function writeHandles(rows: readonly ResourceRow[]): string {
  const types = [...new Set(rows.map((row) => row.definition.typeName))].sort();
  const handles = rows.map((row) => {
    const { group, version, plural, definition, namespaced } = row;
    const value = { group: group.group, version, plural, kind: definition.base, namespaced };
    return `export const ${handleName(row)}: Resource<${definition.typeName}> = ${JSON.stringify(value)};`;
  });
  return `// Written by \`npm run generate\`. Do not edit.

import type { Resource } from "../definition.ts";
import type { ${types.join(", ")} } from "./types.ts";

${handles.join("\n")}
`;
}

/** The whole text of resource-table.ts. */
export function writeTable(rows: readonly ResourceRow[], unstable: readonly ResourceRow[]): string {
  const write = (row: ResourceRow) => {
    const subresources = row.subresources.map(({ name, definition, verbs }) => ({
      name,
      ...(definition === undefined
        ? {}
        : { group: definition.group.group, version: definition.version, kind: definition.base }),
      verbs,
    }));
    return `  ${JSON.stringify({
      group: row.group.group,
      version: row.version,
      plural: row.plural,
      kind: row.definition.base,
      definition: row.definition.name,
      namespaced: row.namespaced,
      verbs: row.verbs,
      subresources,
    })},`;
  };
  return `// Written by \`npm run generate\`. Do not edit.

import type { Verb } from "../definition.ts";

export interface ResourceTableRow {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  /** Name of the schema. */
  readonly definition: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly subresources: readonly {
    readonly name: string;
    readonly group?: string;
    readonly version?: string;
    readonly kind?: string;
    readonly verbs: readonly (Verb | "connect")[];
  }[];
}

/** Every stable resource upstream serves, with its paths' verbs, grouped by group and version. */
export const resourceTable: readonly ResourceTableRow[] = [
${rows.map(write).join("\n")}
];

/** Alpha and beta versions. */
export const unstableResourceTable: readonly ResourceTableRow[] = [
${unstable.map(write).join("\n")}
];
`;
}
