/** Columns and cell texts that many kinds share. Source of widths, texts and roundings: upstream's printers and util/duration. */

import { humanDuration, type KubeObject, parseTime } from "@kubets/apimachinery";
import type { Cell, Column } from "./definition.ts";

export { humanDuration };

type Context = Parameters<Column["value"]>[1];

export interface ColumnOptions {
  readonly type?: Column["type"];
  readonly format?: "name" | "";
  /** Shown with `-o wide` only. */
  readonly wide?: boolean;
}

/** A column of text unless `options` say otherwise. */
export function column<T extends KubeObject>(
  name: string,
  value: (object: T, context: Context) => Cell,
  { type = "string", format, wide = false }: ColumnOptions = {},
): Column<T> {
  return { name, type, ...(format === undefined ? {} : { format }), priority: wide ? 1 : 0, value };
}

/** The object's name; the first column of nearly every kind. */
export const nameColumn: Column = column("Name", (object) => object.metadata?.name ?? "", { format: "name" });

/** How long ago the object was created. */
export const ageColumn: Column = column("Age", (object, { now }) => since(object.metadata?.creationTimestamp, now));

/** When the object was created, as a time. */
export const createdAtColumn: Column = column("Created At", (object) => object.metadata?.creationTimestamp ?? null, {
  type: "date",
});

/** `5m3s`, or `<unknown>` for no time. */
export function since(time: string | undefined, now: number): string {
  const then = parseTime(time);
  return Number.isNaN(then) ? "<unknown>" : humanDuration(now - then);
}

/** `a=1,b=2` by key, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? "<none>" : pairs.sort().join(",");
}

/** Up to three of a list, and how many more; `none` when there are none. */
export function upToThree(items: readonly string[], none: string): string {
  const shown = items.slice(0, 3).join(",");
  if (items.length > 3) return `${shown} + ${items.length - 3} more...`;
  return shown === "" ? none : shown;
}

/** The three wide columns of everything with a pod template. */
export function containerColumns<T extends KubeObject>(
  containers: (object: T) => readonly { name: string; image?: string }[],
): Column<T>[] {
  return [
    column(
      "Containers",
      (object: T) =>
        containers(object)
          .map((c) => c.name)
          .join(","),
      { wide: true },
    ),
    column(
      "Images",
      (object: T) =>
        containers(object)
          .map((c) => c.image ?? "")
          .join(","),
      { wide: true },
    ),
  ];
}
