/** What a check of pod security is made of. Source: k8s.io/pod-security-admission/policy. */

import { allContainers, type Container, type PodSpec, type SecurityContext } from "@kubets/api";
import type { ObjectMeta } from "@kubets/apimachinery";

export interface Violation {
  /** Told always: `host namespaces`. */
  readonly reason: string;
  /** What it is in this pod. */
  readonly detail: string;
}

export type CheckPod = (spec: PodSpec, metadata: ObjectMeta) => Violation | undefined;

export interface VersionedCheck {
  /** The minor version of v1 from which it holds, until the next one of the same check. */
  readonly since: number;
  readonly check: CheckPod;
}

export interface Check {
  readonly id: string;
  readonly level: "baseline" | "restricted";
  /** Oldest first. */
  readonly versions: readonly VersionedCheck[];
  /** A baseline check that is stricter here, and not made beside this one. */
  readonly overrides?: string;
}

/** Init, regular, ephemeral. */
export function containersOf(spec: PodSpec): Container[] {
  return [...allContainers(spec)].map(({ container }) => container);
}

export function namesWhere(
  spec: PodSpec,
  isBad: (context: SecurityContext | undefined, of: Container) => boolean,
): string[] {
  return containersOf(spec)
    .filter((container) => isBad(container.securityContext, container))
    .map(({ name }) => name);
}

/** `"a", "b"` */
export function quoted(items: readonly string[]): string {
  return items.length === 0 ? "" : `"${items.join('", "')}"`;
}

/** `container "a"`, `containers "a", "b"` */
export function containers(names: readonly string[]): string {
  return `${plural("container", names.length)} ${quoted(names)}`;
}

export function plural(noun: string, count: number): string {
  return count === 1 ? noun : `${noun}s`;
}

export function sorted(items: Iterable<string>): string[] {
  return [...new Set(items)].sort();
}

/** `pod and containers "a", "b"`: who explicitly says what is forbidden. Empty when nobody does. */
export function setters(pod: boolean, names: readonly string[]): string {
  return [...(pod ? ["pod"] : []), ...(names.length > 0 ? [containers(names)] : [])].join(" and ");
}

/** In a user namespace root is nobody outside. */
export function unlessInUserNamespace(check: CheckPod): CheckPod {
  return (spec, metadata) => (spec.hostUsers === false ? undefined : check(spec, metadata));
}

/** Windows has none of these things. */
export function unlessWindows(check: CheckPod): CheckPod {
  return (spec, metadata) => (spec.os?.name === "windows" ? undefined : check(spec, metadata));
}
