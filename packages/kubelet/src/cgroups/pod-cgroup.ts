/** Names of pod cgroups, by quality of service. Source: pkg/kubelet/cm. */

import type { Pod } from "@kubets/api";
import { uidOf } from "../pods/pod-ref.ts";
import { qosClassOf } from "../pods/qos.ts";

/** `["kubepods", "burstable", "pod<uid>"]` below the kubelet's cgroup root. */
export function podCgroupPath(pod: Pod): string[] {
  const qos = qosClassOf(pod);
  return ["kubepods", ...(qos === "Guaranteed" ? [] : [qos.toLowerCase()]), `pod${uidOf(pod)}`];
}

/** The path as the cgroupfs driver takes it: `/kubepods/burstable/pod<uid>`. */
export function cgroupfsName(root: string, path: readonly string[]): string {
  return `${root === "/" ? "" : root.replace(/\/$/, "")}/${path.join("/")}`;
}

/** The slice as the systemd driver takes it: `kubepods-burstable-pod<uid>.slice`; dashes inside a part become underscores. */
export function systemdName(root: string, path: readonly string[]): string {
  const parts = [...root.split("/").filter((part) => part !== ""), ...path];
  return `${parts.map((part) => part.replaceAll("-", "_")).join("-")}.slice`;
}
