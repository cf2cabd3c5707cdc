/** A stable kind served in an alpha or beta version too, where the versions differ in nothing but their name. */

import type { KubeObject } from "@kubets/apimachinery";
import { define } from "../define.ts";
import type { ResourceDefinition } from "../definition.ts";

export function servedAs<T extends KubeObject>(stable: ResourceDefinition<T>, version: string): ResourceDefinition<T> {
  const { group, plural, schema: _s, version: _v, kind: _k, listKind: _l, singular: _n, verbs: _b, ...rest } = stable;
  const { subresources: _r, namespaced: _c, columns, ...rules } = rest;
  const stored = { group, version: stable.version };
  return define<T>(group, version, plural, { ...rules, ...(columns === undefined ? {} : { columns }), stored });
}
