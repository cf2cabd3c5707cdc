/** postStart and preStop hooks. Source: pkg/kubelet/lifecycle/handlers.go. */

import type { Container, LifecycleHandler, Pod } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import type { RuntimeService } from "@kubets/cri";
import { formatPod } from "../pods/pod-ref.ts";
import { httpGet } from "../probes/http-get.ts";
import { resolvePort } from "../probes/ports.ts";

export interface HookTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

export interface HookOptions {
  readonly runtime: RuntimeService;
  readonly clock: Clock;
}

const hookTimeoutMs = 30_000;

/** Runs the hook to its end. @throws Error that says which hook failed and how. */
export async function runHook(
  options: HookOptions,
  target: HookTarget,
  handler: LifecycleHandler,
  signal: AbortSignal,
): Promise<void> {
  const { container, pod } = target;
  if (handler.exec !== undefined) {
    const cmd = handler.exec.command ?? [];
    const answer = await options.runtime.execSync(
      { containerId: target.containerId, cmd, timeout: 0 },
      { signal, deadlineMs: Number.POSITIVE_INFINITY },
    );
    if (answer.exitCode === 0) return;
    const output = Buffer.concat([answer.stdout, answer.stderr]).toString("utf8");
    throw new Error(
      `Exec lifecycle hook (${JSON.stringify(cmd)}) for Container "${container.name}" in Pod "${formatPod(pod)}" failed - error: command terminated with exit code ${answer.exitCode}, message: ${JSON.stringify(output)}`,
    );
  }
  if (handler.httpGet !== undefined) return httpHook(options, target, handler.httpGet, signal);
  if (handler.sleep !== undefined) return options.clock.sleep(Number(handler.sleep.seconds) * 1000, signal);
  throw new Error("invalid handler: nothing to do");
}

async function httpHook(
  options: HookOptions,
  { container, podIP }: HookTarget,
  action: NonNullable<LifecycleHandler["httpGet"]>,
  signal: AbortSignal,
): Promise<void> {
  const host = action.host || podIP;
  if (host === "") throw new Error("failed to find networking container");
  await httpGet(
    {
      scheme: action.scheme === "HTTPS" ? "https" : "http",
      host,
      port: resolvePort(action.port, container),
      path: action.path ?? "",
      headers: action.httpHeaders ?? [],
      userAgent: "kubelet-lifecycle",
    },
    { clock: options.clock, timeoutMs: hookTimeoutMs, signal },
  );
}
