/** Discovery from the definitions: APIVersions, APIGroupList, APIGroup, APIResourceList, and the aggregated APIGroupDiscoveryList. */

import { createHash } from "node:crypto";
import { type NamedSubresource, type ResourceDefinition, storedVersion } from "@kubets/api";
import { apiVersionOf } from "@kubets/apimachinery";
import { isCustom } from "../request/decode-object.ts";
import { builtInPriority, customPriority, type Priority } from "./priorities.ts";

export interface ServedGroup {
  readonly name: string;
  /** Best first. */
  readonly versions: readonly string[];
}

/** A group and version that another server answers. */
export interface RemoteGroupVersion {
  readonly group: string;
  readonly version: string;
  readonly priority: Priority;
  /** As apidiscovery.k8s.io has them. */
  readonly resources: readonly object[];
  /** `Stale`: the server could not be asked. */
  readonly freshness: "Current" | "Stale";
}

interface Ranked {
  readonly group: string;
  readonly version: string;
  readonly priority: Priority;
}

/** Groups by priority, then by the names of their APIServices; versions by priority, then newest first. */
export function groupsOf(
  definitions: Iterable<ResourceDefinition>,
  remote: readonly RemoteGroupVersion[] = [],
): ServedGroup[] {
  const ranked = new Map<string, Ranked>();
  for (const { group, version } of definitions) {
    ranked.set(`${version}.${group}`, { group, version, priority: priorityOf(group, version) });
  }
  for (const { group, version, priority } of remote) ranked.set(`${version}.${group}`, { group, version, priority });
  const sorted = [...ranked]
    .sort(([a, x], [b, y]) => y.priority.group - x.priority.group || (a < b ? -1 : 1))
    .map(([, each]) => each);
  return [...Map.groupBy(sorted, ({ group }) => group)].map(([name, versions]) => ({
    name,
    versions: versions
      .sort((a, b) => b.priority.version - a.priority.version || compareVersions(a.version, b.version))
      .map(({ version }) => version),
  }));
}

function priorityOf(group: string, version: string): Priority {
  // What all the others are registered with comes before them.
  if (group === "apiregistration.k8s.io") return { group: Number.POSITIVE_INFINITY, version: 1 };
  return builtInPriority(group, version) ?? customPriority;
}

/** Upstream's order of versions: GA before beta before alpha, newer first, anything else last, by name. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [versionRank(a), versionRank(b)];
  for (let i = 0; i < 3; i++) if (x[i] !== y[i]) return y[i]! - x[i]!;
  return a < b ? -1 : a > b ? 1 : 0;
}

function versionRank(version: string): [number, number, number] {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return [0, 0, 0];
  const stage = match[2] === undefined ? 3 : match[2] === "beta" ? 2 : 1;
  return [stage, Number(match[1]), Number(match[3] ?? 0)];
}

export function apiVersions(serverAddress: string): object {
  return {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress }],
  };
}

export function apiGroup({ name, versions }: ServedGroup, withType = true): object {
  const list = versions.map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return {
    ...(withType ? { kind: "APIGroup", apiVersion: "v1" } : {}),
    name,
    versions: list,
    preferredVersion: list[0],
  };
}

export function apiGroupList(groups: readonly ServedGroup[]): object {
  const named = groups.filter(({ name }) => name !== "");
  return { kind: "APIGroupList", apiVersion: "v1", groups: named.map((group) => apiGroup(group, false)) };
}

export function apiResourceList(group: string, version: string, definitions: readonly ResourceDefinition[]): object {
  const resources = definitions
    .flatMap((definition) => resourcesOf(definition).map((resource) => ({ resource, custom: isCustom(definition) })))
    .sort((a, b) => compareResources(a.resource.name, b.resource.name, a.custom && b.custom))
    .map(({ resource }) => resource);
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources,
  };
}

/** By name; a custom resource's status comes before its scale. */
function compareResources(a: string, b: string, custom: boolean): number {
  if (a === b) return 0;
  if (custom && a.replace(/\/.*$/, "") === b.replace(/\/.*$/, "") && a.includes("/") && b.includes("/"))
    return a < b ? 1 : -1;
  return a < b ? -1 : 1;
}

interface ApiResource {
  readonly name: string;
}

function resourcesOf(definition: ResourceDefinition): ApiResource[] {
  const { plural, singular, namespaced, kind, shortNames, categories } = definition;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: verbsOf(definition),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(definition.virtual ? {} : { storageVersionHash: storageVersionHash(definition) }),
  };
  return [main, ...subresourcesOf(definition).map((sub) => subresource(definition, sub))];
}

/** Built-in kinds' are sorted; those of custom resources are not. */
function verbsOf(definition: ResourceDefinition): readonly string[] {
  const verbs = definition.discoveredVerbs?.() ?? definition.verbs;
  return isCustom(definition) ? verbs : [...verbs].sort();
}

function subresource(of: ResourceDefinition, { name, kind, group, version, verbs }: NamedSubresource): ApiResource {
  const resource = {
    name: `${of.plural}/${name}`,
    singularName: "",
    namespaced: of.namespaced,
    ...(group === undefined ? {} : { group }),
    ...(version === undefined ? {} : { version }),
    kind,
    verbs: verbs.filter((verb) => verb !== "connect").sort(),
  };
  return resource;
}

function subresourcesOf(definition: ResourceDefinition): NamedSubresource[] {
  const verbs = ["get", "patch", "update"] as const;
  const all: NamedSubresource[] = [...definition.subresources];
  if (definition.status !== undefined) all.push({ name: "status", kind: definition.kind, verbs });
  if (definition.scale !== undefined) {
    all.push({ name: "scale", group: "autoscaling", version: "v1", kind: "Scale", verbs });
  }
  if (isCustom(definition)) return all;
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Upstream's hash of what a resource is stored as: base64 of the first bytes of a SHA-256 of `group/version/kind`. */
function storageVersionHash(definition: ResourceDefinition): string {
  const { group, version } = storedVersion(definition);
  const name = `${group}/${version}/${definition.kind}`;
  return createHash("sha256").update(name).digest().subarray(0, 8).toString("base64");
}

/** `apidiscovery.k8s.io` of `/api` (core alone) or `/apis` (all others): everything in one document. */
export function aggregatedDiscovery(
  groups: readonly ServedGroup[],
  definitions: readonly ResourceDefinition[],
  core: boolean,
  version: string,
  remote: readonly RemoteGroupVersion[] = [],
): object {
  const answeredElsewhere = new Map(remote.map((each) => [`${each.group}/${each.version}`, each]));
  const items = groups
    .filter(({ name }) => (name === "") === core)
    .map(({ name, versions }) => ({
      metadata: name === "" ? {} : { name },
      versions: versions.map((each) => {
        const elsewhere = answeredElsewhere.get(`${name}/${each}`);
        if (elsewhere !== undefined) {
          return { version: each, resources: elsewhere.resources, freshness: elsewhere.freshness };
        }
        const resources = definitions
          .filter((definition) => definition.group === name && definition.version === each)
          .map(discoveredResource)
          .sort((a, b) => (a.resource < b.resource ? -1 : 1));
        return { version: each, resources, freshness: "Current" };
      }),
    }));
  return { kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function discoveredResource(definition: ResourceDefinition) {
  const { group, version, kind, plural, singular, namespaced, shortNames, categories } = definition;
  const subresources = subresourcesOf(definition).map((sub) => ({
    subresource: sub.name,
    responseKind: { group: sub.group ?? group, version: sub.version ?? version, kind: sub.kind },
    verbs: sub.verbs.filter((verb) => verb !== "connect").sort(),
  }));
  return {
    resource: plural,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs: verbsOf(definition),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
