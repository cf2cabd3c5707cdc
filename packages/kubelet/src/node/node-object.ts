/** The Node object a kubelet registers and keeps current. Pure. */

import type { Node, NodeStatus } from "@kubets/api";
import type { Image } from "@kubets/cri";
import type { KubeletConfiguration } from "../configuration.ts";
import type { MachineInfo } from "./machine.ts";
import { allocatableOf, capacityOf } from "./resources.ts";
import type { RuntimeState } from "./runtime-state.ts";

export interface NodeInput {
  readonly nodeName: string;
  readonly hostname: string;
  readonly nodeIPs: readonly string[];
  readonly machine: MachineInfo;
  /** Bytes of the file system below the kubelet's root. */
  readonly storage: number;
  readonly configuration: KubeletConfiguration;
  /** Of the HTTPS server; undefined without one. */
  readonly port: number | undefined;
  readonly runtime: RuntimeState;
  readonly images: readonly Image[];
  /** `v1.36.0` */
  readonly version: string;
  readonly labels: Readonly<Record<string, string>>;
}

export function nodeLabels({ hostname, machine, labels }: NodeInput): Record<string, string> {
  return {
    "beta.kubernetes.io/arch": machine.architecture,
    "beta.kubernetes.io/os": "linux",
    "kubernetes.io/arch": machine.architecture,
    "kubernetes.io/hostname": hostname,
    "kubernetes.io/os": "linux",
    ...labels,
  };
}

/** All of the status but its conditions. */
export function nodeStatus(input: NodeInput): NodeStatus {
  const { machine, runtime, configuration, port } = input;
  const capacityInput = { cpus: machine.cpus, memory: machine.memory, storage: input.storage };
  const runtimeName = runtime.version?.runtimeName ?? "containerd";
  const features = runtime.status?.features;
  const handlers = runtime.status?.runtimeHandlers ?? [];
  return {
    addresses: [
      ...input.nodeIPs.map((address) => ({ type: "InternalIP", address })),
      { type: "Hostname", address: input.hostname },
    ],
    allocatable: allocatableOf(capacityInput, configuration),
    capacity: capacityOf(capacityInput, configuration),
    daemonEndpoints: { kubeletEndpoint: { Port: port ?? 0 } },
    images: imageList(input.images, configuration.nodeStatusMaxImages),
    nodeInfo: {
      architecture: machine.architecture,
      bootID: machine.bootID,
      containerRuntimeVersion: `${runtimeName}://${runtime.version?.runtimeVersion ?? ""}`,
      kernelVersion: machine.kernelVersion,
      kubeProxyVersion: "",
      kubeletVersion: input.version,
      machineID: machine.machineID,
      operatingSystem: "linux",
      osImage: machine.osImage,
      systemUUID: machine.systemUUID,
    },
    ...(features === undefined || features === null
      ? {}
      : { features: { supplementalGroupsPolicy: features.supplementalGroupsPolicy } }),
    ...(handlers.length === 0
      ? {}
      : {
          runtimeHandlers: handlers.map(({ name, features: f }) => ({
            name,
            ...(f === null
              ? {}
              : {
                  features: {
                    recursiveReadOnlyMounts: f.recursiveReadOnlyMounts,
                    userNamespaces: f.userNamespaces,
                  },
                }),
          })),
        }),
  };
}

/** The largest first, each by its digests and then its tags, five names at most. */
function imageList(images: readonly Image[], max: number): NonNullable<NodeStatus["images"]> {
  const sorted = [...images].sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1));
  return (max < 0 ? sorted : sorted.slice(0, max)).map((image) => ({
    names: [...image.repoDigests, ...image.repoTags].slice(0, 5),
    sizeBytes: image.size,
  }));
}

export function nodeObject(input: NodeInput, status: NodeStatus): Node {
  const { configuration } = input;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: input.nodeName,
      labels: nodeLabels(input),
      annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
    },
    spec: {
      ...(configuration.registerWithTaints.length === 0
        ? {}
        : { taints: configuration.registerWithTaints.map((taint) => ({ ...taint })) }),
      ...(configuration.providerID === "" ? {} : { providerID: configuration.providerID }),
    },
    status,
  };
}
