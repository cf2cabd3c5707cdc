/** PriorityClass: its value never changes; names that begin with `system-` are the system's. */

import { type FieldError, forbiddenField, path, validateImmutableField } from "@kubets/apimachinery";
import { ageColumn, column, nameColumn } from "../columns.ts";
import { define } from "../define.ts";
import type { PriorityClass } from "../generated/types.ts";
import { specStrategy } from "../strategy.ts";

const highestUserValue = 1_000_000_000;

const systemClasses: Readonly<Record<string, number>> = {
  "system-node-critical": 2_000_001_000,
  "system-cluster-critical": 2_000_000_000,
};

function validate(priorityClass: PriorityClass): FieldError[] {
  const name = priorityClass.metadata?.name ?? "";
  const value = priorityClass.value ?? 0;
  if (name.startsWith("system-")) {
    if (systemClasses[name] === value && !priorityClass.globalDefault) return [];
    const why =
      "priority class names with 'system-' prefix are reserved for system use only. error: " +
      `${name} is not a known system priority class`;
    return [forbiddenField(path("metadata.name"), why)];
  }
  if (value <= highestUserValue) return [];
  return [forbiddenField(path("value"), `maximum allowed value of a user defined priority is ${highestUserValue}`)];
}

function validateUpdate(priorityClass: PriorityClass, old: PriorityClass): FieldError[] {
  const moved = (priorityClass.value ?? 0) !== (old.value ?? 0);
  return [
    ...(moved ? [forbiddenField(path("value"), "may not be changed in an update.")] : []),
    ...validateImmutableField(priorityClass.preemptionPolicy, old.preemptionPolicy, path("preemptionPolicy")),
  ];
}

export const priorityClassDefinition = define<PriorityClass>("scheduling.k8s.io", "v1", "priorityclasses", {
  shortNames: ["pc"],
  strategy: specStrategy<PriorityClass>(
    {
      setDefaults(priorityClass) {
        priorityClass.preemptionPolicy ??= "PreemptLowerPriority";
      },
      validate,
      validateUpdate,
    },
    { status: false, generationOf: ["value", "globalDefault", "description", "preemptionPolicy"] },
  ),
  columns: [
    nameColumn,
    column("Value", (priorityClass: PriorityClass) => priorityClass.value ?? 0, { type: "integer" }),
    column("Global-Default", (priorityClass: PriorityClass) => priorityClass.globalDefault ?? false, {
      type: "boolean",
    }),
    ageColumn,
    column("PreemptionPolicy", (priorityClass: PriorityClass) => priorityClass.preemptionPolicy ?? ""),
  ],
});
