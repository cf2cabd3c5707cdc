/** Discovery from the definitions: APIVersions, APIGroupList, APIGroup, APIResourceList, and the aggregated APIGroupDiscoveryList. */

import { createHash } from "node:crypto";
import type { NamedSubresource, ResourceDefinition } from "@kubets/api";
import { apiVersionOf } from "@kubets/apimachinery";

/** Upstream's order of its own groups; the rest follow as they were added. */
const groupOrder = [
  "",
  "apiregistration.k8s.io",
  "apps",
  "events.k8s.io",
  "authentication.k8s.io",
  "authorization.k8s.io",
  "autoscaling",
  "batch",
  "certificates.k8s.io",
  "networking.k8s.io",
  "policy",
  "rbac.authorization.k8s.io",
  "storage.k8s.io",
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "scheduling.k8s.io",
  "coordination.k8s.io",
  "node.k8s.io",
  "discovery.k8s.io",
  "resource.k8s.io",
  "flowcontrol.apiserver.k8s.io",
];

export interface ServedGroup {
  readonly name: string;
  /** Best first. */
  readonly versions: readonly string[];
}

export function groupsOf(definitions: Iterable<ResourceDefinition>): ServedGroup[] {
  const versions = new Map<string, Set<string>>();
  for (const { group, version } of definitions) {
    const known = versions.get(group) ?? new Set();
    versions.set(group, known.add(version));
  }
  const rank = (group: string) => (groupOrder.includes(group) ? groupOrder.indexOf(group) : groupOrder.length);
  return [...versions.keys()]
    .sort((a, b) => rank(a) - rank(b))
    .map((name) => ({ name, versions: [...versions.get(name)!].sort(compareVersions) }));
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
  const resources = definitions.flatMap(resourcesOf).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: apiVersionOf({ group, version }),
    resources,
  };
}

interface ApiResource {
  readonly name: string;
}

function resourcesOf(definition: ResourceDefinition): ApiResource[] {
  const { plural, singular, namespaced, kind, verbs, shortNames, categories } = definition;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs: [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(definition.virtual ? {} : { storageVersionHash: storageVersionHash(definition) }),
  };
  return [main, ...subresourcesOf(definition).map((sub) => subresource(definition, sub))];
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
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Upstream's hash of what a resource is stored as: base64 of the first bytes of a SHA-256 of `group/version/kind`. */
function storageVersionHash({ group, version, kind }: ResourceDefinition): string {
  return createHash("sha256").update(`${group}/${version}/${kind}`).digest().subarray(0, 8).toString("base64");
}

/** `apidiscovery.k8s.io` of `/api` (core alone) or `/apis` (all others): everything in one document. */
export function aggregatedDiscovery(
  groups: readonly ServedGroup[],
  definitions: readonly ResourceDefinition[],
  core: boolean,
  version: string,
): object {
  const items = groups
    .filter(({ name }) => (name === "") === core)
    .map(({ name, versions }) => ({
      metadata: name === "" ? {} : { name },
      versions: versions.map((each) => ({
        version: each,
        resources: definitions
          .filter((definition) => definition.group === name && definition.version === each)
          .map(discoveredResource)
          .sort((a, b) => (a.resource < b.resource ? -1 : 1)),
        freshness: "Current",
      })),
    }));
  return { kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {}, items };
}

function discoveredResource(definition: ResourceDefinition) {
  const { group, version, kind, plural, singular, namespaced, verbs, shortNames, categories } = definition;
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
    verbs: [...verbs].sort(),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
}
