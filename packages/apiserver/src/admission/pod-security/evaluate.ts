/** A pod against a level and version. Source: k8s.io/pod-security-admission/policy/registry.go. */

import type { PodSpec } from "@kubets/api";
import type { ObjectMeta } from "@kubets/apimachinery";
import { baselineChecks } from "./baseline-checks.ts";
import type { Check, CheckPod, Violation } from "./check.ts";
import type { LevelVersion } from "./policy.ts";
import { restrictedChecks } from "./restricted-checks.ts";

const byId = (a: Check, b: Check) => (a.id < b.id ? -1 : 1);
const ordered = [...[...baselineChecks].sort(byId), ...[...restrictedChecks].sort(byId)];
/** The last version in which a check changed: newer ones are the same. */
const newest = Math.max(...ordered.flatMap(({ versions }) => versions.map(({ since }) => since)));

const selected = new Map<string, readonly CheckPod[]>();

/** Empty when the pod is allowed. */
export function violations({ level, version }: LevelVersion, spec: PodSpec, metadata: ObjectMeta): Violation[] {
  if (level === "privileged") return [];
  const minor = version === "latest" ? newest : Math.min(version, newest);
  const key = `${level}:${minor}`;
  let checks = selected.get(key);
  if (checks === undefined) {
    checks = select(level, minor);
    selected.set(key, checks);
  }
  const found: Violation[] = [];
  for (const check of checks) {
    const violation = check(spec, metadata);
    if (violation !== undefined) found.push(violation);
  }
  return found;
}

function select(level: "baseline" | "restricted", minor: number): CheckPod[] {
  const inForce = ordered.flatMap((check) => {
    const version = check.versions.findLast(({ since }) => since <= minor);
    return version === undefined || (level === "baseline" && check.level === "restricted") ? [] : [{ check, version }];
  });
  const overridden = new Set(inForce.map(({ check }) => check.overrides));
  return inForce.filter(({ check }) => !overridden.has(check.id)).map(({ version }) => version.check);
}

/** `host namespaces, privileged` */
export function reasonsOf(found: readonly Violation[]): string {
  return found.map(({ reason }) => reason).join(", ");
}

/** `host namespaces (hostNetwork=true), privileged (container "c" must not ...)` */
export function detailsOf(found: readonly Violation[]): string {
  return found.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");
}
