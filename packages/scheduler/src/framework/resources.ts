/** Amounts the scheduler counts in: plain numbers, so that sums per node are additions. */

import type { Node, Pod } from "@kubets/api";
import { podRequests } from "@kubets/api";
import { parseQuantity, type Quantity } from "@kubets/apimachinery";

export interface Resources {
  milliCpu: number;
  memory: number;
  ephemeralStorage: number;
  /** Every other resource (`nvidia.com/gpu`, `hugepages-2Mi`), by name, in units. */
  scalar: Record<string, number>;
}

/** A new one each time, to be added to. */
export function noResources(): Resources {
  return { milliCpu: 0, memory: 0, ephemeralStorage: 0, scalar: {} };
}

/** What a list of resources by name (`cpu`, `memory`) amounts to. */
export function resourcesOf(list: Iterable<readonly [name: string, quantity: Quantity]>): Resources {
  const sum = noResources();
  for (const [name, quantity] of list) {
    if (name === "cpu") sum.milliCpu = Number(quantity.milliValue());
    else if (name === "memory") sum.memory = Number(quantity.value());
    else if (name === "ephemeral-storage") sum.ephemeralStorage = Number(quantity.value());
    else if (name !== "pods") sum.scalar[name] = Number(quantity.value());
  }
  return sum;
}

/** Adds `delta` times `sign` to `total`, in place. */
export function addResources(total: Resources, delta: Resources, sign: 1 | -1): void {
  total.milliCpu += sign * delta.milliCpu;
  total.memory += sign * delta.memory;
  total.ephemeralStorage += sign * delta.ephemeralStorage;
  for (const name in delta.scalar)
    total.scalar[name] = (total.scalar[name] ?? 0) + sign * (delta.scalar[name] as number);
}

/** What scores assume of a container that asks for nothing. Source: scheduler/util/pod_resources.go. */
const defaultMilliCpu = 100;
const defaultMemory = 200 * 1024 * 1024;

export interface PodAmounts {
  /** What the pod asks for: what Filter counts. */
  readonly requested: Resources;
  /** The same with the defaults for containers that do not say: what Score counts. */
  readonly nonZero: { readonly milliCpu: number; readonly memory: number };
}

const amounts = new WeakMap<Pod, PodAmounts>();

/** Computed once per pod object; pods are immutable. */
export function amountsOf(pod: Pod): PodAmounts {
  const known = amounts.get(pod);
  if (known !== undefined) return known;
  const requested = resourcesOf(podRequests(pod));
  const filled = resourcesOf(podRequests(withDefaultRequests(pod)));
  const made = { requested, nonZero: { milliCpu: filled.milliCpu, memory: filled.memory } };
  amounts.set(pod, made);
  return made;
}

function withDefaultRequests(pod: Pod): Pod {
  const fill = <C extends { resources?: { requests?: Record<string, string> } }>(container: C): C => {
    const requests = container.resources?.requests ?? {};
    return {
      ...container,
      resources: {
        ...container.resources,
        requests: { cpu: `${defaultMilliCpu}m`, memory: `${defaultMemory}`, ...requests },
      },
    };
  };
  const spec = pod.spec;
  if (spec === undefined) return pod;
  return {
    ...pod,
    spec: {
      ...spec,
      containers: spec.containers.map(fill),
      ...(spec.initContainers === undefined ? {} : { initContainers: spec.initContainers.map(fill) }),
    },
  };
}

export interface Allocatable extends Resources {
  pods: number;
}

/** Nothing of what the node does not say. */
export function allocatableOf(node: Node): Allocatable {
  const list = Object.entries(node.status?.allocatable ?? {}).map(
    ([name, text]) => [name, parseQuantity(text)] as const,
  );
  const podCount = list.find(([name]) => name === "pods")?.[1];
  return { ...resourcesOf(list), pods: podCount === undefined ? 0 : Number(podCount.value()) };
}
