/** A node's capacity and what of it pods may have. Source: pkg/kubelet/cm/node_container_manager_linux.go. */

import { parseQuantity } from "@kubets/apimachinery";
import type { KubeletConfiguration } from "../configuration.ts";

export interface CapacityInput {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  readonly storage: number;
}

export type ResourceList = Record<string, string>;

const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;

export function capacityOf(input: CapacityInput, configuration: KubeletConfiguration): ResourceList {
  return {
    cpu: String(input.cpus),
    "ephemeral-storage": kibibytes(input.storage),
    "hugepages-1Gi": "0",
    "hugepages-2Mi": "0",
    memory: kibibytes(input.memory),
    pods: String(configuration.maxPods),
  };
}

/** An eviction threshold in bytes: a quantity, or a percentage of `capacity`. */
export function thresholdValue(text: string | undefined, capacity: number): number {
  if (text === undefined || text === "") return 0;
  if (text.endsWith("%")) return Math.floor((capacity * Number(text.slice(0, -1))) / 100);
  return parseQuantity(text).value();
}

export function allocatableOf(input: CapacityInput, configuration: KubeletConfiguration): ResourceList {
  const { systemReserved, kubeReserved, evictionHard } = configuration;
  const reserved = (name: string): number =>
    [systemReserved[name], kubeReserved[name]].reduce(
      (sum, text) => sum + (text === undefined ? 0 : parseQuantity(text).milliValue()),
      0,
    );
  const cpuMilli = Math.max(0, input.cpus * 1000 - reserved("cpu"));
  const memory =
    input.memory - reserved("memory") / 1000 - thresholdValue(evictionHard["memory.available"], input.memory);
  const storage =
    input.storage -
    reserved("ephemeral-storage") / 1000 -
    thresholdValue(evictionHard["nodefs.available"], input.storage);
  return {
    ...capacityOf(input, configuration),
    cpu: cpuMilli % 1000 === 0 ? String(cpuMilli / 1000) : `${cpuMilli}m`,
    "ephemeral-storage": String(Math.max(0, Math.floor(storage))),
    memory: kibibytes(Math.max(0, memory)),
  };
}
