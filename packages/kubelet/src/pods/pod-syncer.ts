/** The steps of a pod's life on this node, each made from the parts that know how. Source of the order: pkg/kubelet/kubelet.go. */

import type { ConfigMap, Pod, PodStatus, Secret } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import type { CgroupManager } from "../cgroups/cgroup-manager.ts";
import type { ImageManager } from "../images/image-manager.ts";
import { unknownRuntime } from "../node/runtime-state.ts";
import type { ObjectManager } from "../objects/object-manager.ts";
import { podReferences } from "../objects/pod-references.ts";
import type { TokenManager } from "../objects/token-manager.ts";
import type { ProbeManager } from "../probes/probe-manager.ts";
import type { HostFiles } from "../runtime/host-files.ts";
import type { PodCache } from "../runtime/pod-cache.ts";
import type { PodRuntime, SyncOutcome } from "../runtime/pod-runtime.ts";
import type { RuntimePod } from "../runtime/pod-status.ts";
import { hasRunningParts } from "../runtime/pod-status.ts";
import type { StartFailure } from "../status/container-statuses.ts";
import { generateStatus } from "../status/generate-status.ts";
import { isTerminalPhase } from "../status/phase.ts";
import type { StatusManager } from "../status/status-manager.ts";
import type { PayloadSources } from "../volumes/payload.ts";
import { MountError } from "../volumes/volume-manager.ts";
import { deadlineExceeded, untilDeadlineMs } from "./deadline.ts";
import type { PodEvents } from "./pod-events.ts";
import { formatPod, isHostNetwork, podRef, uidOf } from "./pod-ref.ts";
import type { PodSteps, PodWorker, StepResult } from "./pod-worker.ts";

/** What sets volumes up. A node without containers has none. */
export interface PodVolumes {
  mount(
    pod: Pod,
    sources: PayloadSources,
    signal: AbortSignal,
  ): Promise<{ readonly paths: ReadonlyMap<string, string>; readonly refreshAt: number | undefined }>;
  unmount(uid: string): Promise<void>;
}

export interface PodSyncerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  readonly cache: PodCache;
  readonly runtime: PodRuntime;
  readonly runtimeName: string;
  readonly images: ImageManager;
  readonly status: StatusManager;
  readonly probes: ProbeManager;
  readonly volumes: PodVolumes;
  readonly files: HostFiles;
  readonly cgroups: CgroupManager;
  readonly objects: { readonly configMaps: ObjectManager<ConfigMap>; readonly secrets: ObjectManager<Secret> };
  readonly tokens: TokenManager;
  nodeFacts(): { readonly hostIPs: readonly string[]; readonly allocatable: Readonly<Record<string, string>> };
  /** Why pods with a network of their own cannot start now; undefined when they can. */
  networkProblem(): string | undefined;
  /** Removes what a forgotten pod leaves outside of the runtime, such as its logs. */
  removeLogs(pod: Pod): Promise<void>;
}

const networkRetryMs = 1000;
/** Upstream's kubelet sees the death of a container at its next relist, a second later. */
const deathNoticeMs = 1000;
const firstMountRetryMs = 500;
const maxMountRetryMs = 122_000;

interface PodMemory {
  failures: ReadonlyMap<string, StartFailure>;
  mountRetryMs: number;
  /** What the last attempt that failed started from: until something of it changes, or its time has come, another would fail alike. */
  failed: { readonly from: string; readonly until: number } | undefined;
  /** Raised when a ConfigMap or Secret of the pod has changed. */
  objectsVersion: number;
}

export class PodSyncer implements PodSteps {
  readonly #options: PodSyncerOptions;
  readonly #memory = new Map<string, PodMemory>();

  constructor(options: PodSyncerOptions) {
    this.#options = options;
  }

  async sync(worker: PodWorker, signal: AbortSignal): Promise<StepResult> {
    const { pod } = worker;
    const runtime = await this.#look(worker);
    const status = this.#report(worker, runtime);
    if (isTerminalPhase(status.phase)) return { ended: true };
    const { clock } = this.#options;
    const deadlineMs = untilDeadlineMs(pod, status, clock.now());
    if (deadlineMs !== undefined && deadlineMs <= 0) return this.#passDeadline(worker);
    const problem = this.#options.networkProblem();
    if (problem !== undefined && !isHostNetwork(pod)) {
      if (problem !== unknownRuntime.networkProblem) {
        this.#options.events.pod(pod, "Warning", "NetworkNotReady", `network is not ready: ${problem}`);
      }
      return { wakeAfterMs: networkRetryMs };
    }
    const early = this.#untilRetry(pod, runtime);
    if (early !== undefined) return soonest([early, deadlineMs]);
    const mounted = await this.#prepare(worker, runtime, signal);
    if (!("paths" in mounted)) return mounted;
    const outcome = await this.#options.runtime.sync({
      pod,
      status: runtime,
      volumes: mounted.paths,
      pullSecrets: () => this.#pullSecrets(pod),
      signal,
    });
    return this.#conclude(worker, runtime, outcome, [deadlineMs, until(mounted.refreshAt, clock.now())]);
  }

  async terminating(worker: PodWorker, signal: AbortSignal): Promise<void> {
    const { probes, runtime, cache } = this.#options;
    const ref = podRef(worker.pod);
    const before = await this.#look(worker);
    this.#report(worker, before);
    probes.stopLivenessAndStartup(ref.uid);
    await runtime.kill(worker.pod, before, worker.graceSeconds, signal);
    probes.remove(ref.uid);
    const after = await cache.refresh(ref);
    if (hasRunningParts(after)) throw new Error("containers of the pod still run after they were stopped");
    this.#report(worker, after, { isTerminal: true });
  }

  async terminated(worker: PodWorker): Promise<void> {
    const { pod } = worker;
    const uid = uidOf(pod);
    const { cache, status, volumes, cgroups, objects, tokens } = this.#options;
    const runtime = await cache.get(podRef(pod));
    await volumes.unmount(uid);
    objects.configMaps.release(uid);
    objects.secrets.release(uid);
    tokens.forgetPod(uid);
    await cgroups.remove(pod);
    status.finish(pod, this.#generate(worker, runtime, { isTerminal: true, isFinal: true }));
  }

  async stillRuns(worker: PodWorker): Promise<boolean> {
    return hasRunningParts(await this.#look(worker));
  }

  async forget(worker: PodWorker, signal: AbortSignal): Promise<void> {
    const { pod } = worker;
    const uid = uidOf(pod);
    const { cache, runtime, status, images } = this.#options;
    await runtime.remove(await cache.refresh(podRef(pod)), signal);
    await this.#options.removeLogs(pod);
    status.remove(uid);
    cache.remove(uid);
    images.forgetPod(uid);
    this.#memory.delete(uid);
  }

  /** Reports the pod's status again, as after a probe's verdict. */
  refreshStatus(worker: PodWorker): void {
    const runtime = this.#options.cache.peek(uidOf(worker.pod));
    if (runtime !== undefined && worker.phase !== "finished" && worker.phase !== "terminated") {
      this.#report(worker, runtime);
    }
  }

  #look(worker: PodWorker): Promise<RuntimePod> {
    const ref = podRef(worker.pod);
    return worker.takeStale() ? this.#options.cache.refresh(ref) : this.#options.cache.get(ref);
  }

  /** A ConfigMap or Secret of the pod has changed: what failed for want of it may be tried again. */
  objectsChanged(uid: string): void {
    const memory = this.#memory.get(uid);
    if (memory !== undefined) memory.objectsVersion++;
  }

  /** Milliseconds to wait before what failed is tried again; undefined when it may be tried now. */
  #untilRetry(pod: Pod, runtime: RuntimePod): number | undefined {
    const { failed } = this.#memoryOf(pod);
    const now = this.#options.clock.now();
    if (failed === undefined || now >= failed.until || failed.from !== this.#situation(pod, runtime)) return undefined;
    return failed.until - now;
  }

  /** All that an attempt to start containers depends on, as text. */
  #situation(pod: Pod, runtime: RuntimePod): string {
    const { probes } = this.#options;
    const parts = [
      ...runtime.sandboxes.map((s) => [s.id, s.ready]),
      ...runtime.containers.map((c) => [c.id, c.state, probes.liveness(c.id), probes.startup(c.id)]),
    ];
    return JSON.stringify([pod.metadata?.generation, pod.spec?.containers, this.#memoryOf(pod).objectsVersion, parts]);
  }

  #memoryOf(pod: Pod): PodMemory {
    const uid = uidOf(pod);
    const memory = this.#memory.get(uid) ?? {
      failures: new Map(),
      mountRetryMs: firstMountRetryMs,
      failed: undefined,
      objectsVersion: 0,
    };
    this.#memory.set(uid, memory);
    return memory;
  }

  #report(worker: PodWorker, runtime: RuntimePod, ending: { isTerminal?: boolean } = {}): PodStatus {
    const { pod } = worker;
    if (!worker.isTerminating || worker.phase === "terminating") {
      this.#options.probes.observe(pod, runtime, this.#podIP(pod, runtime));
    }
    const status = this.#generate(worker, runtime, ending);
    this.#options.status.set(pod, status);
    return status;
  }

  #podIP(pod: Pod, runtime: RuntimePod): string {
    return (isHostNetwork(pod) ? this.#options.nodeFacts().hostIPs[0] : runtime.ips[0]) ?? "";
  }

  #generate(worker: PodWorker, runtime: RuntimePod, ending: { isTerminal?: boolean; isFinal?: boolean }): PodStatus {
    const { status, probes, clock, runtimeName } = this.#options;
    const { pod, verdict } = worker;
    return generateStatus({
      pod,
      runtime,
      old: status.get(pod),
      failures: this.#memoryOf(pod).failures,
      readiness: probes.readiness(uidOf(pod)),
      runtimeName,
      hostIPs: this.#options.nodeFacts().hostIPs,
      isTerminal: ending.isTerminal ?? false,
      isFinal: ending.isFinal ?? false,
      now: clock.now(),
      ...(verdict === undefined ? {} : { verdict }),
    });
  }

  #passDeadline(worker: PodWorker): StepResult {
    this.#options.events.pod(worker.pod, "Normal", deadlineExceeded.reason, deadlineExceeded.message);
    worker.end(deadlineExceeded);
    return { ended: true };
  }

  /** Directories, cgroup and volumes; or when to try them again. */
  async #prepare(worker: PodWorker, runtime: RuntimePod, signal: AbortSignal) {
    const { pod } = worker;
    const { files, cgroups, volumes, events, objects } = this.#options;
    const { namespace, uid } = podRef(pod);
    const memory = this.#memoryOf(pod);
    const references = podReferences(pod);
    objects.configMaps.use(uid, namespace, references.configMaps);
    objects.secrets.use(uid, namespace, references.secrets);
    const isNew = !hasRunningParts(runtime);
    if (isNew) await files.makeDirectories(pod);
    // Beside the volumes: each waits for others most of the time, the API, mount(8), the kernel.
    const cgroup = isNew ? cgroups.create(pod) : undefined;
    try {
      const mounted = await volumes.mount(pod, this.#sources(pod, runtime, signal), signal);
      memory.mountRetryMs = firstMountRetryMs;
      return mounted;
    } catch (error) {
      if (!(error instanceof MountError)) throw error;
      for (const line of error.message.split("\n")) events.pod(pod, "Warning", "FailedMount", line);
      this.#options.logger.info("volumes are not ready", { pod: formatPod(pod), err: error.message });
      const wakeAfterMs = memory.mountRetryMs;
      memory.mountRetryMs = Math.min(memory.mountRetryMs * 2, maxMountRetryMs);
      return { wakeAfterMs };
    } finally {
      await cgroup;
    }
  }

  #sources(pod: Pod, runtime: RuntimePod, signal: AbortSignal): PayloadSources {
    const { objects, tokens } = this.#options;
    const { uid, name, namespace } = podRef(pod);
    return {
      configMap: (ns, n) => objects.configMaps.get(ns, n, signal),
      secret: (ns, n) => objects.secrets.get(ns, n, signal),
      token: (_, projection) =>
        tokens.get(
          {
            namespace,
            serviceAccount: pod.spec?.serviceAccountName || "default",
            audience: projection.audience ?? "",
            expirationSeconds: projection.expirationSeconds ?? 3600,
            pod: { name, uid },
          },
          signal,
        ),
      facts: { ...this.#options.nodeFacts(), podIPs: runtime.ips },
    };
  }

  async #pullSecrets(pod: Pod): Promise<Secret[]> {
    const { objects, events } = this.#options;
    const { namespace } = podRef(pod);
    const found: Secret[] = [];
    const missing: string[] = [];
    for (const { name = "" } of pod.spec?.imagePullSecrets ?? []) {
      try {
        found.push(await objects.secrets.get(namespace, name));
      } catch {
        // Upstream tries the pull without; the event below says what was missing.
        missing.push(name);
      }
    }
    if (missing.length > 0) {
      const text = `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`;
      events.pod(pod, "Warning", "FailedToRetrieveImagePullSecret", text);
    }
    return found;
  }

  async #conclude(
    worker: PodWorker,
    before: RuntimePod,
    outcome: SyncOutcome,
    waits: readonly (number | undefined)[],
  ): Promise<StepResult> {
    const memory = this.#memoryOf(worker.pod);
    memory.failures = outcome.failures;
    memory.failed = undefined;
    if (outcome.error !== undefined) {
      const name = formatPod(worker.pod);
      this.#options.logger.warn("pod not in its wanted state", { pod: name, err: outcome.error.message });
    }
    if (outcome.changed) {
      worker.takeStale();
      await this.#options.cache.refresh(podRef(worker.pod));
      return { again: true };
    }
    let { retryAfterMs } = outcome;
    if (retryAfterMs !== undefined) {
      // Starting may itself have made something: what is there now is what the next look will find.
      const after = await this.#options.cache.refresh(podRef(worker.pod));
      const from = this.#situation(worker.pod, after);
      // A container that was made and has died says so soon after: from then on it waits out its back-off.
      if (from !== this.#situation(worker.pod, before)) retryAfterMs = Math.min(retryAfterMs, deathNoticeMs);
      memory.failed = { from, until: this.#options.clock.now() + retryAfterMs };
      this.#report(worker, after);
    } else if (outcome.failures.size > 0) this.#report(worker, before);
    return soonest([retryAfterMs, ...waits]);
  }
}

function soonest(waits: readonly (number | undefined)[]): StepResult {
  const all = waits.filter((ms): ms is number => ms !== undefined);
  return all.length === 0 ? {} : { wakeAfterMs: Math.max(0, Math.min(...all)) };
}

function until(time: number | undefined, now: number): number | undefined {
  return time === undefined ? undefined : Math.max(0, time - now);
}
