/** Stopping containers and pods: hooks, order and grace. Source: `killContainer` and termination_order.go in pkg/kubelet/kuberuntime. */

import type { Container, Pod } from "@kubets/api";
import { type Clock, type Logger, pushAll } from "@kubets/apimachinery";
import type { RuntimeService } from "@kubets/cri";
import { isNotFound } from "@kubets/cri";
import { runHook } from "../lifecycle/hooks.ts";
import type { PodEvents } from "../pods/pod-events.ts";
import { findContainer, isSidecar } from "../pods/pod-ref.ts";
import type { KillReason } from "./actions.ts";
import type { RuntimeContainer, RuntimePod } from "./pod-status.ts";

const minimumGraceSeconds = 2;
const stopSlackMs = 120_000;

export interface KillOptions {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly events: PodEvents;
  readonly logger: Logger;
}

export interface KillRequest {
  readonly pod: Pod;
  readonly containerId: string;
  readonly name: string;
  /** Undefined when the spec no longer has it, or is not known. */
  readonly container: Container | undefined;
  readonly podIP: string;
  /** Of the Killing event; "" for the usual one. */
  readonly message: string;
  readonly reason: KillReason;
  /** Seconds, instead of what the spec says. */
  readonly graceOverride: number | undefined;
  /** Settles when the containers that must end first have ended. */
  readonly after?: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** The seconds a container gets, by the pod's deletion, the failed probe's own or the pod's spec. */
export function graceSeconds(pod: Pod, container: Container | undefined, reason: KillReason): number {
  const deletion = pod.metadata?.deletionGracePeriodSeconds;
  if (deletion !== undefined) return Number(deletion);
  const own = pod.spec?.terminationGracePeriodSeconds;
  if (own === undefined) return minimumGraceSeconds;
  const probe =
    reason === "StartupProbe"
      ? container?.startupProbe
      : reason === "LivenessProbe"
        ? container?.livenessProbe
        : undefined;
  return Number(probe?.terminationGracePeriodSeconds ?? own);
}

/** Runs the preStop hook, then asks the runtime to stop the container. Returns when it has ended. */
export async function killContainer(options: KillOptions, request: KillRequest): Promise<void> {
  const { pod, container, containerId, name, signal } = request;
  const { clock, events, runtime } = options;
  let grace = request.graceOverride ?? graceSeconds(pod, container, request.reason);
  events.container(pod, name, "Normal", "Killing", request.message || `Stopping container ${name}`);
  const started = clock.monotonic();
  const remaining = () => grace - Math.floor((clock.monotonic() - started) / 1000);
  if (request.after !== undefined && grace > 0) await within(options, request.after, grace * 1000, signal);
  if (container?.lifecycle?.preStop !== undefined && remaining() > 0) await preStop(options, request, remaining());
  const least = request.graceOverride === undefined ? minimumGraceSeconds : Math.min(minimumGraceSeconds, grace);
  grace = Math.max(remaining(), least);
  try {
    await runtime.stopContainer({ containerId, timeout: grace }, { signal, deadlineMs: grace * 1000 + stopSlackMs });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

/** Waits for `work`, at most `ms`. */
async function within(options: KillOptions, work: Promise<unknown>, ms: number, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const timer = options.clock.sleep(ms, AbortSignal.any([signal, done.signal])).catch(() => undefined);
  try {
    await Promise.race([work.catch(() => undefined), timer]);
    signal.throwIfAborted();
  } finally {
    done.abort();
  }
}

async function preStop(options: KillOptions, request: KillRequest, seconds: number): Promise<void> {
  const { pod, container, containerId, name, podIP, signal } = request;
  const limit = new AbortController();
  const hook = container?.lifecycle?.preStop;
  if (container === undefined || hook === undefined) return;
  const timer = options.clock.setTimeout(() => limit.abort(new Error("grace period is over")), seconds * 1000);
  try {
    await runHook(options, { pod, container, containerId, podIP }, hook, AbortSignal.any([signal, limit.signal]));
  } catch (error) {
    signal.throwIfAborted();
    // A hook that takes all of the grace is no failure.
    if (limit.signal.aborted) return;
    options.logger.info("preStop hook failed", { pod: pod.metadata?.name, container: name, err: error });
    options.events.container(pod, name, "Warning", "FailedPreStopHook", "PreStopHook failed");
  } finally {
    timer.cancel();
  }
}

/**
 * Stops every container that runs or might, then the sandboxes. Main containers first, sidecars after them from the last to the first.
 * @param graceOverride seconds, instead of what the pod says
 */
export async function killPod(
  options: KillOptions,
  pod: Pod,
  status: RuntimePod,
  graceOverride: number | undefined,
  signal: AbortSignal,
): Promise<void> {
  const alive = status.containers.filter(
    (c) => c.state === "running" || c.state === "unknown" || c.state === "created",
  );
  const podIP = status.ips[0] ?? "";
  const kill = (current: RuntimeContainer, after?: Promise<unknown>) =>
    killContainer(options, {
      pod,
      containerId: current.id,
      name: current.name,
      container: findContainer(pod, current.name)?.container,
      podIP,
      message: "",
      reason: "",
      graceOverride,
      signal,
      ...(after === undefined ? {} : { after }),
    });
  const order = (pod.spec?.initContainers ?? []).filter(isSidecar).map((c) => c.name);
  const kills: Promise<void>[] = alive.filter((c) => !order.includes(c.name)).map((c) => kill(c));
  let before: Promise<unknown> = Promise.allSettled(kills);
  for (const name of order.toReversed()) {
    const mine = alive.filter((c) => c.name === name).map((c) => kill(c, before));
    pushAll(kills, mine);
    before = Promise.allSettled([before, ...mine]);
  }
  await allOrThrow(kills);
  await allOrThrow(
    status.sandboxes.map(async ({ id }) => {
      try {
        await options.runtime.stopPodSandbox({ podSandboxId: id }, { signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }),
  );
}

/** Waits for all, then throws the first failure: none is left running behind. */
async function allOrThrow(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
