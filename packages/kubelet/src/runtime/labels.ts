/**
 * Labels and annotations of sandboxes and containers. They are all the memory a kubelet has: a restarted one finds its pods by them,
 * and crictl prints from them. Names are upstream's (`pkg/kubelet/types/labels.go`, `kuberuntime/labels.go`).
 */

import type { Container, Pod } from "@kubets/api";
import type { PodRef } from "../pods/pod-ref.ts";
import { podRef } from "../pods/pod-ref.ts";
import { hashContainer } from "./container-hash.ts";

export const podNameLabel = "io.kubernetes.pod.name";
export const podNamespaceLabel = "io.kubernetes.pod.namespace";
export const podUidLabel = "io.kubernetes.pod.uid";
export const containerNameLabel = "io.kubernetes.container.name";

const hashAnnotation = "io.kubernetes.container.hash";
const restartCountAnnotation = "io.kubernetes.container.restartCount";
const terminationMessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";
const terminationMessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";
const preStopHandlerAnnotation = "io.kubernetes.container.preStopHandler";
const portsAnnotation = "io.kubernetes.container.ports";
const podDeletionGracePeriodAnnotation = "io.kubernetes.pod.deletionGracePeriod";
const podTerminationGracePeriodAnnotation = "io.kubernetes.pod.terminationGracePeriod";

function podLabels(pod: Pod): Record<string, string> {
  const { uid, name, namespace } = podRef(pod);
  return { [podNameLabel]: name, [podNamespaceLabel]: namespace, [podUidLabel]: uid };
}

/** The pod's own labels, and the four that identify it. */
export function sandboxLabels(pod: Pod): Record<string, string> {
  return { ...pod.metadata?.labels, ...podLabels(pod) };
}

export function sandboxAnnotations(pod: Pod): Record<string, string> {
  return { ...pod.metadata?.annotations };
}

export function containerLabels(pod: Pod, container: Container): Record<string, string> {
  return { [containerNameLabel]: container.name, ...podLabels(pod) };
}

export function containerAnnotations(pod: Pod, container: Container, restartCount: number): Record<string, string> {
  const grace = pod.metadata?.deletionGracePeriodSeconds;
  const termination = pod.spec?.terminationGracePeriodSeconds;
  return {
    [hashAnnotation]: hashContainer(container),
    [restartCountAnnotation]: String(restartCount),
    [terminationMessagePathAnnotation]: container.terminationMessagePath ?? "",
    [terminationMessagePolicyAnnotation]: container.terminationMessagePolicy ?? "",
    ...(grace === undefined ? {} : { [podDeletionGracePeriodAnnotation]: String(grace) }),
    ...(termination === undefined ? {} : { [podTerminationGracePeriodAnnotation]: String(termination) }),
    ...(container.lifecycle?.preStop === undefined
      ? {}
      : { [preStopHandlerAnnotation]: JSON.stringify(container.lifecycle.preStop) }),
    ...(container.ports === undefined || container.ports.length === 0
      ? {}
      : { [portsAnnotation]: JSON.stringify(container.ports) }),
  };
}

type Strings = Readonly<Record<string, string>> | undefined;

/** The pod a sandbox or container belongs to; undefined when it is not a kubelet's. */
export function podOfLabels(labels: Strings): PodRef | undefined {
  const uid = labels?.[podUidLabel];
  if (uid === undefined) return undefined;
  return { uid, name: labels?.[podNameLabel] ?? "", namespace: labels?.[podNamespaceLabel] ?? "" };
}

/** What a container's annotations remember of the spec it was made from. */
export interface RememberedContainer {
  readonly hash: string;
  readonly restartCount: number;
  readonly terminationMessagePath: string;
  readonly terminationMessagePolicy: string;
  readonly terminationGracePeriodSeconds: number | undefined;
}

export function rememberedContainer(annotations: Strings): RememberedContainer {
  const grace = annotations?.[podDeletionGracePeriodAnnotation] ?? annotations?.[podTerminationGracePeriodAnnotation];
  return {
    hash: annotations?.[hashAnnotation] ?? "",
    restartCount: Number(annotations?.[restartCountAnnotation] ?? "0") || 0,
    terminationMessagePath: annotations?.[terminationMessagePathAnnotation] ?? "",
    terminationMessagePolicy: annotations?.[terminationMessagePolicyAnnotation] ?? "",
    terminationGracePeriodSeconds: grace === undefined ? undefined : Number(grace),
  };
}
