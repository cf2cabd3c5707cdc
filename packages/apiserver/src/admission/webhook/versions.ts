/** The objects of a request in the versions that webhooks ask for. */

import type { ResourceDefinition } from "@kubets/api";
import { internalError, type KubeObject } from "@kubets/apimachinery";
import { decodeObject } from "../../request/decode-object.ts";
import type { ResourceTable } from "../../server/resource-table.ts";
import type { AdmissionAttributes } from "../plugin.ts";

/** A new object of `to`'s version, or the same one when it is of that version. */
export async function converted(
  resources: ResourceTable,
  object: KubeObject | undefined,
  from: ResourceDefinition,
  to: ResourceDefinition,
): Promise<KubeObject | undefined> {
  if (object === undefined || from === to) return object;
  const target = resources.get(to.group, to.version, to.plural);
  if (target === undefined) throw internalError(`unable to convert to ${to.group}/${to.version}: unknown kind`);
  try {
    return await target.registry.converted(object);
  } catch (error) {
    throw internalError(error);
  }
}

/** What a patch made, as an object of its kind: decoded leniently and with defaults. Objects that subresources have of their own are as they are. */
export function redecoded(
  resources: ResourceTable,
  value: unknown,
  definition: ResourceDefinition,
  { kind, warn }: Pick<AdmissionAttributes, "kind" | "warn">,
): KubeObject {
  if (kind !== undefined) return value as KubeObject;
  const { schemas } = resources.get(definition.group, definition.version, definition.plural)!.registry;
  return decodeObject({ value, duplicates: [] }, { definition, schemas, fieldValidation: "Ignore", warn });
}

/** Makes `target` hold what `source` holds: a request's object stays the same one for everyone who has it. */
export function replaceContents(target: KubeObject, source: KubeObject): void {
  if (target === source) return;
  const fields = target as Record<string, unknown>;
  for (const name of Object.keys(fields)) delete fields[name];
  Object.assign(fields, source);
}
