/** One node as the scheduler sees it: the Node object, the pods bound or assumed there, and sums that are kept as pods come and go. */

import type { ContainerPort, Node, Pod } from "@kubets/api";
import { keyOf } from "@kubets/apimachinery";
import { type Allocatable, addResources, allocatableOf, amountsOf, noResources, type Resources } from "./resources.ts";

const noAllocatable: Allocatable = { ...noResources(), pods: 0 };

/** Its Node may be unknown as yet while pods on it are counted. */
export class NodeInfo {
  readonly name: string;
  readonly pods = new Map<string, Pod>();
  readonly requested: Resources = noResources();
  readonly nonZero = { milliCpu: 0, memory: 0 };
  readonly usedPorts = new HostPorts();
  /** How many of the node's pods each controller (by uid) owns. */
  readonly podsByController = new Map<string, number>();
  #node: Node | undefined;
  #allocatable: Allocatable = noAllocatable;

  constructor(name: string) {
    this.name = name;
  }

  /** Undefined for a node whose pods are known before it is, or whose pods outlive it. */
  get node(): Node | undefined {
    return this.#node;
  }

  get allocatable(): Allocatable {
    return this.#allocatable;
  }

  setNode(node: Node | undefined): void {
    this.#node = node;
    this.#allocatable = node === undefined ? noAllocatable : allocatableOf(node);
  }

  addPod(pod: Pod): void {
    this.#count(pod, 1);
    this.pods.set(keyOf(pod), pod);
  }

  removePod(pod: Pod): void {
    const present = this.pods.get(keyOf(pod));
    if (present === undefined) return;
    this.#count(present, -1);
    this.pods.delete(keyOf(pod));
  }

  #count(pod: Pod, sign: 1 | -1): void {
    const { requested, nonZero } = amountsOf(pod);
    addResources(this.requested, requested, sign);
    this.nonZero.milliCpu += sign * nonZero.milliCpu;
    this.nonZero.memory += sign * nonZero.memory;
    const controller = controllerOf(pod);
    if (controller !== undefined) {
      const left = (this.podsByController.get(controller) ?? 0) + sign;
      if (left > 0) this.podsByController.set(controller, left);
      else this.podsByController.delete(controller);
    }
    for (const port of hostPortsOf(pod)) {
      if (sign > 0) this.usedPorts.add(port);
      else this.usedPorts.remove(port);
    }
  }
}

/** The uid of the controller that owns the pod. */
export function controllerOf(pod: Pod): string | undefined {
  return pod.metadata?.ownerReferences?.find((owner) => owner.controller)?.uid;
}

export interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const anyIP = "0.0.0.0";

/** The host ports a pod's containers (and sidecars) bind. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === "Always");
  const found: HostPort[] = [];
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars])
    for (const port of container.ports ?? []) if (port.hostPort) found.push(hostPort(port, port.hostPort));
  return found;
}

function hostPort(port: ContainerPort, number: number): HostPort {
  return { ip: port.hostIP || anyIP, protocol: port.protocol || "TCP", port: number };
}

/** Ports in use, with 0.0.0.0 conflicting with every address. */
export class HostPorts {
  readonly #byPort = new Map<string, Map<string, number>>();

  add({ ip, protocol, port }: HostPort): void {
    const key = `${protocol}/${port}`;
    const ips = this.#byPort.get(key) ?? new Map<string, number>();
    ips.set(ip, (ips.get(ip) ?? 0) + 1);
    this.#byPort.set(key, ips);
  }

  remove({ ip, protocol, port }: HostPort): void {
    const key = `${protocol}/${port}`;
    const ips = this.#byPort.get(key);
    const left = (ips?.get(ip) ?? 0) - 1;
    if (left > 0) ips?.set(ip, left);
    else ips?.delete(ip);
    if (ips?.size === 0) this.#byPort.delete(key);
  }

  conflicts({ ip, protocol, port }: HostPort): boolean {
    const ips = this.#byPort.get(`${protocol}/${port}`);
    if (ips === undefined) return false;
    return ip === anyIP || ips.has(ip) || ips.has(anyIP);
  }
}
