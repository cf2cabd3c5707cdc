/** A kubelet's parts, put together. Nothing of them runs yet. */

import { rm } from "node:fs/promises";
import { runtimeClasses } from "@kubets/api";
import { ImageManager } from "../images/image-manager.ts";
import { NodeKeeper } from "../node/node-keeper.ts";
import type { Crossed } from "../node/pressure.ts";
import { TokenManager } from "../objects/token-manager.ts";
import { PodManager } from "../pods/pod-manager.ts";
import { podRef } from "../pods/pod-ref.ts";
import { apiPodSource } from "../pods/pod-source.ts";
import { PodSyncer } from "../pods/pod-syncer.ts";
import { staticPodSource } from "../pods/static-pods.ts";
import { ProbeManager } from "../probes/probe-manager.ts";
import { createProber } from "../probes/prober.ts";
import { BackOff } from "../runtime/back-off.ts";
import { ContainerBuilder } from "../runtime/container-builder.ts";
import { Pleg } from "../runtime/pleg.ts";
import { PodRuntime } from "../runtime/pod-runtime.ts";
import { StatusManager } from "../status/status-manager.ts";
import { VolumeManager } from "../volumes/volume-manager.ts";
import type { Ground } from "./ground.ts";
import { allServices, type NodeObjects, nodeObjects } from "./objects.ts";

export interface NodeParts {
  readonly keeper: NodeKeeper;
  readonly pods: PodManager;
  readonly pleg: Pleg;
  readonly probes: ProbeManager;
  readonly objects: NodeObjects;
}

export interface NodeHooks {
  /** Of the HTTPS server, as the node reports it. */
  port(): number | undefined;
  /** A threshold of eviction is crossed. */
  onPressure(pods: PodManager, crossed: Crossed): Promise<void>;
}

/** How containers are made, and what is known of them. */
interface ContainerParts {
  readonly images: ImageManager;
  readonly probes: ProbeManager;
  readonly runtime: PodRuntime;
}

const imageBackOffMs = 10_000;
const imageBackOffMaxMs = 300_000;
const containerBackOffMs = 10_000;

export function nodeParts(ground: Ground, hooks: NodeHooks): NodeParts {
  const { options, clock, logger } = ground;
  const objects = nodeObjects(ground, (uid) => pods.objectsChanged(uid));
  const containers = containerParts(ground, objects, (uid) => pods.probeChanged(uid));
  const keeper = nodeKeeper(ground, () => pods, hooks);
  const pods: PodManager = podManager(ground, objects, containers, keeper, () => pods);
  const pleg = new Pleg({
    runtime: options.runtime,
    clock,
    logger,
    relistMs: (options.relistSeconds ?? 60) * 1000,
    onPod: (uid) => pods.runtimeChanged(uid),
    onRelist: (listed) => pods.relisted(listed),
  });
  return { keeper, pods, pleg, probes: containers.probes, objects };
}

function containerParts(ground: Ground, objects: NodeObjects, onProbe: (uid: string) => void): ContainerParts {
  const { options, configuration, clock, logger, events } = ground;
  const { client, parts = {} } = options;
  const { runtime, image } = options.runtime;
  const images = new ImageManager({
    images: image,
    clock,
    events,
    backOff: new BackOff(clock, imageBackOffMs, imageBackOffMaxMs),
    serializePulls: configuration.serializeImagePulls,
  });
  const prober = parts.prober ?? createProber({ runtime, clock });
  const probes = new ProbeManager({ prober, clock, logger, events, onChange: onProbe });
  const podRuntime = new PodRuntime({
    ...{ runtime, images, clock, logger, events },
    builder: containerBuilder(ground, objects),
    backOff: new BackOff(clock, containerBackOffMs, configuration.crashLoopBackOffMaxSeconds * 1000),
    verdicts: probes,
    runtimeHandler: async (name, signal) => (await client.resource(runtimeClasses).get(name, { signal })).handler ?? "",
  });
  return { images, probes, runtime: podRuntime };
}

function containerBuilder(ground: Ground, { configMaps, secrets }: NodeObjects): ContainerBuilder {
  const { configuration, paths, files, mounter, events, info, cgroups, nodeFacts, signal } = ground;
  return new ContainerBuilder({
    ...{ configuration, paths, files, mounter, events, nodeFacts },
    memoryCapacity: info.memory,
    sources: {
      configMap: (namespace, name) => configMaps.get(namespace, name, signal),
      secret: (namespace, name) => secrets.get(namespace, name, signal),
      services: allServices(ground),
    },
    cgroupParent: (pod) => cgroups.parentOf(pod),
  });
}

function nodeKeeper(ground: Ground, pods: () => PodManager, hooks: NodeHooks): NodeKeeper {
  const { options, configuration, clock, logger, events, machine, info, storage } = ground;
  const { client, runtime, nodeName, nodeIPs, rootDir } = options;
  return new NodeKeeper({
    ...{ client, clock, logger, events, configuration, machine, machineInfo: info, rootDir },
    runtime: runtime.runtime,
    images: runtime.image,
    node: {
      nodeName,
      hostname: options.hostname ?? nodeName,
      nodeIPs,
      version: options.version ?? "v1.36.0",
      labels: options.labels ?? {},
      storage,
    },
    port: () => hooks.port(),
    onRuntimeChange: () => pods().wakeAll(),
    onPressure: (crossed) => hooks.onPressure(pods(), crossed),
  });
}

function podManager(
  ground: Ground,
  objects: NodeObjects,
  containers: ContainerParts,
  keeper: NodeKeeper,
  pods: () => PodManager,
): PodManager {
  const { options, configuration, clock, random, logger, signal, paths, mounter, cache, events, nodeFacts } = ground;
  const { client, nodeName, parts = {} } = options;
  const status = new StatusManager({ client, clock, logger, target: (pod) => pods().target(pod) }, signal);
  const volumes = parts.volumes ?? new VolumeManager({ paths, mounter, clock, logger });
  const syncer = new PodSyncer({
    ...{ clock, logger, events, cache, ...containers, status, volumes, objects, nodeFacts },
    runtimeName: "containerd",
    files: ground.files,
    cgroups: ground.cgroups,
    tokens: new TokenManager(client, clock),
    networkProblem: () => keeper.state.runtimeProblem ?? keeper.state.networkProblem,
    removeLogs: parts.removeLogs ?? ((pod) => rm(paths.podLogs(podRef(pod)), { recursive: true, force: true })),
  });
  const directory = configuration.staticPodPath;
  return new PodManager({
    ...{ client, clock, logger, signal, syncer, status, cache, events },
    source: parts.pods ?? apiPodSource(client, nodeName, { clock, random, logger }),
    staticSource: directory === "" ? undefined : staticPodSource({ directory, nodeName, clock, logger }),
    node: () => keeper.node,
    refreshNode: () => keeper.refresh(signal),
    registered: keeper.registered,
    allocatable: () => nodeFacts().allocatable,
    leftovers: volumes instanceof VolumeManager ? volumes : undefined,
  });
}
