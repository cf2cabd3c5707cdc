/**
 * A container runtime without containers: it answers as containerd would, after as long as it is told, on whatever clock it is given.
 * Thousands fit in one process. It keeps what a kubelet reads back (labels, annotations, attempts, exit codes) and nothing else.
 */

import type { Clock, Random } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";
import { CriError } from "@kubets/cri";
import { EventQueue } from "./event-queue.ts";
import { SimulatedImages } from "./simulated-images.ts";

/** How long each stage takes, in milliseconds. */
export interface SimulatedLatencies {
  readonly pullMs: number;
  readonly sandboxMs: number;
  readonly createMs: number;
  readonly startMs: number;
  readonly stopMs: number;
}

/** All is done at once. */
export const noLatencies: SimulatedLatencies = { pullMs: 0, sandboxMs: 0, createMs: 0, startMs: 0, stopMs: 0 };

/** What a container does once it runs: by default, nothing for ever. */
export interface SimulatedBehaviour {
  readonly exitAfterMs?: number;
  readonly exitCode?: number;
}

export interface SimulatedRuntimeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly latencies?: Partial<SimulatedLatencies>;
  /** The address of a new sandbox. */
  allocateIP(): Promise<string> | string;
  behaviour?(config: cri.ContainerConfig, sandbox: cri.PodSandboxConfig): SimulatedBehaviour;
  readonly version?: string;
}

interface Sandbox {
  readonly id: string;
  readonly config: cri.PodSandboxConfig;
  readonly createdAt: number;
  readonly ip: string;
  ready: boolean;
}

interface SimulatedContainer {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: cri.ContainerConfig;
  readonly createdAt: number;
  state: cri.ContainerState;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  reason: string;
}

type Runtime = cri.RuntimeService;
const unsupported = (method: string) => () =>
  Promise.reject(new CriError(method, "UNIMPLEMENTED", "a simulated node has no containers to do this in"));

const podUidLabel = "io.kubernetes.pod.uid";

/** A CRI runtime that keeps account of sandboxes and containers, and runs none. */
export class SimulatedRuntime implements cri.RuntimeClient {
  readonly runtime: cri.RuntimeService;
  readonly image: SimulatedImages;
  readonly #options: SimulatedRuntimeOptions;
  readonly #latencies: SimulatedLatencies;
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #queues = new Set<EventQueue>();

  constructor(options: SimulatedRuntimeOptions) {
    this.#options = options;
    this.#latencies = { ...noLatencies, ...options.latencies };
    this.image = new SimulatedImages(options.clock, this.#latencies.pullMs);
    this.runtime = { ...this.#lifecycle(), ...this.#reading(), ...this.#inert() };
  }

  async *events(signal: AbortSignal): AsyncIterable<cri.RuntimeEvent> {
    const queue = new EventQueue(signal);
    this.#queues.add(queue);
    try {
      yield { type: "Relist" };
      yield* queue;
    } finally {
      this.#queues.delete(queue);
    }
  }

  close(): void {
    for (const queue of this.#queues) queue.end();
  }

  /** For tests: a container ends by itself. */
  exit(containerId: string, exitCode: number, reason = exitCode === 0 ? "Completed" : "Error"): void {
    const container = this.#containers.get(containerId);
    if (container?.state !== "CONTAINER_RUNNING") return;
    container.state = "CONTAINER_EXITED";
    container.finishedAt = this.#now();
    container.exitCode = exitCode;
    container.reason = reason;
    this.#emit("ContainerStopped", container.id, container.sandbox);
  }

  /** Containers that run now, by name. */
  running(): { readonly id: string; readonly name: string; readonly podName: string }[] {
    return [...this.#containers.values()]
      .filter((c) => c.state === "CONTAINER_RUNNING")
      .map((c) => ({ id: c.id, name: c.config.metadata.name, podName: c.sandbox.config.metadata.name }));
  }

  #now(): number {
    return this.#options.clock.now() * 1e6;
  }

  #emit(type: cri.ContainerEvent["type"], containerId: string, sandbox: Sandbox): void {
    const event = { type, containerId, sandboxId: sandbox.id, podUid: sandbox.config.metadata.uid };
    for (const queue of this.#queues) queue.push(event);
  }

  #id(): string {
    const { random } = this.#options;
    return `${random.uuid()}${random.uuid()}`.replaceAll("-", "");
  }

  #sandbox(method: string, id: string): Sandbox {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined)
      throw new CriError(method, "NOT_FOUND", `an error occurred when try to find sandbox: not found`);
    return sandbox;
  }

  #container(method: string, id: string): SimulatedContainer {
    const container = this.#containers.get(id);
    if (container === undefined) {
      throw new CriError(method, "NOT_FOUND", `an error occurred when try to find container "${id}": not found`);
    }
    return container;
  }

  async #take(ms: number, options: cri.CallOptions | undefined): Promise<void> {
    if (ms > 0) await this.#options.clock.sleep(ms, options?.signal);
    options?.signal?.throwIfAborted();
  }

  #lifecycle() {
    const runPodSandbox: Runtime["runPodSandbox"] = async ({ config }, options) => {
      await this.#take(this.#latencies.sandboxMs, options);
      const onNode = config.linux?.securityContext?.namespaceOptions?.network === "NODE";
      const ip = onNode ? "" : await this.#options.allocateIP();
      const sandbox: Sandbox = { id: this.#id(), config, createdAt: this.#now(), ip, ready: true };
      this.#sandboxes.set(sandbox.id, sandbox);
      this.#emit("ContainerStarted", sandbox.id, sandbox);
      return { podSandboxId: sandbox.id };
    };
    const stopPodSandbox: Runtime["stopPodSandbox"] = async ({ podSandboxId }) => {
      const sandbox = this.#sandboxes.get(podSandboxId);
      if (sandbox?.ready !== true) return {};
      for (const container of this.#containers.values())
        if (container.sandbox === sandbox) this.exit(container.id, 137);
      sandbox.ready = false;
      this.#emit("ContainerStopped", sandbox.id, sandbox);
      return {};
    };
    const removePodSandbox: Runtime["removePodSandbox"] = async ({ podSandboxId }) => {
      for (const [id, container] of this.#containers) {
        if (container.sandbox.id === podSandboxId) this.#containers.delete(id);
      }
      this.#sandboxes.delete(podSandboxId);
      return {};
    };
    const createContainer: Runtime["createContainer"] = async ({ podSandboxId, config }, options) => {
      await this.#take(this.#latencies.createMs, options);
      const sandbox = this.#sandbox("CreateContainer", podSandboxId);
      const container: SimulatedContainer = {
        id: this.#id(),
        sandbox,
        config,
        createdAt: this.#now(),
        state: "CONTAINER_CREATED",
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: "",
      };
      this.#containers.set(container.id, container);
      this.#emit("ContainerCreated", container.id, sandbox);
      return { containerId: container.id };
    };
    const startContainer: Runtime["startContainer"] = async ({ containerId }, options) => {
      await this.#take(this.#latencies.startMs, options);
      const container = this.#container("StartContainer", containerId);
      container.state = "CONTAINER_RUNNING";
      container.startedAt = this.#now();
      this.#emit("ContainerStarted", container.id, container.sandbox);
      const { exitAfterMs, exitCode = 0 } = this.#options.behaviour?.(container.config, container.sandbox.config) ?? {};
      if (exitAfterMs !== undefined) {
        this.#options.clock.setTimeout(() => this.exit(containerId, exitCode), exitAfterMs, { unref: true });
      }
      return {};
    };
    const stopContainer: Runtime["stopContainer"] = async ({ containerId, timeout }, options) => {
      const container = this.#container("StopContainer", containerId);
      if (container.state !== "CONTAINER_RUNNING") return {};
      await this.#take(Math.min(this.#latencies.stopMs, timeout * 1000), options);
      this.exit(containerId, this.#latencies.stopMs > timeout * 1000 ? 137 : 0);
      return {};
    };
    const removeContainer: Runtime["removeContainer"] = async ({ containerId }) => {
      const container = this.#containers.get(containerId);
      this.#containers.delete(containerId);
      if (container !== undefined) this.#emit("ContainerDeleted", containerId, container.sandbox);
      return {};
    };
    return {
      runPodSandbox,
      stopPodSandbox,
      removePodSandbox,
      createContainer,
      startContainer,
      stopContainer,
      removeContainer,
    };
  }

  #reading() {
    const version: Runtime["version"] = async () => ({
      version: "0.1.0",
      runtimeName: "containerd",
      runtimeVersion: this.#options.version ?? "simulated",
      runtimeApiVersion: "v1",
    });
    const condition = (type: string) => ({ type, status: true, reason: "", message: "" });
    const status: Runtime["status"] = async () => ({
      status: { conditions: [condition("RuntimeReady"), condition("NetworkReady")] },
      info: {},
      runtimeHandlers: [],
      features: null,
    });
    const podSandboxStatus: Runtime["podSandboxStatus"] = async ({ podSandboxId }) => ({
      status: sandboxStatus(this.#sandbox("PodSandboxStatus", podSandboxId)),
      info: {},
      containersStatuses: [],
      timestamp: this.#now(),
    });
    const listPodSandbox: Runtime["listPodSandbox"] = async ({ filter }) => ({
      items: [...this.#sandboxes.values()]
        .filter((s) => matches(s.config.labels, filter?.labelSelector))
        .map(({ id, ready, createdAt, config }) => ({
          id,
          metadata: config.metadata,
          state: ready ? ("SANDBOX_READY" as const) : ("SANDBOX_NOTREADY" as const),
          createdAt,
          labels: config.labels ?? {},
          annotations: config.annotations ?? {},
          runtimeHandler: "",
        })),
    });
    const containerStatus: Runtime["containerStatus"] = async ({ containerId }) => ({
      status: containerStatusOf(this.#container("ContainerStatus", containerId)),
      info: {},
    });
    const listContainers: Runtime["listContainers"] = async ({ filter }) => ({
      containers: [...this.#containers.values()]
        .filter((c) => matches(c.config.labels, filter?.labelSelector))
        .map(({ id, sandbox, config, state, createdAt }) => ({
          id,
          podSandboxId: sandbox.id,
          metadata: config.metadata,
          image: config.image,
          imageRef: config.image.image,
          state,
          createdAt,
          labels: config.labels ?? {},
          annotations: config.annotations ?? {},
          imageId: config.image.image,
        })),
    });
    return { version, status, podSandboxStatus, listPodSandbox, containerStatus, listContainers };
  }

  #inert() {
    const nothing = async () => ({});
    const execSync: Runtime["execSync"] = async ({ containerId }) => {
      this.#container("ExecSync", containerId);
      return { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0), exitCode: 0 };
    };
    const listContainerStats: Runtime["listContainerStats"] = async () => ({ stats: [] });
    const listPodSandboxStats: Runtime["listPodSandboxStats"] = async () => ({ stats: [] });
    return {
      execSync,
      listContainerStats,
      listPodSandboxStats,
      updateRuntimeConfig: nothing,
      updatePodSandboxResources: nothing,
      updateContainerResources: nothing,
      reopenContainerLog: nothing,
      runtimeConfig: unsupported("RuntimeConfig"),
      exec: unsupported("Exec"),
      attach: unsupported("Attach"),
      portForward: unsupported("PortForward"),
      containerStats: unsupported("ContainerStats"),
      podSandboxStats: unsupported("PodSandboxStats"),
    };
  }
}

function matches(labels: cri.StringMap | undefined, selector: cri.StringMap | undefined): boolean {
  const uid = selector?.[podUidLabel];
  if (uid !== undefined && labels?.[podUidLabel] !== uid) return false;
  return Object.entries(selector ?? {}).every(([key, value]) => labels?.[key] === value);
}

function sandboxStatus({ id, config, ready, createdAt, ip }: Sandbox): cri.PodSandboxStatus {
  return {
    id,
    metadata: config.metadata,
    state: ready ? "SANDBOX_READY" : "SANDBOX_NOTREADY",
    createdAt,
    network: ip === "" ? null : { ip, additionalIps: [] },
    linux: { namespaces: { options: config.linux?.securityContext?.namespaceOptions ?? null } },
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    runtimeHandler: "",
  };
}

function containerStatusOf(container: SimulatedContainer): cri.ContainerStatus {
  const { config } = container;
  return {
    id: container.id,
    metadata: config.metadata,
    state: container.state,
    createdAt: container.createdAt,
    startedAt: container.startedAt,
    finishedAt: container.finishedAt,
    exitCode: container.exitCode,
    image: { image: config.image.userSpecifiedImage ?? config.image.image },
    imageRef: config.image.image,
    reason: container.reason,
    message: "",
    labels: config.labels ?? {},
    annotations: config.annotations ?? {},
    mounts: config.mounts ?? [],
    logPath: "",
    resources: null,
    imageId: config.image.image,
    user: null,
    stopSignal: config.stopSignal ?? 0,
  };
}
