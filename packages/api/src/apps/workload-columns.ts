/** Columns of the workload kinds. Source: pkg/printers/internalversion. */

import { formatLabelSelector, type KubeObject } from "@kubets/apimachinery";
import { column, containerColumns } from "../columns.ts";
import type { Column } from "../definition.ts";
import type { LabelSelector, PodTemplateSpec } from "../generated/types.ts";

export type Workload = KubeObject & { spec?: { selector?: LabelSelector; template?: PodTemplateSpec } };

/** A count; 0 when it is not there. */
export function countColumn<T extends KubeObject>(name: string, value: (object: T) => number | undefined): Column<T> {
  return column<T>(name, (object) => value(object) ?? 0, { type: "integer" });
}

/** Containers and Images, with `-o wide`. */
export function templateColumns<T extends Workload>(): Column<T>[] {
  return containerColumns<T>((object) => object.spec?.template?.spec?.containers ?? []);
}

/** With `-o wide`. */
export function selectorColumn<T extends Workload>(): Column<T> {
  return column<T>("Selector", (object) => formatLabelSelector(object.spec?.selector), { wide: true });
}

/** How all scalable workloads tell their size. */
export const workloadScale = {
  specReplicasPath: ".spec.replicas",
  statusReplicasPath: ".status.replicas",
  labelSelectorPath: ".spec.selector",
} as const;

/** A count in a column that says it is text, as Deployment's are. */
export function textCountColumn<T extends KubeObject>(
  name: string,
  count: (object: T) => number | undefined,
): Column<T> {
  return column(name, (object: T) => count(object) ?? 0);
}
