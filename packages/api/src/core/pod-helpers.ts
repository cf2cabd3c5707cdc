/**
 * Questions that every component asks of a Pod. Pure, and tolerant of what a client may leave out.
 * Source of the rules: pkg/api/v1/pod and k8s.io/component-helpers.
 */

import { parseTime } from "@kubets/apimachinery";
import type {
  Container,
  ContainerPort,
  EphemeralContainer,
  Pod,
  PodCondition,
  PodSpec,
  PodStatus,
} from "../generated/types.ts";

export { addResources, formatResourceList, maxResources, parseResourceList } from "./container-quantities.ts";
export {
  type PodResourcesOptions,
  podLimits,
  podRequests,
  type QOSClass,
  qosClassOf,
  type ResourceList,
  type ResourceMap,
} from "./pod-resources.ts";

export type ContainerKind = "containers" | "initContainers" | "ephemeralContainers";

/** A container of a Pod, with the list it is in and its place there. */
export interface PodContainer {
  readonly kind: ContainerKind;
  readonly index: number;
  readonly container: Container;
}

/** An init container with `restartPolicy: Always`: a sidecar, which runs as long as the Pod does. */
export function isRestartableInitContainer(container: Container): boolean {
  return container.restartPolicy === "Always";
}

/** An ephemeral container seen as a container: they share all but `targetContainerName`. */
export function asContainer(container: EphemeralContainer): Container {
  return container as unknown as Container;
}

/** All containers of a Pod, in upstream's order: init, regular, ephemeral. */
export function* allContainers(spec: PodSpec | undefined): Generator<PodContainer> {
  for (const [index, container] of (spec?.initContainers ?? []).entries())
    yield { kind: "initContainers", index, container };
  for (const [index, container] of (spec?.containers ?? []).entries()) yield { kind: "containers", index, container };
  for (const [index, container] of (spec?.ephemeralContainers ?? []).entries())
    yield { kind: "ephemeralContainers", index, container: asContainer(container) };
}

/** The container of that name, whatever its kind. */
export function findContainer(pod: Pod, name: string): PodContainer | undefined {
  for (const each of allContainers(pod.spec)) if (each.container.name === name) return each;
  return undefined;
}

/** Undefined as long as nobody has written it. */
export function podCondition(status: PodStatus | undefined, type: string): PodCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function isConditionTrue(status: PodStatus | undefined, type: string): boolean {
  return podCondition(status, type)?.status === "True";
}

/** The `Ready` condition is true: the Pod may get traffic. */
export function isPodReady(pod: Pod): boolean {
  return isConditionTrue(pod.status, "Ready");
}

/** Ready for at least `minReadySeconds` by `now` (epoch milliseconds). */
export function isPodAvailable(pod: Pod, minReadySeconds: number, now: number): boolean {
  const ready = podCondition(pod.status, "Ready");
  if (ready?.status !== "True") return false;
  if (minReadySeconds === 0) return true;
  const since = parseTime(ready.lastTransitionTime);
  return !Number.isNaN(since) && since + minReadySeconds * 1000 <= now;
}

/** Succeeded or Failed: no container of it will run again. */
export function isPodTerminal(pod: Pod): boolean {
  return pod.status?.phase === "Failed" || pod.status?.phase === "Succeeded";
}

/** Neither finished nor being deleted: what a ReplicaSet counts. */
export function isPodActive(pod: Pod): boolean {
  return !isPodTerminal(pod) && pod.metadata?.deletionTimestamp === undefined;
}

/** A mirror of a static Pod, made by a kubelet. */
export function isMirrorPod(pod: Pod): boolean {
  return pod.metadata?.annotations?.["kubernetes.io/config.mirror"] !== undefined;
}

/** A Pod with a true `hostNetwork`. */
export function isHostNetwork(pod: Pod): boolean {
  return pod.spec?.hostNetwork === true;
}

/** The ports a Pod takes on its node: those of its regular containers and its sidecars. */
export function hostPorts(pod: Pod): ContainerPort[] {
  const ports: ContainerPort[] = [];
  const running = [
    ...(pod.spec?.containers ?? []),
    ...(pod.spec?.initContainers ?? []).filter(isRestartableInitContainer),
  ];
  for (const container of running)
    for (const port of container.ports ?? []) if ((port.hostPort ?? 0) > 0) ports.push(port);
  return ports;
}

/** The Pod's addresses, primary first. */
export function podIPs(pod: Pod): string[] {
  const list = (pod.status?.podIPs ?? []).map((each) => each.ip ?? "").filter((ip) => ip !== "");
  return list.length > 0 ? list : pod.status?.podIP ? [pod.status.podIP] : [];
}
