/** The pods of this node and their workers: sources on one side, runtime and probes on the other. */

import type { Node, Pod } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import type { PodCache } from "../runtime/pod-cache.ts";
import type { ListedPod } from "../runtime/read-pod.ts";
import { isTerminalPhase } from "../status/phase.ts";
import type { StatusManager } from "../status/status-manager.ts";
import { admit, type Rejection } from "./admission.ts";
import { MirrorPods } from "./mirror-pods.ts";
import type { PodEvents } from "./pod-events.ts";
import type { PodRef } from "./pod-ref.ts";
import { isMirrorPod, isStaticPod, podRef, uidOf } from "./pod-ref.ts";
import type { PodHandler, PodSource } from "./pod-source.ts";
import type { PodSyncer } from "./pod-syncer.ts";
import { PodWorker } from "./pod-worker.ts";

export interface PodManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  readonly syncer: PodSyncer;
  readonly status: StatusManager;
  readonly cache: PodCache;
  readonly source: PodSource;
  readonly staticSource: PodSource | undefined;
  node(): Node | undefined;
  /** Asks the API for the node as it is now, after which `node` gives that. @throws what the API answered */
  refreshNode(): Promise<void>;
  /** Resolves when the API has the node: mirrors belong to it. */
  readonly registered: Promise<void>;
  readonly events: PodEvents;
  /** What pods may have of the node. */
  allocatable(): Readonly<Record<string, string>>;
  /** Directories of pods, some of which may be nobody's any more. */
  readonly leftovers: { known(): Promise<string[]>; unmount(uid: string): Promise<void> } | undefined;
}

/** kubectl waits until a deleted pod is gone by looking for its name: one made anew at once would not seem gone. */
const mirrorAbsenceMs = 1000;

export class PodManager {
  readonly #options: PodManagerOptions;
  readonly #workers = new Map<string, PodWorker>();
  readonly #mirrors: MirrorPods;
  /** Static pods that wait for an older pod of their name to end. */
  readonly #waiting = new Map<string, Pod>();
  /** New pods, as last heard of, that the node as last seen does not suit: it is being asked for, since its labels may have changed since. */
  readonly #doubted = new Map<string, Pod>();
  /** All sources have told what they have: whatever else runs is an orphan. */
  #sourcesReady = false;
  #listed: ReadonlyMap<string, ListedPod> | undefined;

  constructor(options: PodManagerOptions) {
    this.#options = options;
    const { client, logger, signal, node } = options;
    this.#mirrors = new MirrorPods({ client, logger, signal, node });
  }

  /** Follows the sources until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { source, staticSource } = this.#options;
    const handler: PodHandler = { set: (pod) => this.#setFromApi(pod), remove: (pod) => this.#removeFromApi(pod) };
    const fromFiles: PodHandler = { set: (pod) => this.#setStatic(pod), remove: (pod) => this.#remove(pod) };
    await Promise.all([source.start(handler, signal), staticSource?.start(fromFiles, signal)]);
    this.#sourcesReady = true;
    this.#findOrphans();
    for (const worker of this.#workers.values()) if (isStaticPod(worker.pod)) this.#mirror(worker.pod);
  }

  async stopped(): Promise<void> {
    await this.#options.source.stopped();
    await this.idle();
    await this.#options.status.flush();
  }

  async idle(): Promise<void> {
    await Promise.all([...this.#workers.values()].map((worker) => worker.idle()));
  }

  /** All pods here, each with its newest status. */
  list(): Pod[] {
    return [...this.#workers.values()].map(({ pod }) => ({ ...pod, status: this.#options.status.get(pod) }));
  }

  /** Pods that have not ended. */
  running(): Pod[] {
    return [...this.#workers.values()].filter((w) => w.phase === "sync" && !w.isTerminating).map((w) => w.pod);
  }

  /** The API object that a pod's status goes to. */
  target(pod: Pod): Pod | undefined {
    return isStaticPod(pod) ? this.#mirrors.of(pod) : pod;
  }

  /** A ConfigMap or Secret that the pod names has changed. */
  objectsChanged(uid: string): void {
    this.#options.syncer.objectsChanged(uid);
    this.#workers.get(uid)?.wake();
  }

  wakeAll(): void {
    for (const worker of this.#workers.values()) worker.wake();
  }

  runtimeChanged(uid: string): void {
    this.#workers.get(uid)?.runtimeChanged();
  }

  /** A probe came to another verdict: the status shows it now, even while a step is under way. */
  probeChanged(uid: string): void {
    const worker = this.#workers.get(uid);
    if (worker === undefined) return;
    this.#options.syncer.refreshStatus(worker);
    worker.wake();
  }

  end(pod: Pod, verdict: { reason: string; message: string }, graceSeconds?: number): void {
    this.#workers.get(uidOf(pod))?.end(verdict, graceSeconds);
  }

  relisted(listed: ReadonlyMap<string, ListedPod>): void {
    this.#listed = listed;
    this.#findOrphans();
  }

  #setFromApi(pod: Pod): void {
    if (!isMirrorPod(pod)) return this.#set(pod);
    const known = this.#mirrors.of(pod);
    this.#mirrors.seen(pod);
    const owner = this.#staticOf(pod);
    if (owner === undefined) {
      if (this.#sourcesReady) void this.#mirrors.remove(pod);
      return;
    }
    if (pod.metadata?.deletionTimestamp !== undefined) this.#mirror(owner);
    else if (known === undefined) this.#options.status.resend(uidOf(owner));
  }

  #removeFromApi(pod: Pod): void {
    if (!isMirrorPod(pod)) return this.#remove(pod);
    this.#mirrors.gone(pod);
    const owner = this.#staticOf(pod);
    if (owner !== undefined) this.#mirror(owner, mirrorAbsenceMs);
  }

  #staticOf(mirror: Pod): Pod | undefined {
    const { name, namespace } = podRef(mirror);
    for (const { pod } of this.#workers.values()) {
      const ref = podRef(pod);
      if (isStaticPod(pod) && ref.name === name && ref.namespace === namespace) return pod;
    }
    return undefined;
  }

  #mirror(pod: Pod, afterMs = 0): void {
    if (!this.#sourcesReady) return;
    const { clock, registered, signal, status } = this.#options;
    void registered.then(async () => {
      if (afterMs > 0) await clock.sleep(afterMs, signal).catch(() => undefined); // Aborted: seen below.
      if (signal.aborted || this.#workers.get(uidOf(pod))?.pod !== pod) return;
      await this.#mirrors.ensure(pod);
      status.resend(uidOf(pod));
    });
  }

  /** A static pod's new version waits until the old one has ended: they share name, ports and mirror. */
  #setStatic(pod: Pod): void {
    const old = this.#staticOf(pod);
    if (old !== undefined && uidOf(old) !== uidOf(pod)) {
      this.#waiting.set(uidOf(old), pod);
      return;
    }
    this.#set(pod);
    this.#mirror(pod);
  }

  #set(pod: Pod): void {
    const uid = uidOf(pod);
    if (this.#doubted.has(uid)) {
      this.#doubted.set(uid, pod);
      return;
    }
    if (this.#workers.has(uid)) return this.#update(pod);
    const rejection = this.#rejection(pod);
    if (rejection?.reason !== "NodeAffinity") return this.#start(pod, rejection);
    this.#doubted.set(uid, pod);
    void this.#askAnew(uid);
  }

  async #askAnew(uid: string): Promise<void> {
    const { refreshNode, logger, signal } = this.#options;
    try {
      await refreshNode();
    } catch (error) {
      if (!signal.aborted) logger.warn("cannot see whether the node has new labels", { err: error });
    }
    const pod = this.#doubted.get(uid);
    this.#doubted.delete(uid);
    if (pod !== undefined && !signal.aborted) this.#start(pod, this.#rejection(pod));
  }

  #start(pod: Pod, rejection: Rejection | undefined): void {
    const worker = this.#newWorker(pod);
    // A pod that had ended before this kubelet began only needs its remains looked after.
    if (isTerminalPhase(pod.status?.phase)) worker.terminate();
    else if (rejection !== undefined) {
      this.#options.events.pod(pod, "Warning", rejection.reason, rejection.message);
      worker.end(rejection);
    }
    this.#update(pod);
  }

  #update(pod: Pod): void {
    this.#workers.get(uidOf(pod))?.update(pod);
    this.#options.status.observe(pod);
  }

  /** A pod that had started before stays, whatever the node has become since. */
  #rejection(pod: Pod): Rejection | undefined {
    if (isTerminalPhase(pod.status?.phase) || pod.status?.startTime !== undefined) return undefined;
    if (pod.metadata?.deletionTimestamp !== undefined || isStaticPod(pod)) return undefined;
    const { node, allocatable } = this.#options;
    const others = this.running().filter((other) => uidOf(other) !== uidOf(pod));
    return admit({ pod, others, allocatable: allocatable(), node: node() });
  }

  #remove(pod: Pod): void {
    this.#doubted.delete(uidOf(pod));
    this.#workers.get(uidOf(pod))?.remove(isStaticPod(pod) ? undefined : pod);
  }

  #newWorker(pod: Pod): PodWorker {
    const { syncer, clock, logger, signal } = this.#options;
    const worker: PodWorker = new PodWorker(
      { steps: syncer, clock, logger, signal, onForgotten: (gone) => this.#forgotten(gone) },
      pod,
    );
    this.#workers.set(uidOf(pod), worker);
    return worker;
  }

  #forgotten(worker: PodWorker): void {
    const uid = uidOf(worker.pod);
    if (this.#workers.get(uid) === worker) this.#workers.delete(uid);
    const next = this.#waiting.get(uid);
    this.#waiting.delete(uid);
    if (next !== undefined) this.#setStatic(next);
    else if (isStaticPod(worker.pod)) void this.#mirrors.removeOf(worker.pod);
  }

  /** Ends what runs and is nobody's, and removes what is left of pods that are gone. */
  #findOrphans(): void {
    const listed = this.#listed;
    if (!this.#sourcesReady || listed === undefined) return;
    for (const [uid, { ref }] of listed) {
      if (this.#workers.has(uid)) continue;
      this.#options.logger.info("ending a pod that nobody wants", { ...ref });
      this.#newWorker(orphan(ref)).remove();
    }
    void this.#removeLeftovers(listed);
  }

  async #removeLeftovers(listed: ReadonlyMap<string, ListedPod>): Promise<void> {
    const { leftovers, logger } = this.#options;
    if (leftovers === undefined) return;
    try {
      for (const uid of await leftovers.known()) {
        if (!this.#workers.has(uid) && !listed.has(uid)) await leftovers.unmount(uid);
      }
    } catch (error) {
      logger.warn("what is left of old pods was not removed", { err: error });
    }
  }
}

/** Enough of a pod to end it by. */
function orphan({ uid, name, namespace }: PodRef): Pod {
  const metadata = { uid, name, namespace, deletionTimestamp: "1970-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [] } };
}
