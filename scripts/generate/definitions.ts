/** The client's models as upstream's definitions: in their group, with both names. */

import type { Endpoint } from "./endpoints.ts";
import { type ApiGroup, apiGroups, metaClasses, metaGroup, nameOwners } from "./groups.ts";
import type { ClientField, ClientModel, ClientType } from "./models.ts";

export interface Definition {
  readonly className: string;
  readonly group: ApiGroup;
  readonly version: string;
  /** Upstream's type name: `Event`. */
  readonly base: string;
  /** `io.k8s.api.events.v1.Event`. */
  readonly name: string;
  /** Of the TypeScript interface: `EventsEvent`. */
  readonly typeName: string;
  readonly fields: readonly ClientField[];
}

/** Types of a group that no resource of it reaches. */
const extraRoots: Readonly<Record<string, readonly string[]>> = {
  core: ["V1TopologySelectorTerm"],
  autoscaling: ["V1Scale"],
  policy: ["V1Eviction"],
  authentication: ["AuthenticationV1TokenRequest"],
};

/** By class name. `endpoints` are all endpoints of each group, by its short name. */
export function assignGroups(
  models: ReadonlyMap<string, ClientModel>,
  endpoints: ReadonlyMap<string, readonly Endpoint[]>,
): Map<string, Definition> {
  const owner = new Map<string, ApiGroup>(metaClasses.map((className) => [className, metaGroup]));
  for (const group of apiGroups) {
    const roots = (endpoints.get(group.short) ?? []).filter((e) => !isSubresource(e.path)).map((e) => e.returns);
    for (const root of [...(extraRoots[group.short] ?? []), ...roots]) claim(root, group, models, owner);
  }
  const definitions = new Map<string, Definition>();
  for (const [className, group] of owner) {
    const model = models.get(className);
    if (model === undefined) throw new Error(`the client has no model ${className}`);
    definitions.set(className, define(model, group));
  }
  return definitions;
}

/** True for `.../pods/{name}/log`, not for `/namespaces/{namespace}/pods`. */
function isSubresource(path: string): boolean {
  return path.includes("{name}/");
}

function claim(
  className: string,
  group: ApiGroup,
  models: ReadonlyMap<string, ClientModel>,
  owner: Map<string, ApiGroup>,
): void {
  const model = models.get(className);
  if (model === undefined || owner.has(className)) return;
  owner.set(className, group);
  for (const field of model.fields) {
    const target = modelOf(field.type);
    if (target !== undefined) claim(target, group, models, owner);
  }
}

function modelOf(type: ClientType): string | undefined {
  if (type.kind === "model") return type.className;
  return type.kind === "scalar" ? undefined : modelOf(type.of);
}

function define(model: ClientModel, group: ApiGroup): Definition {
  const match = /^([A-Z][a-z]+)??V(\d(?:(?:alpha|beta)\d)?)(.+)$/.exec(model.className);
  if (!match) throw new Error(`cannot read a version in the class name ${model.className}`);
  const version = `v${match[2]}`;
  const base = match[3]!;
  return {
    className: model.className,
    group,
    version,
    base,
    name: `${group.prefix}.${version}.${base}`,
    typeName: typeNameOf(group, version, base),
    fields: model.fields,
  };
}

/** Of an alpha or beta version. */
export function isUnstable({ group, version }: Pick<Definition, "group" | "version">): boolean {
  return group.unstable.includes(version);
}

function typeNameOf(group: ApiGroup, version: string, base: string): string {
  if (isUnstable({ group, version })) return `${base}${version[0]!.toUpperCase()}${version.slice(1)}`;
  const owner = nameOwners[base];
  if (owner !== undefined && owner !== group.short) return `${group.classPrefix}${base}`;
  const oldVersion = group.short === "autoscaling" && version === "v1" && !base.startsWith("Scale");
  return oldVersion ? `${base}V1` : base;
}
