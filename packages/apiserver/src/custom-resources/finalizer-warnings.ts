/** Warnings about finalizers that could clash with another's. Source: apiextensions' registry/customresource/validator.go. */

import { isQualifiedName, type KubeObject } from "@kubets/apimachinery";

const standard = new Set(["orphan", "foregroundDeletion", "kubernetes"]);

export function finalizerWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = new Set(old?.metadata?.finalizers ?? []);
  const added = (object.metadata?.finalizers ?? []).filter((name) => !before.has(name));
  return [...new Set(added)].sort().flatMap(warningsOf);
}

function warningsOf(name: string): string[] {
  const about = `metadata.finalizers: ${JSON.stringify(name)}`;
  const warnings = isQualifiedName(name).map((why) => `${about}: ${why}`);
  if (name.includes("/") || standard.has(name)) return warnings;
  const how = name.includes(".") ? " including a path (/)" : "";
  warnings.push(
    `${about}: prefer a domain-qualified finalizer name${how} to avoid accidental conflicts with other finalizer writers`,
  );
  return warnings;
}
