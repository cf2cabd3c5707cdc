/** The node's agent: takes the pods that are bound to its node, makes the runtime run them, and reports what became of them. */

import { mkdir, rm } from "node:fs/promises";
import { configMaps, runtimeClasses, secrets, services } from "@kubets/api";
import type { Clock, Component, Health, Logger, Random } from "@kubets/apimachinery";
import { realClock, realRandom, silentLogger } from "@kubets/apimachinery";
import { createEventRecorder, createInformerFactory } from "@kubets/client";
import type { CgroupManager } from "./cgroups/cgroup-manager.ts";
import { cgroupfsManager, noCgroups, systemdCgroups } from "./cgroups/cgroup-manager.ts";
import type { KubeletConfiguration } from "./configuration.ts";
import { defaultConfiguration } from "./configuration.ts";
import { ImageManager } from "./images/image-manager.ts";
import type { KubeletOptions } from "./kubelet-options.ts";
import { renewLease } from "./node/lease.ts";
import type { MachineInfo } from "./node/machine.ts";
import { realMachine } from "./node/machine.ts";
import { NodeKeeper } from "./node/node-keeper.ts";
import type { Crossed } from "./node/pressure.ts";
import { evictionMessage, rankForEviction } from "./node/pressure.ts";
import { allocatableOf } from "./node/resources.ts";
import { ObjectManager } from "./objects/object-manager.ts";
import { TokenManager } from "./objects/token-manager.ts";
import { KubeletPaths } from "./paths.ts";
import { PodEvents } from "./pods/pod-events.ts";
import { PodManager } from "./pods/pod-manager.ts";
import { podRef } from "./pods/pod-ref.ts";
import { apiPodSource } from "./pods/pod-source.ts";
import { PodSyncer } from "./pods/pod-syncer.ts";
import { staticPodSource } from "./pods/static-pods.ts";
import { ProbeManager } from "./probes/probe-manager.ts";
import { createProber } from "./probes/prober.ts";
import { BackOff } from "./runtime/back-off.ts";
import { ContainerBuilder } from "./runtime/container-builder.ts";
import { NodeFiles } from "./runtime/host-files.ts";
import { rotateIfLarge } from "./runtime/log-rotation.ts";
import { memoryByPod } from "./runtime/memory-usage.ts";
import { Pleg } from "./runtime/pleg.ts";
import { PodCache } from "./runtime/pod-cache.ts";
import { PodRuntime } from "./runtime/pod-runtime.ts";
import { serveNode } from "./server/serve-node.ts";
import { StatusManager } from "./status/status-manager.ts";
import { systemMounter } from "./volumes/mounter.ts";
import { VolumeManager } from "./volumes/volume-manager.ts";

const imageBackOffMs = 10_000;
const imageBackOffMaxMs = 300_000;
const containerBackOffMs = 10_000;

/** Ready when the node is registered and its pods are looked after. */
export class Kubelet implements Component {
  readonly name: string;
  readonly #options: KubeletOptions;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #logger: Logger;
  readonly #configuration: KubeletConfiguration;
  readonly #ready = Promise.withResolvers<void>();
  #port: number | undefined;
  #keeper: NodeKeeper | undefined;
  #pods: PodManager | undefined;

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.name = `kubelet/${options.nodeName}`;
    this.#clock = options.clock ?? realClock;
    this.#random = options.random ?? realRandom;
    this.#logger = (options.logger ?? silentLogger).child({ node: options.nodeName });
    this.#configuration = { ...defaultConfiguration, ...options.configuration };
  }

  /** The node has been reported ready. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Of the HTTPS server; undefined before it listens, and without one. */
  get port(): number | undefined {
    return this.#port;
  }

  healthz(): Health {
    const keeper = this.#keeper;
    if (keeper === undefined) return { ok: false, reason: "kubelet has not started" };
    const problem = keeper.state.runtimeProblem;
    return problem === undefined ? { ok: true } : { ok: false, reason: problem };
  }

  /** Pods go on when it stops: only its own work ends. */
  async start(signal: AbortSignal): Promise<void> {
    const node = await this.#assemble(signal);
    void node.keeper.ready.then(() => this.#ready.resolve());
    const work = [
      node.keeper.run(signal),
      renewLease(
        {
          client: this.#options.client,
          clock: this.#clock,
          logger: this.#logger,
          nodeName: this.#options.nodeName,
          durationSeconds: this.#configuration.nodeLeaseDurationSeconds,
          node: () => node.keeper.node,
        },
        signal,
      ),
      node.pleg.run(signal),
      node.pods.run(signal),
      this.#rotateLogs(node.pods, node.cache, signal),
    ];
    try {
      await Promise.all(work);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      node.probes.stop();
      await Promise.allSettled([...work, node.pods.stopped(), node.objects.stop(), node.close()]);
    }
  }

  async #assemble(signal: AbortSignal) {
    const { client, runtime, nodeName, rootDir, podLogsDir, parts = {} } = this.#options;
    const clock = this.#clock;
    const logger = this.#logger;
    const random = this.#random;
    const configuration = this.#configuration;
    const machine = parts.machine ?? realMachine;
    // The simulated machine has no disk to make a directory on.
    if (parts.machine === undefined)
      await Promise.all([rootDir, podLogsDir].map((dir) => mkdir(dir, { recursive: true })));
    const info = await machine.info();
    if (parts.files === undefined) {
      await mkdir(rootDir, { recursive: true, mode: 0o750 });
      await mkdir(podLogsDir, { recursive: true, mode: 0o755 });
    }
    const storage = (await machine.disk(rootDir)).capacity;
    const recorder =
      parts.recorder ??
      createEventRecorder({ client, component: "kubelet", host: nodeName, signal, clock, random, logger });
    const events = new PodEvents(recorder);
    const paths = new KubeletPaths(rootDir, podLogsDir);
    const cgroups = parts.cgroups ?? (await this.#cgroups());
    const mounter = parts.mounter ?? systemMounter;
    const files = parts.files ?? new NodeFiles(paths, random, configuration.resolvConf);
    const cache = new PodCache(runtime.runtime, logger, signal);
    const objects = this.#objects(() => pods);
    const servicesOf = parts.services ?? this.#services(signal);
    const nodeFacts = this.#nodeFacts(info, storage);
    const images = new ImageManager({
      images: runtime.image,
      clock,
      events,
      backOff: new BackOff(clock, imageBackOffMs, imageBackOffMaxMs),
      serializePulls: configuration.serializeImagePulls,
    });
    const probes = new ProbeManager({
      prober: parts.prober ?? createProber({ runtime: runtime.runtime, clock }),
      clock,
      logger,
      events,
      onChange: (uid) => pods.probeChanged(uid),
    });
    const builder = new ContainerBuilder({
      configuration,
      paths,
      files,
      mounter,
      events,
      memoryCapacity: info.memory,
      sources: {
        configMap: (namespace, name) => objects.configMaps.get(namespace, name, signal),
        secret: (namespace, name) => objects.secrets.get(namespace, name, signal),
        services: servicesOf,
      },
      nodeFacts,
      cgroupParent: (pod) => cgroups.parentOf(pod),
    });
    const podRuntime = new PodRuntime({
      runtime: runtime.runtime,
      images,
      builder,
      clock,
      logger,
      events,
      backOff: new BackOff(clock, containerBackOffMs, configuration.crashLoopBackOffMaxSeconds * 1000),
      verdicts: probes,
      runtimeHandler: async (name, stop) =>
        (await client.resource(runtimeClasses).get(name, { signal: stop })).handler ?? "",
    });
    const keeper = new NodeKeeper({
      client,
      clock,
      logger,
      events,
      runtime: runtime.runtime,
      images: runtime.image,
      configuration,
      machine,
      machineInfo: info,
      rootDir,
      node: {
        nodeName,
        hostname: this.#options.hostname ?? nodeName,
        nodeIPs: this.#options.nodeIPs,
        version: this.#options.version ?? "v1.36.0",
        labels: this.#options.labels ?? {},
        storage,
      },
      port: () => this.#port,
      onRuntimeChange: () => pods.wakeAll(),
      onPressure: (crossed) => this.#evict(pods, events, crossed, signal),
    });
    const status = new StatusManager({ client, clock, logger, target: (pod) => pods.target(pod) }, signal);
    const volumes = parts.volumes ?? new VolumeManager({ paths, mounter, clock, logger });
    const syncer = new PodSyncer({
      clock,
      logger,
      events,
      cache,
      runtime: podRuntime,
      runtimeName: "containerd",
      images,
      status,
      probes,
      volumes,
      files,
      cgroups,
      objects,
      tokens: new TokenManager(client, clock),
      nodeFacts,
      networkProblem: () => keeper.state.runtimeProblem ?? keeper.state.networkProblem,
      removeLogs: parts.removeLogs ?? ((pod) => rm(paths.podLogs(podRef(pod)), { recursive: true, force: true })),
    });
    const source = parts.pods ?? apiPodSource(client, nodeName, { clock, random, logger });
    const staticSource =
      configuration.staticPodPath === ""
        ? undefined
        : staticPodSource({ directory: configuration.staticPodPath, nodeName, clock, logger });
    const pods: PodManager = new PodManager({
      client,
      clock,
      logger,
      signal,
      syncer,
      status,
      cache,
      source,
      staticSource,
      node: () => keeper.node,
      refreshNode: () => keeper.refresh(signal),
      registered: keeper.registered,
      events,
      allocatable: () => nodeFacts().allocatable,
      leftovers: volumes instanceof VolumeManager ? volumes : undefined,
    });
    const pleg = new Pleg({
      runtime,
      clock,
      logger,
      relistMs: (this.#options.relistSeconds ?? 60) * 1000,
      onPod: (uid) => pods.runtimeChanged(uid),
      onRelist: (listed) => pods.relisted(listed),
    });
    this.#keeper = keeper;
    this.#pods = pods;
    const close = await this.#serve(info, pods, cache);
    events.node(nodeName, "Normal", "Starting", "Starting kubelet.");
    return { keeper, pods, pleg, probes, objects, cache, close };
  }

  /** Addresses, and what pods may have of the node: fixed for its life. */
  #nodeFacts(info: MachineInfo, storage: number) {
    const facts = {
      hostIPs: this.#options.nodeIPs,
      allocatable: allocatableOf({ cpus: info.cpus, memory: info.memory, storage }, this.#configuration),
    };
    return () => facts;
  }

  async #cgroups(): Promise<CgroupManager> {
    const { cgroupsPerQOS, cgroupRoot } = this.#configuration;
    if (!cgroupsPerQOS) return noCgroups;
    if ((await this.#cgroupDriver()) === "systemd") return systemdCgroups(cgroupRoot);
    const mount = this.#options.cgroupMount ?? "/sys/fs/cgroup";
    return cgroupfsManager({ mount, root: cgroupRoot, logger: this.#logger });
  }

  /** The one configured, else the runtime's own: both must use the same. */
  async #cgroupDriver(): Promise<KubeletConfiguration["cgroupDriver"]> {
    const { configuration, runtime } = this.#options;
    if (configuration?.cgroupDriver !== undefined) return configuration.cgroupDriver;
    try {
      const { linux } = await runtime.runtime.runtimeConfig({});
      return linux?.cgroupDriver === "SYSTEMD" ? "systemd" : "cgroupfs";
    } catch {
      // Older runtimes cannot tell; the default holds, as it does upstream.
      return defaultConfiguration.cgroupDriver;
    }
  }

  #objects(pods: () => PodManager) {
    const { client, parts = {} } = this.#options;
    const shared = parts.objects;
    if (shared !== undefined) return { ...shared, stop: () => Promise.resolve() };
    const common = { client, clock: this.#clock, random: this.#random, logger: this.#logger };
    const onChange = (uids: ReadonlySet<string>) => {
      for (const uid of uids) pods().objectsChanged(uid);
    };
    const own = {
      configMaps: new ObjectManager({ ...common, resource: configMaps, onChange }),
      secrets: new ObjectManager({ ...common, resource: secrets, onChange }),
    };
    return { ...own, stop: async () => void (await Promise.all([own.configMaps.stop(), own.secrets.stop()])) };
  }

  #services(signal: AbortSignal) {
    const { client } = this.#options;
    const factory = createInformerFactory(client, { clock: this.#clock, random: this.#random, logger: this.#logger });
    const informer = factory.informer(services);
    factory.start(signal);
    return () => informer.lister.list();
  }

  async #serve(info: MachineInfo, pods: PodManager, cache: PodCache): Promise<() => Promise<void>> {
    const { tls } = this.#options;
    if (tls === undefined || !this.#configuration.enableServer) return () => Promise.resolve();
    const server = await serveNode({
      ...this.#options,
      tls,
      clock: this.#clock,
      logger: this.#logger,
      configuration: this.#configuration,
      machine: this.#options.parts?.machine ?? realMachine,
      machineInfo: info,
      pods: () => pods.list(),
      cache,
      problem: () => {
        const health = this.healthz();
        return health.ok ? undefined : health.reason;
      },
    });
    this.#port = server.port;
    return server.close;
  }

  async #evict(pods: PodManager, events: PodEvents, crossed: Crossed, signal: AbortSignal): Promise<void> {
    const usage = await memoryByPod(this.#options.runtime.runtime, signal);
    const victim = rankForEviction(pods.running(), (uid) => usage.get(uid))[0];
    if (victim === undefined) return;
    const message = evictionMessage(crossed, victim, usage.get(podRef(victim).uid));
    this.#logger.warn("evicting a pod", { ...podRef(victim), signal: crossed.signal });
    events.pod(victim, "Warning", "Evicted", message);
    pods.end(victim, { reason: "Evicted", message }, 0);
  }

  async #rotateLogs(pods: PodManager, cache: PodCache, signal: AbortSignal): Promise<void> {
    const { containerLogMaxSize, containerLogMaxFiles, containerLogMonitorIntervalSeconds } = this.#configuration;
    if (this.#options.parts?.files !== undefined) return;
    const limits = { maxSize: containerLogMaxSize, maxFiles: containerLogMaxFiles };
    while (!signal.aborted) {
      await this.#clock.sleep(containerLogMonitorIntervalSeconds * 1000, signal).catch(() => undefined);
      for (const pod of pods.list()) {
        for (const container of cache.peek(podRef(pod).uid)?.containers ?? []) {
          if (signal.aborted) return;
          if (container.state !== "running" || container.logPath === "") continue;
          const { runtime } = this.#options.runtime;
          await rotateIfLarge(runtime, container, limits, this.#clock.now(), signal).catch((error: unknown) => {
            if (!signal.aborted) this.#logger.warn("log not rotated", { path: container.logPath, err: error });
          });
        }
      }
    }
  }

  /** For tests and tools: resolves when no pod has work under way. */
  async idle(): Promise<void> {
    await this.#pods?.idle();
  }
}
