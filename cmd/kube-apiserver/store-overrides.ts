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

/** Source: upstream keeps the kinds of these groups by other means, which know no overrides. */
const neverElsewhere = new Set(["apiextensions.k8s.io", "apiregistration.k8s.io"]);

/** @param given that {@link overridePattern} matches; of several for one resource the last one counts */
export function storeOverrides(given: readonly string[]): StoreOverride[] {
  const taken = new Set<string>();
  const overrides = [...given].reverse().map((text): StoreOverride => {
    const [, group = "", resource = "", servers = ""] = overridePattern.exec(text) ?? [];
    const prefixes = [...new Set(pathsOf(group, resource))].filter((prefix) => !taken.has(prefix));
    for (const prefix of prefixes) taken.add(prefix);
    return { resource: `${group}/${resource}`, prefixes, servers: servers.split(";") };
  });
  return overrides.reverse();
}

function* pathsOf(group: string, resource: string): Iterable<string> {
  if (neverElsewhere.has(group)) return;
  for (const definition of allDefinitions()) {
    if (definition.virtual || definition.group !== group) continue;
    if (resource === "*" || definition.plural === resource) yield `/registry/${definition.storagePath}/`;
  }
}
