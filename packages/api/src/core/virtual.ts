/** Kinds of the core group that are not stored: Binding is a command, ComponentStatus is made up when asked for. */

import { column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { Binding, ComponentStatus } from "../generated/types.ts";

export const bindingDefinition = define<Binding>("", "v1", "bindings", { virtual: true });

function healthy(status: ComponentStatus) {
  return status.conditions?.find((condition) => condition.type === "Healthy");
}

function statusText(status: ComponentStatus): string {
  const condition = healthy(status);
  if (condition === undefined) return "Unknown";
  return condition.status === "True" ? "Healthy" : "Unhealthy";
}

export const componentStatusDefinition = define<ComponentStatus>("", "v1", "componentstatuses", {
  shortNames: ["cs"],
  virtual: true,
  columns: [
    nameColumn,
    column("Status", statusText),
    column("Message", (status: ComponentStatus) => healthy(status)?.message ?? ""),
    column("Error", (status: ComponentStatus) => healthy(status)?.error ?? ""),
  ],
});
