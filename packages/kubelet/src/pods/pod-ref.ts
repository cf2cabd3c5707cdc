/** Short ways to read what every pod has. */

import type { Container, Pod } from "@kubets/api";

/** What names a pod for good. For a static pod `uid` is the hash of its manifest, not that of its mirror. */
export interface PodRef {
  readonly uid: string;
  readonly name: string;
  readonly namespace: string;
}

export function podRef(pod: Pod): PodRef {
  return { uid: uidOf(pod), name: pod.metadata?.name ?? "", namespace: pod.metadata?.namespace ?? "default" };
}

export function uidOf(pod: Pod): string {
  return pod.metadata?.uid ?? "";
}

/** `name_namespace(uid)`, as upstream's log lines and back-off messages print a pod. */
export function formatPod(pod: Pod): string {
  const { uid, name, namespace } = podRef(pod);
  return `${name}_${namespace}(${uid})`;
}

/** Where a container is listed in the spec. */
export type ContainerType = "init" | "main" | "ephemeral";

export interface SpecContainer {
  readonly type: ContainerType;
  readonly container: Container;
}

/** Every container of the spec: init, then main, then ephemeral. */
export function allContainers(pod: Pod): SpecContainer[] {
  const spec = pod.spec;
  if (spec === undefined) return [];
  return [
    ...(spec.initContainers ?? []).map((container): SpecContainer => ({ type: "init", container })),
    ...spec.containers.map((container): SpecContainer => ({ type: "main", container })),
    ...(spec.ephemeralContainers ?? []).map(
      (container): SpecContainer => ({ type: "ephemeral", container: container as Container }),
    ),
  ];
}

export function findContainer(pod: Pod, name: string): SpecContainer | undefined {
  return allContainers(pod).find(({ container }) => container.name === name);
}

/** `spec.containers{web}`: the fieldPath of a container's events. */
export function containerFieldPath(pod: Pod, name: string): string {
  const found = findContainer(pod, name);
  if (found === undefined) return "";
  const list = { init: "initContainers", main: "containers", ephemeral: "ephemeralContainers" }[found.type];
  return `spec.${list}{${name}}`;
}

/** An init container that keeps running beside the main ones: a sidecar. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === "Always";
}

export function isHostNetwork(pod: Pod): boolean {
  return pod.spec?.hostNetwork === true;
}

/** The annotation keys of pods that do not come from the API, and of their mirrors. */
export const configSourceAnnotation = "kubernetes.io/config.source";
export const configMirrorAnnotation = "kubernetes.io/config.mirror";
export const configHashAnnotation = "kubernetes.io/config.hash";
export const configSeenAnnotation = "kubernetes.io/config.seen";

export function isStaticPod(pod: Pod): boolean {
  const source = pod.metadata?.annotations?.[configSourceAnnotation];
  return source !== undefined && source !== "api";
}

export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata?.annotations?.[configMirrorAnnotation] !== undefined;
}
