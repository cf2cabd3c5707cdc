/** Watches over the node: the runtime's health, pressure, images; reports what changed and evicts when it must. */

import { isNodeReady, type Node, type NodeStatus, nodes } from "@kubets/api";
import { type Clock, isNotFound, type Logger } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import type { Image, ImageService, RuntimeService } from "@kubets/cri";
import type { KubeletConfiguration } from "../configuration.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import { conditionEvents } from "./conditions.ts";
import type { DiskUsage, Machine, MachineInfo } from "./machine.ts";
import type { NodeInput } from "./node-object.ts";
import { NodeRegistrar } from "./node-registrar.ts";
import type { Crossed } from "./pressure.ts";
import { crossedThresholds } from "./pressure.ts";
import type { RuntimeState } from "./runtime-state.ts";
import { readRuntimeState, unknownRuntime } from "./runtime-state.ts";

export interface NodeKeeperOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  readonly runtime: RuntimeService;
  readonly images: ImageService;
  readonly configuration: KubeletConfiguration;
  readonly machine: Machine;
  readonly machineInfo: MachineInfo;
  readonly rootDir: string;
  readonly node: Pick<NodeInput, "nodeName" | "hostname" | "nodeIPs" | "version" | "labels" | "storage">;
  port(): number | undefined;
  /** The runtime's state changed between working and not. */
  onRuntimeChange(): void;
  /** A threshold is crossed: one pod should go. */
  onPressure(crossed: Crossed): Promise<void>;
}

/** A ready node stays so while its runtime is away for less than this: upstream's `maxWaitForContainerRuntime`. */
const runtimeGraceMs = 30_000;

/** How soon to look again while the node is not ready: a start should not wait for a timer. */
const unreadyDelaysMs = [50, 100, 200, 400, 1000];

export class NodeKeeper {
  readonly #options: NodeKeeperOptions;
  readonly #registrar: NodeRegistrar;
  readonly #ready = Promise.withResolvers<void>();
  readonly #registered = Promise.withResolvers<void>();
  #state: RuntimeState = unknownRuntime;
  #images: readonly Image[] = [];
  /** When the runtime last worked, or this kubelet began. */
  #runtimeSeenAt: number;
  #memoryPressureUntil = Number.NEGATIVE_INFINITY;
  #diskPressureUntil = Number.NEGATIVE_INFINITY;
  #kick: (() => void) | undefined;

  constructor(options: NodeKeeperOptions) {
    this.#options = options;
    const { client, clock, logger, configuration } = options;
    this.#runtimeSeenAt = clock.monotonic();
    this.#registrar = new NodeRegistrar({
      client,
      clock,
      logger,
      reportEveryMs: configuration.nodeStatusReportFrequencySeconds * 1000,
      onReported: (old, status) => this.#tell(old, status),
    });
  }

  /** Resolves when the node was first reported ready. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the API has the node, ready or not. */
  get registered(): Promise<void> {
    return this.#registered.promise;
  }

  get state(): RuntimeState {
    return this.#state;
  }

  get node(): Node | undefined {
    return this.#registrar.node;
  }

  /** Reads the node from the API again. @throws what the API answered */
  refresh(signal: AbortSignal): Promise<void> {
    return this.#registrar.refresh(signal);
  }

  /** Looks at once instead of at the next turn. */
  kick(): void {
    this.#kick?.();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, configuration, logger } = this.#options;
    let failures = 0;
    while (!signal.aborted) {
      let reported = false;
      try {
        await this.#look(signal);
        reported = true;
      } catch (error) {
        if (signal.aborted) return;
        logger.debug("node status not reported", { err: error });
      }
      const isReady = this.#problems().length === 0;
      failures = reported && isReady ? 0 : failures + 1;
      const delayMs =
        failures === 0
          ? configuration.nodeStatusUpdateFrequencySeconds * 1000
          : unreadyDelaysMs[Math.min(failures, unreadyDelaysMs.length) - 1]!;
      await this.#rest(clock, delayMs, signal);
    }
  }

  async #rest(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    const kicked = new AbortController();
    this.#kick = () => kicked.abort();
    await clock.sleep(ms, AbortSignal.any([signal, kicked.signal])).catch(() => undefined);
    this.#kick = undefined;
  }

  #problems(): string[] {
    const { runtimeProblem, networkProblem } = this.#state;
    return [...new Set([runtimeProblem, networkProblem].filter((text): text is string => text !== undefined))];
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { runtime, images, configuration, machineInfo, node } = this.#options;
    const before = this.#problems().length === 0;
    this.#state = await readRuntimeState(runtime, this.#state, signal);
    const now = this.#problems().length === 0;
    if (before !== now) this.#options.onRuntimeChange();
    if (this.#state.runtimeProblem === undefined) {
      this.#runtimeSeenAt = this.#options.clock.monotonic();
      this.#images = (await images.listImages({}, { signal })).images;
    }
    await this.#measure(signal);
    if (!configuration.registerNode || (await this.#isBrieflyWithoutRuntime(signal))) return;
    const input: NodeInput = {
      ...node,
      machine: machineInfo,
      configuration,
      port: this.#options.port(),
      runtime: this.#state,
      images: this.#images,
    };
    const time = this.#options.clock.monotonic();
    const health = {
      memoryPressure: time < this.#memoryPressureUntil,
      diskPressure: time < this.#diskPressureUntil,
      pidPressure: false,
      problems: this.#problems(),
    };
    await this.#registrar.report(input, health, signal);
    this.#registered.resolve();
    if (health.problems.length === 0) this.#ready.resolve();
  }

  /** The runtime is being restarted under a node that the API has as ready: nobody need hear of it, and its pods stay in their Services. */
  async #isBrieflyWithoutRuntime(signal: AbortSignal): Promise<boolean> {
    const { client, clock, node } = this.#options;
    if (this.#state.runtimeProblem === undefined) return false;
    if (clock.monotonic() - this.#runtimeSeenAt >= runtimeGraceMs) return false;
    try {
      return isNodeReady(this.#registrar.node ?? (await client.resource(nodes).get(node.nodeName, { signal })));
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const { machine, machineInfo, rootDir, configuration, clock } = this.#options;
    const disk = async (path: string | undefined): Promise<DiskUsage | undefined> =>
      path === undefined || path === "" ? undefined : machine.disk(path).catch(() => undefined);
    const [available, nodefs, imagefs] = await Promise.all([
      machine.availableMemory(),
      disk(rootDir),
      disk(await this.#imagePath(signal)),
    ]);
    const memory = { available, capacity: machineInfo.memory };
    const crossed = crossedThresholds({ memory, nodefs, imagefs }, configuration.evictionHard);
    const until = clock.monotonic() + configuration.evictionPressureTransitionPeriodSeconds * 1000;
    for (const each of crossed) {
      if (each.resource === "memory") this.#memoryPressureUntil = until;
      else this.#diskPressureUntil = until;
    }
    if (crossed[0] !== undefined) await this.#options.onPressure(crossed[0]);
  }

  #imageMount: string | undefined;

  async #imagePath(signal: AbortSignal): Promise<string | undefined> {
    if (this.#imageMount !== undefined || this.#state.runtimeProblem !== undefined) return this.#imageMount;
    try {
      const { imageFilesystems } = await this.#options.images.imageFsInfo({}, { signal });
      this.#imageMount = imageFilesystems[0]?.fsId?.mountpoint ?? "";
    } catch {
      // A runtime without it: there is only the node's own file system to watch.
      this.#imageMount = "";
    }
    return this.#imageMount;
  }

  #tell(old: NodeStatus, status: NodeStatus): void {
    const { events, node } = this.#options;
    for (const reason of conditionEvents(old.conditions ?? [], status.conditions ?? [])) {
      events.node(node.nodeName, "Normal", reason, `Node ${node.nodeName} status is now: ${reason}`);
    }
  }
}
