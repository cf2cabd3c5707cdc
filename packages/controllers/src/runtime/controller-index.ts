/** Finding what an owner controls, and what nobody does, without a walk over everything. */

import type { KubeObject } from "@kubets/apimachinery";
import type { Lister } from "@kubets/client";
import { controllerOf } from "./controller-ref.ts";

export const controllerIndex = "controllerUID";

/** By the uid of the controller; those without one by {@link orphansOf} their namespace. */
export function indexByController(object: KubeObject): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata?.namespace ?? "")];
}

function orphansOf(namespace: string): string {
  return `orphan/${namespace}`;
}

/** What an owner controls already, and the orphans of its namespace, which it may adopt. */
export function claimable<T extends KubeObject>(lister: Lister<T>, owner: KubeObject): T[] {
  const { uid = "", namespace = "" } = owner.metadata ?? {};
  return [...lister.byIndex(controllerIndex, uid), ...lister.byIndex(controllerIndex, orphansOf(namespace))];
}
