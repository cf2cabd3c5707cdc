/** One look at a container: exec, HTTP, TCP or gRPC. Source of verdicts and texts: pkg/kubelet/prober/prober.go and pkg/probe. */

import type { Container, Pod, Probe } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import { CriError, type RuntimeService } from "@kubets/cri";
import { grpcProbe } from "./grpc-probe.ts";
import { httpGet } from "./http-get.ts";
import { resolvePort } from "./ports.ts";
import { tcpProbe } from "./tcp-probe.ts";

export type ProbeResult = "success" | "failure" | "warning";

export interface ProbeAnswer {
  readonly result: ProbeResult;
  /** For the event. */
  readonly output: string;
}

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIP: string;
}

/** @throws Error when the probe itself could not be made: neither success nor failure. */
export type Prober = (target: ProbeTarget, probe: Probe, signal: AbortSignal) => Promise<ProbeAnswer>;

const maxOutput = 10 * 1024;

export function createProber(options: { runtime: RuntimeService; clock: Clock }): Prober {
  return async (target, probe, signal) => {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    const limits = { clock: options.clock, timeoutMs, signal };
    if (probe.exec !== undefined) return execProbe(options.runtime, target, probe.exec.command ?? [], limits);
    if (probe.httpGet !== undefined) return httpProbe(target, probe.httpGet, limits);
    if (probe.tcpSocket !== undefined) {
      const host = probe.tcpSocket.host || target.podIP;
      return tcpProbe(host, resolvePort(probe.tcpSocket.port, target.container), limits);
    }
    if (probe.grpc !== undefined) return grpcProbe(target.podIP, probe.grpc.port, probe.grpc.service ?? "", limits);
    throw new Error(`missing probe handler for ${target.pod.metadata?.name}:${target.container.name}`);
  };
}

interface Limits {
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

async function execProbe(
  runtime: RuntimeService,
  { containerId }: ProbeTarget,
  cmd: readonly string[],
  { timeoutMs, signal }: Limits,
): Promise<ProbeAnswer> {
  try {
    const request = { containerId, cmd, timeout: Math.ceil(timeoutMs / 1000) };
    const answer = await runtime.execSync(request, { signal, deadlineMs: timeoutMs + 10_000 });
    const output = Buffer.concat([answer.stdout, answer.stderr]).subarray(0, maxOutput).toString("utf8");
    return { result: answer.exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    if (error instanceof CriError && error.code === "DEADLINE_EXCEEDED") {
      const limit = `timed out after ${timeoutMs / 1000}s`;
      return { result: "failure", output: `command timed out: "${cmd.join(" ")}" ${limit}` };
    }
    throw error;
  }
}

async function httpProbe(
  { container, podIP }: ProbeTarget,
  action: NonNullable<Probe["httpGet"]>,
  limits: Limits,
): Promise<ProbeAnswer> {
  const target = {
    scheme: action.scheme === "HTTPS" ? ("https" as const) : ("http" as const),
    host: action.host || podIP,
    port: resolvePort(action.port, container),
    path: action.path ?? "",
    headers: action.httpHeaders ?? [],
    userAgent: "kube-probe/1.36",
  };
  try {
    const { status, body, redirectedAway } = await httpGet(target, limits);
    if (redirectedAway) return { result: "warning", output: `Probe terminated redirects, Response body: ${body}` };
    if (status >= 200 && status < 400) return { result: "success", output: body };
    return { result: "failure", output: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    limits.signal.throwIfAborted();
    return { result: "failure", output: (error as Error).message };
  }
}
