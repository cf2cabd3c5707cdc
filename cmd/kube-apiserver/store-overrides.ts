/** `--etcd-servers-overrides`: `GROUP/RESOURCE#URL;URL`, with an empty group for the core's, and `*` for all of a group's resources. */

import { allDefinitions } from "@kubets/api";

export interface StoreOverride {
  /** As it was given, without the servers: `/events`. */
  readonly resource: string;
  /** What keys begin with that are kept there; empty when that is nothing of this server's. */
  readonly prefixes: readonly string[];
  readonly servers: readonly string[];
}

export const overridePattern = /^([^#/]*)\/([^#/]+)#([^#]+)$/;

/** Source: upstream keeps the kinds of these groups by other means, which know no overrides; and Events where those of the core group are. */
const neverElsewhere = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io", "events.k8s.io"]);

/**
 * What {@link overridePattern} does not match is left out.
 * @param given of several for one resource the last one counts, and one that names it before any for all of its group
 */
export function storeOverrides(given: readonly string[]): StoreOverride[] {
  const asked = given.flatMap((text) => {
    const [match, group = "", resource = "", servers = ""] = overridePattern.exec(text) ?? [];
    return match === undefined ? [] : [{ group, resource, servers: servers.split(";") }];
  });
  const taken = new Map<string, (typeof asked)[number]>();
  for (const each of asked.toSorted((a, b) => Number(b.resource === "*") - Number(a.resource === "*")))
    for (const prefix of pathsOf(each.group, each.resource)) taken.set(prefix, each);
  return asked.map((each) => {
    const prefixes = [...taken].filter(([, by]) => by === each).map(([prefix]) => prefix);
    return { resource: `${each.group}/${each.resource}`, prefixes, servers: each.servers };
  });
}

function* pathsOf(group: string, resource: string): Iterable<string> {
  if (neverElsewhere.has(group)) return;
  for (const definition of allDefinitions()) {
    if (definition.virtual || definition.group !== group) continue;
    if (resource === "*" || definition.plural === resource) yield `/registry/${definition.storagePath}/`;
  }
}
