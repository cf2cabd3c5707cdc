/** The resources that an EncryptionConfiguration names, and which of them a key of the store belongs to. */

import type { ResourceDefinition } from "@kubets/api";

export interface GroupResource {
  /** "" for core. */
  readonly group: string;
  readonly resource: string;
}

/** `secrets`, `configmaps.`, `things.example.com`: everything behind the first dot is the group. */
export function parseGroupResource(text: string): GroupResource {
  const dot = text.indexOf(".");
  if (dot < 0) return { group: "", resource: text };
  return { group: text.slice(dot + 1), resource: text.slice(0, dot) };
}

/** As a configuration would have it. */
export function formatGroupResource({ group, resource }: GroupResource): string {
  if (group === "" && resource === "*") return "*.";
  return group === "" ? resource : `${resource}.${group}`;
}

/**
 * By paths below `/registry/`. "below" stands for one whose next part has to be looked at; what is no resource (`masterleases`, `ranges`) is undefined.
 */
export type ResourceOfPath = (path: string) => GroupResource | "below" | undefined;

export function resourcesOf(definitions: Iterable<Pick<ResourceDefinition, "storagePath" | "group" | "plural">>) {
  const known = new Map<string, GroupResource | "below">();
  for (const { storagePath, group, plural } of definitions) {
    const slash = storagePath.indexOf("/");
    if (slash > 0) known.set(storagePath.slice(0, slash), "below");
    // Events are of two groups, and stored as the core group's.
    if (!known.has(storagePath) || group === "") known.set(storagePath, { group, resource: plural });
  }
  const resourceOf: ResourceOfPath = (path) => {
    const found = known.get(path);
    if (found !== undefined) return found;
    // A custom resource: `example.com/things`. No path of another begins with a part that has a dot.
    const [group = "", resource] = path.split("/");
    if (!group.includes(".")) return undefined;
    return resource === undefined ? "below" : { group, resource };
  };
  return resourceOf;
}
