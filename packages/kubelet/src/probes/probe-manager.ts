/** All probes of this node's pods, and what they have come to. */

import type { Container, ContainerStatus, Pod, Probe } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import type { PodEvents } from "../pods/pod-events.ts";
import { allContainers, isSidecar, uidOf } from "../pods/pod-ref.ts";
import type { ProbeVerdicts } from "../runtime/actions.ts";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { latestContainer } from "../runtime/pod-status.ts";
import type { Readiness } from "../status/generate-status.ts";
import type { ProbeType, Verdict } from "./probe-worker.ts";
import { ProbeWorker } from "./probe-worker.ts";
import type { Prober } from "./prober.ts";

export interface ProbeManagerOptions {
  readonly prober: Prober;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  /** A verdict about a container of this pod has changed. */
  onChange(podUid: string): void;
}

type ContainerProbes = Map<ProbeType, ProbeWorker>;

export class ProbeManager implements ProbeVerdicts {
  readonly #options: ProbeManagerOptions;
  /** Pod uid, then container name. */
  readonly #pods = new Map<string, Map<string, ContainerProbes>>();
  /** Uids of pods that are ending. */
  readonly #ending = new Set<string>();

  constructor(options: ProbeManagerOptions) {
    this.#options = options;
  }

  /** Makes the probes of a pod's containers look at what runs now. */
  observe(pod: Pod, runtime: RuntimePod, podIP: string): void {
    for (const { type, container } of allContainers(pod)) {
      if (type === "ephemeral" || (type === "init" && !isSidecar(container))) continue;
      for (const [kind, worker] of this.#probesOf(pod, container)) {
        const current = latestContainer(runtime, container.name);
        worker.observe(pod, container, current, podIP, knownVerdict(pod, container.name, kind, current?.id));
      }
    }
  }

  /** A pod that is ending is not to be restarted: only its readiness still matters. */
  stopLivenessAndStartup(uid: string): void {
    this.#ending.add(uid);
    for (const probes of this.#pods.get(uid)?.values() ?? []) {
      for (const kind of ["liveness", "startup"] as const) probes.get(kind)?.stop();
    }
  }

  remove(uid: string): void {
    for (const probes of this.#pods.get(uid)?.values() ?? []) for (const worker of probes.values()) worker.stop();
    this.#pods.delete(uid);
    this.#ending.delete(uid);
  }

  stop(): void {
    for (const uid of [...this.#pods.keys()]) this.remove(uid);
  }

  liveness(containerId: string): Verdict | undefined {
    return this.#verdictOf(containerId, "liveness");
  }

  startup(containerId: string): Verdict | undefined {
    return this.#verdictOf(containerId, "startup");
  }

  readiness(uid: string): Readiness {
    const passes = (name: string, id: string, kind: ProbeType): boolean => {
      const worker = this.#pods.get(uid)?.get(name)?.get(kind);
      return worker === undefined || (worker.containerId === id && worker.verdict === "success");
    };
    return {
      started: (name, id) => passes(name, id, "startup"),
      ready: (name, id) => passes(name, id, "readiness"),
    };
  }

  #verdictOf(containerId: string, kind: ProbeType): Verdict | undefined {
    for (const containers of this.#pods.values()) {
      for (const probes of containers.values()) {
        const worker = probes.get(kind);
        if (worker?.containerId === containerId) return worker.verdict;
      }
    }
    return undefined;
  }

  #probesOf(pod: Pod, container: Container): ContainerProbes {
    const uid = uidOf(pod);
    const containers = this.#pods.get(uid) ?? new Map<string, ContainerProbes>();
    const existing = containers.get(container.name);
    if (existing !== undefined) return existing;
    const probes: ContainerProbes = new Map();
    const ending = this.#ending.has(uid);
    const list: [ProbeType, Probe | undefined][] = [
      ["startup", ending ? undefined : container.startupProbe],
      ["liveness", ending ? undefined : container.livenessProbe],
      ["readiness", container.readinessProbe],
    ];
    for (const [kind, probe] of list) {
      if (probe !== undefined) probes.set(kind, this.#worker(pod, container, kind, probe, probes));
    }
    if (probes.size > 0) {
      containers.set(container.name, probes);
      this.#pods.set(uid, containers);
    }
    return probes;
  }

  #worker(pod: Pod, container: Container, type: ProbeType, probe: Probe, siblings: ContainerProbes): ProbeWorker {
    const { prober, clock, logger, events, onChange } = this.#options;
    const uid = uidOf(pod);
    const onVerdict = () => {
      // The others were waiting for the container to have started.
      if (type === "startup") for (const [kind, worker] of siblings) if (kind !== "startup") worker.nudge();
      onChange(uid);
    };
    const isStarted = () => !siblings.has("startup") || siblings.get("startup")?.verdict === "success";
    return new ProbeWorker({ type, probe, prober, clock, logger, events, isStarted, onVerdict }, pod, container);
  }
}

/** What was last reported about this very container: a restarted kubelet does not make a ready pod unready. */
function knownVerdict(pod: Pod, name: string, kind: ProbeType, id: string | undefined): Verdict | undefined {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const all: readonly ContainerStatus[] = [...containerStatuses, ...initContainerStatuses];
  const reported = all.find((status) => status.name === name);
  if (id === undefined || reported?.containerID?.endsWith(`//${id}`) !== true) return undefined;
  if (kind === "startup") return reported.started === true ? "success" : undefined;
  if (kind === "readiness") return reported.ready ? "success" : undefined;
  return undefined;
}
