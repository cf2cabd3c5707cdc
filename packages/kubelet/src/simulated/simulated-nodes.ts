/** Nodes without containers: the same kubelet on a simulated runtime. Thousands share one watch of pods, one watcher of objects, one process. */

import { configMaps, fnv1a, nodes, type Pod, pods, secrets } from "@kubets/api";
import type { Clock, Component, Health, Logger, Random } from "@kubets/apimachinery";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { createInformerFactory } from "@kubets/client";
import { noCgroups } from "../cgroups/cgroup-manager.ts";
import type { KubeletConfiguration } from "../configuration.ts";
import { Kubelet } from "../kubelet.ts";
import type { KubeletParts } from "../kubelet-options.ts";
import type { Machine } from "../node/machine.ts";
import { ObjectManager } from "../objects/object-manager.ts";
import { isSidecar } from "../pods/pod-ref.ts";
import type { PodSource } from "../pods/pod-source.ts";
import { SharedPodSource } from "../pods/pod-source.ts";
import { noFiles } from "../runtime/host-files.ts";
import type { SimulatedBehaviour, SimulatedLatencies } from "./simulated-runtime.ts";
import { SimulatedRuntime } from "./simulated-runtime.ts";

export interface SimulatedResources {
  readonly cpus: number;
  /** Bytes. */
  readonly memory: number;
  /** Bytes. */
  readonly storage: number;
}

export interface SimulatedNodesOptions {
  readonly client: Client;
  readonly count: number;
  /** `simulated-` gives `simulated-0`, `simulated-1`... */
  readonly namePrefix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: SimulatedResources;
  readonly latencies?: Partial<SimulatedLatencies>;
  /** How long the containers of a pod that is not restarted (a Job's) run. Default one second. */
  readonly jobMs?: number;
  readonly configuration?: Partial<KubeletConfiguration>;
  /** The node's own address; by default one of 198.18.0.0/15, which is set aside for tests. */
  nodeIP?(index: number): string;
  /** A client that acts as the node; the common one by default. */
  clientFor?(nodeName: string): Client;
  readonly version?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly logger?: Logger;
}

const gibibyte = 1024 ** 3;
const defaultResources: SimulatedResources = { cpus: 32, memory: 256 * gibibyte, storage: 1024 * gibibyte };

function simulatedMachine({ cpus, memory, storage }: SimulatedResources, name: string): Machine {
  const id = fnv1a(name).toString(16).padStart(32, "0");
  return {
    info: async () => ({
      cpus,
      memory,
      machineID: id,
      systemUUID: id,
      bootID: id,
      kernelVersion: "simulated",
      osImage: "simulated",
      architecture: "amd64",
    }),
    disk: async () => ({ capacity: storage, available: storage, inodes: 0, inodesFree: 0 }),
    cpuTime: async () => undefined,
    availableMemory: async () => memory,
  };
}

function defaultNodeIP(index: number): string {
  return `198.${18 + ((index >> 16) & 1)}.${(index >> 8) & 255}.${index & 255}`;
}

/** Init containers end at once, those of Jobs after a while, all others run on. */
export function behaviourOf(pod: Pod | undefined, container: string, jobMs: number): SimulatedBehaviour {
  const init = pod?.spec?.initContainers?.find((c) => c.name === container);
  if (init !== undefined) return isSidecar(init) ? {} : { exitAfterMs: 0, exitCode: 0 };
  const policy = pod?.spec?.restartPolicy;
  return policy === "Never" || policy === "OnFailure" ? { exitAfterMs: jobMs, exitCode: 0 } : {};
}

/** Addresses out of the node's pod CIDR, in turn. */
export class AddressPool {
  readonly #cidr: () => Promise<string | undefined>;
  readonly #fallback: string;
  #base: string | undefined;
  #index = 0;

  /** @param fallback an IPv4 network's address, used while the node has no CIDR */
  constructor(cidr: () => Promise<string | undefined>, fallback: string) {
    this.#cidr = cidr;
    this.#fallback = fallback;
  }

  async allocate(): Promise<string> {
    this.#base ??= (await this.#cidr().catch(() => undefined))?.split("/")[0];
    // A /24 has room for 253 at a time: an address comes around again long after its pod has gone.
    const offset = 2 + this.#index;
    this.#index = (this.#index + 1) % 253;
    return toAddress(toNumber(this.#base ?? this.#fallback) + offset);
  }
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Remembers the pods that pass by, so that the runtime knows what its containers are for. */
function remembering(source: PodSource, seen: Map<string, Pod>): PodSource {
  return {
    start: (handler, signal) =>
      source.start(
        {
          set(pod) {
            seen.set(pod.metadata?.uid ?? "", pod);
            handler.set(pod);
          },
          remove(pod) {
            seen.delete(pod.metadata?.uid ?? "");
            handler.remove(pod);
          },
        },
        signal,
      ),
    stopped: () => source.stopped(),
  };
}

/** Ready when all its nodes are. */
export class SimulatedNodes implements Component {
  readonly name = "simulated-nodes";
  readonly #options: SimulatedNodesOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #kubelets: Kubelet[] = [];
  readonly #ready = Promise.withResolvers<void>();

  constructor(options: SimulatedNodesOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? realRandom;
    this.#logger = options.logger ?? silentLogger;
  }

  /** All nodes have been reported ready. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#kubelets.map((kubelet) => kubelet.healthz()).find((health) => !health.ok) ?? { ok: true };
  }

  async start(signal: AbortSignal): Promise<void> {
    const { client, count } = this.#options;
    const common = { clock: this.#clock, random: this.#random, logger: this.#logger };
    const factory = createInformerFactory(client, common);
    const shared = new SharedPodSource(factory.informer(pods));
    factory.start(signal);
    const objects = {
      configMaps: new ObjectManager({ ...common, client, resource: configMaps, onChange: () => {} }),
      secrets: new ObjectManager({ ...common, client, resource: secrets, onChange: () => {} }),
    };
    for (let index = 0; index < count; index++) this.#kubelets.push(this.#node(index, shared, objects));
    void Promise.all(this.#kubelets.map((kubelet) => kubelet.ready)).then(() => this.#ready.resolve());
    try {
      await Promise.all(this.#kubelets.map((kubelet) => kubelet.start(signal)));
    } finally {
      await Promise.all([objects.configMaps.stop(), objects.secrets.stop(), factory.stopped()]);
    }
  }

  #node(index: number, shared: SharedPodSource, objects: KubeletParts["objects"]): Kubelet {
    const { clientFor, client, latencies, jobMs = 1000, labels, version } = this.#options;
    const nodeName = `${this.#options.namePrefix ?? "simulated-"}${index}`;
    const nodeClient = clientFor?.(nodeName) ?? client;
    const seen = new Map<string, Pod>();
    const pool = new AddressPool(
      async () => (await nodeClient.resource(nodes).get(nodeName)).spec?.podCIDR,
      `100.${64 + ((index >> 8) & 63)}.${index & 255}.0`,
    );
    const runtime = new SimulatedRuntime({
      clock: this.#clock,
      random: this.#random,
      allocateIP: () => pool.allocate(),
      behaviour: ({ metadata }, sandbox) => behaviourOf(seen.get(sandbox.metadata.uid), metadata.name, jobMs),
      ...(latencies === undefined ? {} : { latencies }),
    });
    return new Kubelet({
      nodeName,
      client: nodeClient,
      runtime,
      rootDir: "/",
      podLogsDir: "/",
      nodeIPs: [(this.#options.nodeIP ?? defaultNodeIP)(index)],
      labels: { type: "simulated", "kubets.io/simulated": "true", ...labels },
      clock: this.#clock,
      random: this.#random,
      logger: this.#logger,
      // Nothing happens to a simulated runtime unseen, and nothing of its node changes by itself.
      relistSeconds: 3600,
      configuration: {
        nodeStatusUpdateFrequencySeconds: 300,
        evictionHard: {},
        resolvConf: "",
        clusterDNS: ["10.96.0.10"],
        ...this.#options.configuration,
      },
      ...(version === undefined ? {} : { version }),
      parts: {
        ...simulatedParts(simulatedMachine(this.#options.resources ?? defaultResources, nodeName)),
        objects,
        pods: remembering(shared.forNode(nodeName), seen),
      },
    });
  }
}

/** The parts of a kubelet that leave the machine alone. */
export function simulatedParts(machine: Machine) {
  return {
    machine,
    cgroups: noCgroups,
    files: noFiles,
    volumes: {
      mount: async (pod: Pod) => ({
        paths: new Map((pod.spec?.volumes ?? []).map((volume) => [volume.name, "/dev/null"])),
        refreshAt: undefined,
      }),
      unmount: () => Promise.resolve(),
    },
    prober: async () => ({ result: "success", output: "" }) as const,
    services: () => [],
    removeLogs: () => Promise.resolve(),
  } satisfies Partial<KubeletParts>;
}
