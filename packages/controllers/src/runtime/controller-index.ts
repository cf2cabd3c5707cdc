/** Finding what an owner controls, and what nobody does, without a walk over everything. */

import type { KubeObject } from "@kubets/apimachinery";
import { controllerOf } from "./controller-ref.ts";

export const controllerIndex = "controllerUID";

/** By the uid of the controller; those without one by {@link orphansOf} their namespace. */
export function indexByController(object: KubeObject): readonly string[] {
  return [controllerOf(object)?.uid ?? orphansOf(object.metadata?.namespace ?? "")];
}

export function orphansOf(namespace: string): string {
  return `orphan/${namespace}`;
}
