/** Brings a pod's sandbox and containers to what its spec says. Source of the steps: `SyncPod` in pkg/kubelet/kuberuntime. */

import type { Container, EphemeralContainer, Pod, Secret } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { formatDuration } from "@kubets/apimachinery";
import type * as cri from "@kubets/cri";
import { CriError, isNotFound } from "@kubets/cri";
import type { ImageManager } from "../images/image-manager.ts";
import { runHook } from "../lifecycle/hooks.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import { formatPod, isHostNetwork, isSidecar, podRef, uidOf } from "../pods/pod-ref.ts";
import type { StartFailure } from "../status/container-statuses.ts";
import type { PodActions, ProbeVerdicts } from "./actions.ts";
import type { BackOff } from "./back-off.ts";
import type { ContainerBuilder } from "./container-builder.ts";
import { targetOf } from "./container-builder.ts";
import { hashContainer } from "./container-hash.ts";
import { killContainer, killPod } from "./kill.ts";
import { computePodActions, isIdle } from "./pod-actions.ts";
import type { RuntimePod } from "./pod-status.ts";
import { latestContainer } from "./pod-status.ts";
import { StartError } from "./start-error.ts";

export interface PodRuntimeOptions {
  readonly runtime: cri.RuntimeService;
  readonly images: ImageManager;
  readonly builder: ContainerBuilder;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: PodEvents;
  readonly backOff: BackOff;
  readonly verdicts: ProbeVerdicts;
  /** The handler of a RuntimeClass. @throws StatusError NotFound */
  runtimeHandler(className: string, signal: AbortSignal): Promise<string>;
}

export interface SyncInput {
  readonly pod: Pod;
  readonly status: RuntimePod;
  readonly volumes: ReadonlyMap<string, string>;
  pullSecrets(): Promise<readonly Secret[]>;
  readonly signal: AbortSignal;
}

export interface SyncOutcome {
  /** Something was done: look again. */
  readonly changed: boolean;
  /** Containers that could not be started, and why. */
  readonly failures: ReadonlyMap<string, StartFailure>;
  /** When to try again at the latest; undefined when there is nothing to try. */
  readonly retryAfterMs: number | undefined;
  /** The sandbox could not be made or stopped. */
  readonly error: Error | undefined;
}

const retryMs = 10_000;

interface Run {
  readonly input: SyncInput;
  readonly actions: PodActions;
  readonly failures: Map<string, StartFailure>;
  sandboxId: string;
  sandboxConfig: cri.PodSandboxConfig;
  podIPs: readonly string[];
  retryAfterMs: number | undefined;
  changed: boolean;
}

export class PodRuntime {
  readonly #options: PodRuntimeOptions;

  constructor(options: PodRuntimeOptions) {
    this.#options = options;
  }

  async sync(input: SyncInput): Promise<SyncOutcome> {
    const actions = computePodActions(input.pod, input.status, this.#options.verdicts);
    const failures = new Map<string, StartFailure>();
    if (isIdle(actions)) return { changed: false, failures, retryAfterMs: undefined, error: undefined };
    try {
      await this.#stopUnwanted(input, actions);
      if (actions.killPod && !actions.createSandbox) {
        return { changed: true, failures, retryAfterMs: undefined, error: undefined };
      }
      const run = await this.#prepare(input, actions, failures);
      await this.#startAll(run);
      return { changed: run.changed, failures, retryAfterMs: run.retryAfterMs, error: undefined };
    } catch (error) {
      input.signal.throwIfAborted();
      return { changed: false, failures, retryAfterMs: retryMs, error: error as Error };
    }
  }

  kill(pod: Pod, status: RuntimePod, graceOverride: number | undefined, signal: AbortSignal): Promise<void> {
    return killPod(this.#options, pod, status, graceOverride, signal);
  }

  async #stopUnwanted({ pod, status, signal }: SyncInput, actions: PodActions): Promise<void> {
    const { events, runtime } = this.#options;
    if (actions.createSandbox && actions.sandboxId !== "") {
      events.pod(pod, "Normal", "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
    }
    if (actions.killPod) {
      await killPod(this.#options, pod, status, undefined, signal);
      if (!actions.createSandbox) return;
      // A new sandbox starts from the first init container again.
      const init = new Set((pod.spec?.initContainers ?? []).map((c) => c.name));
      for (const { id, name } of status.containers) {
        if (init.has(name)) await ignoringGone(runtime.removeContainer({ containerId: id }, { signal }));
      }
      return;
    }
    for (const unwanted of actions.containersToKill) {
      await killContainer(this.#options, {
        ...unwanted,
        pod,
        containerId: unwanted.id,
        podIP: status.ips[0] ?? "",
        graceOverride: undefined,
        signal,
      });
    }
  }

  async #prepare(input: SyncInput, actions: PodActions, failures: Map<string, StartFailure>): Promise<Run> {
    const { pod, status } = input;
    const sandboxConfig = await this.#options.builder.sandbox(pod, actions.attempt);
    const run: Run = {
      input,
      actions,
      failures,
      sandboxId: actions.sandboxId,
      sandboxConfig,
      podIPs: status.ips,
      retryAfterMs: undefined,
      changed: actions.killPod || actions.createSandbox || actions.containersToKill.length > 0,
    };
    if (actions.createSandbox) await this.#createSandbox(run);
    return run;
  }

  async #createSandbox(run: Run): Promise<void> {
    const { runtime, events } = this.#options;
    const { pod, signal } = run.input;
    try {
      const className = pod.spec?.runtimeClassName;
      const runtimeHandler = className ? await this.#options.runtimeHandler(className, signal) : "";
      const request = { config: run.sandboxConfig, runtimeHandler };
      // Upstream allows twice the usual time: the network may have to be set up.
      const answer = await runtime.runPodSandbox(request, { signal, deadlineMs: 4 * 60_000 });
      run.sandboxId = answer.podSandboxId;
    } catch (error) {
      signal.throwIfAborted();
      const message = `Failed to create pod sandbox: ${(error as Error).message}`;
      events.pod(pod, "Warning", "FailedCreatePodSandBox", message);
      const { uid, name, namespace } = podRef(pod);
      const which = `"${name}_${namespace}(${uid})"`;
      throw new Error(`failed to "CreatePodSandbox" for ${which} with CreatePodSandboxError: ${message}`, {
        cause: error,
      });
    }
    if (isHostNetwork(pod)) return;
    try {
      const { status } = await runtime.podSandboxStatus({ podSandboxId: run.sandboxId }, { signal });
      const network = status?.network;
      run.podIPs = [network?.ip ?? "", ...(network?.additionalIps ?? []).map(({ ip }) => ip)].filter((ip) => ip !== "");
    } catch (error) {
      const message = `Unable to get pod sandbox status: ${(error as Error).message}`;
      events.pod(pod, "Warning", "FailedPodSandBoxStatus", message);
      throw error;
    }
  }

  async #startAll(run: Run): Promise<void> {
    const { pod } = run.input;
    const { actions } = run;
    for (const index of actions.ephemeralContainersToStart) {
      await this.#start(run, pod.spec!.ephemeralContainers![index] as Container);
    }
    for (const index of actions.initContainersToStart) {
      const container = pod.spec!.initContainers![index]!;
      const started = await this.#start(run, container);
      if (!started && !isSidecar(container)) return;
    }
    for (const index of actions.containersToStart) await this.#start(run, pod.spec!.containers[index]!);
  }

  /** False when it could not be started; `run` then says why and when to try again. */
  async #start(run: Run, container: Container): Promise<boolean> {
    const { pod, signal } = run.input;
    try {
      this.#checkBackOff(run, container);
      await this.#createAndStart(run, container);
      run.changed = true;
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const failure =
        error instanceof StartError ? error : new StartError("RunContainerError", (error as Error).message);
      run.failures.set(container.name, { reason: failure.reason, message: failure.message });
      const retryAfterMs = Math.max(1, failure.retryAfterMs ?? retryMs);
      run.retryAfterMs = Math.min(run.retryAfterMs ?? retryAfterMs, retryAfterMs);
      const values = { pod: formatPod(pod), container: container.name, reason: failure.reason };
      this.#options.logger.debug("container not started", { ...values, err: failure.message });
      return false;
    }
  }

  /** @throws StartError CrashLoopBackOff while the container has to wait. */
  #checkBackOff({ input: { pod, status } }: Run, container: Container): void {
    const { backOff, events } = this.#options;
    const last = status.containers.find((c) => c.name === container.name && c.state === "exited");
    if (last === undefined) return;
    const key = `${uidOf(pod)}_${container.name}_${hashContainer(container)}`;
    const remainingMs = backOff.remainingMs(key, last.finishedAt);
    if (remainingMs > 0) {
      const which = formatPod(pod);
      const event = `Back-off restarting failed container ${container.name} in pod ${which}`;
      events.container(pod, container.name, "Warning", "BackOff", event);
      const delay = formatDuration(backOff.delayMs(key));
      const message = `back-off ${delay} restarting failed container=${container.name} pod=${which}`;
      throw new StartError("CrashLoopBackOff", message, remainingMs);
    }
    backOff.next(key, last.finishedAt);
  }

  async #createAndStart(run: Run, container: Container): Promise<void> {
    const { runtime, events } = this.#options;
    const { pod, status, signal } = run.input;
    const image = await this.#image(run, container);
    const config = await this.#configure(run, container, image);
    const failed = (reason: string, error: unknown): never => {
      signal.throwIfAborted();
      const text = error instanceof CriError ? error.details : (error as Error).message;
      events.container(pod, container.name, "Warning", "Failed", `Error: ${text}`);
      throw new StartError(reason, text);
    };
    let containerId = "";
    try {
      const request = { podSandboxId: run.sandboxId, config, sandboxConfig: run.sandboxConfig };
      containerId = (await runtime.createContainer(request, { signal })).containerId;
    } catch (error) {
      failed("CreateContainerError", error);
    }
    events.container(pod, container.name, "Normal", "Created", "Container created");
    try {
      await runtime.startContainer({ containerId }, { signal });
    } catch (error) {
      failed("RunContainerError", error);
    }
    events.container(pod, container.name, "Normal", "Started", "Container started");
    await this.#postStart(run, container, containerId);
    await this.#removeOld(status, container.name, signal);
  }

  async #image(run: Run, container: Container): Promise<cri.Image> {
    const { images, events } = this.#options;
    const { pod, signal } = run.input;
    const { sandboxConfig } = run;
    try {
      return await images.ensure({ pod, container, pullSecrets: run.input.pullSecrets, sandboxConfig, signal });
    } catch (error) {
      if (error instanceof StartError) {
        events.container(pod, container.name, "Warning", "Failed", `Error: ${error.reason}`);
      }
      throw error;
    }
  }

  async #configure(run: Run, container: Container, image: cri.Image): Promise<cri.ContainerConfig> {
    const { pod, status, volumes, signal } = run.input;
    const target = targetOf(container as Container | EphemeralContainer);
    const targetId = target === undefined ? undefined : latestContainer(status, target)?.id;
    try {
      return await this.#options.builder.container({
        pod,
        container,
        image,
        restartCount: nextRestartCount(pod, status, container.name),
        podIPs: run.podIPs,
        volumes,
        signal,
        ...(targetId === undefined ? {} : { targetId }),
      });
    } catch (error) {
      signal.throwIfAborted();
      const text = (error as Error).message;
      this.#options.events.container(pod, container.name, "Warning", "Failed", `Error: ${text}`);
      throw new StartError("CreateContainerConfigError", text);
    }
  }

  async #postStart(run: Run, container: Container, containerId: string): Promise<void> {
    const hook = container.lifecycle?.postStart;
    if (hook === undefined) return;
    const { pod, signal } = run.input;
    const podIP = run.podIPs[0] ?? "";
    try {
      await runHook(this.#options, { pod, container, containerId, podIP }, hook, signal);
    } catch (error) {
      signal.throwIfAborted();
      const text = (error as Error).message;
      this.#options.logger.info("postStart hook failed", { pod: formatPod(pod), container: container.name, err: text });
      this.#options.events.container(pod, container.name, "Warning", "FailedPostStartHook", "PostStartHook failed");
      const message = "FailedPostStartHook";
      const name = container.name;
      await killContainer(this.#options, {
        pod,
        container,
        containerId,
        name,
        podIP,
        message,
        reason: "",
        graceOverride: undefined,
        signal,
      });
      throw new StartError("PostStartHookError", text);
    }
  }

  /** Keeps one dead container of each name: its log is `kubectl logs --previous`. */
  async #removeOld(status: RuntimePod, name: string, signal: AbortSignal): Promise<void> {
    const dead = status.containers.filter((c) => c.name === name && c.state === "exited");
    for (const { id } of dead.slice(1)) await this.removeContainer(id, signal);
  }

  async removeContainer(id: string, signal: AbortSignal): Promise<void> {
    await ignoringGone(this.#options.runtime.removeContainer({ containerId: id }, { signal }));
  }

  /** Removes every container and sandbox of a pod that has ended for good. */
  async remove(status: RuntimePod, signal: AbortSignal): Promise<void> {
    const { runtime, backOff } = this.#options;
    backOff.forget(`${status.uid}_`);
    for (const { id } of status.containers) await this.removeContainer(id, signal);
    for (const { id } of status.sandboxes)
      await ignoringGone(runtime.removePodSandbox({ podSandboxId: id }, { signal }));
  }
}

async function ignoringGone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** One more than the last's; when the runtime has forgotten it, what was reported still counts. */
function nextRestartCount(pod: Pod, status: RuntimePod, name: string): number {
  const latest = latestContainer(status, name);
  if (latest !== undefined) return latest.restartCount + 1;
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const reported = [...containerStatuses, ...initContainerStatuses].find((s) => s.name === name);
  return reported?.containerID === undefined ? 0 : reported.restartCount + 1;
}
