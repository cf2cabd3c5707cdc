/** Keeps the logs of running containers from growing without end. */

import type { KubeletBase } from "../assembly/ground.ts";
import type { PodManager } from "../pods/pod-manager.ts";
import { podRef } from "../pods/pod-ref.ts";
import { rotateIfLarge } from "./log-rotation.ts";
import type { PodCache } from "./pod-cache.ts";

/** Runs until `signal` aborts. Does nothing where containers write no files. */
export async function keepLogsRotated(
  { options, configuration, clock, logger }: KubeletBase,
  pods: PodManager,
  cache: PodCache,
  signal: AbortSignal,
): Promise<void> {
  const { containerLogMaxSize, containerLogMaxFiles, containerLogMonitorIntervalSeconds } = configuration;
  if (options.parts?.files !== undefined) return;
  const limits = { maxSize: containerLogMaxSize, maxFiles: containerLogMaxFiles };
  while (!signal.aborted) {
    await clock.sleep(containerLogMonitorIntervalSeconds * 1000, signal).catch(() => undefined);
    for (const pod of pods.list()) {
      for (const container of cache.peek(podRef(pod).uid)?.containers ?? []) {
        if (signal.aborted) return;
        if (container.state !== "running" || container.logPath === "") continue;
        const { runtime } = options.runtime;
        await rotateIfLarge(runtime, container, limits, clock.now(), signal).catch((error: unknown) => {
          if (!signal.aborted) logger.warn("log not rotated", { path: container.logPath, err: error });
        });
      }
    }
  }
}
