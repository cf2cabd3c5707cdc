/** Descriptions of all built-in types, for the published documents. */

import { coordinationV1 } from "./coordination-v1.ts";
import type { Descriptions, TypeDescription } from "./description.ts";

export type { TypeDescription } from "./description.ts";

/** By group and version: what precedes a type's name in its definition's. */
export const descriptions: Readonly<Record<string, Descriptions>> = {
  "io.k8s.api.coordination.v1": coordinationV1,
};

/** Fields that mean the same wherever they are, unless a type says otherwise. */
const commonFields: Readonly<Record<string, string>> = {
  apiVersion:
    "The group and version in which this object is written, such as apps/v1; without a group, of the core group.",
  kind: "What kind of object this is, in CamelCase. It cannot be changed.",
};

const commonOfKinds: Readonly<Record<string, string>> = {
  metadata: "The object's name, labels and what else every object has.",
};

const commonOfLists: Readonly<Record<string, string>> = {
  items: "The objects.",
  metadata: "At which resourceVersion the list was made, and how to go on when it is only a part.",
};

/** The texts for a definition, by its whole name; a beta or alpha version without its own has those of the stable one. */
export function descriptionOf(name: string): Required<TypeDescription> | undefined {
  const dot = name.lastIndexOf(".");
  const [groupVersion, type] = [name.slice(0, dot), name.slice(dot + 1)];
  const own = descriptions[groupVersion]?.[type];
  const found =
    own ?? descriptions[groupVersion.replace(/v\d+(alpha|beta)\d+$/, "v1")]?.[type] ?? listDescription(type);
  if (found === undefined) return undefined;
  const shared = type.endsWith("List") ? commonOfLists : commonOfKinds;
  return { about: found.about, fields: { ...commonFields, ...shared, ...found.fields } };
}

function listDescription(type: string): TypeDescription | undefined {
  return type.endsWith("List") ? { about: `A list of ${type.slice(0, -"List".length)} objects.` } : undefined;
}
