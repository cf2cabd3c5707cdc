/** What the node's server answers: pods, logs, statistics, and sessions in containers. */

import { once } from "node:events";
import type { Pod } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import type { RuntimeService } from "@kubets/cri";
import type { KubeletConfiguration } from "../configuration.ts";
import { kubeletConfigurationFile } from "../configuration-file.ts";
import { findContainer, podRef, uidOf } from "../pods/pod-ref.ts";
import type { RuntimeContainer, RuntimePod } from "../runtime/pod-status.ts";
import { latestContainer } from "../runtime/pod-status.ts";
import type { ContainerPath } from "./container-path.ts";
import { parseContainerPath } from "./container-path.ts";
import { HttpError } from "./http-error.ts";
import { parseLogOptions } from "./log-options.ts";
import { readLog } from "./read-log.ts";
import type { Handler, RequestContext, UpgradeHandler } from "./server.ts";
import type { Summary } from "./stats.ts";
import { resourceMetrics } from "./stats.ts";

export interface HandlerSources {
  readonly clock: Clock;
  readonly runtime: RuntimeService;
  readonly configuration: KubeletConfiguration;
  pods(): readonly Pod[];
  /** The runtime's view of a pod, as last seen. */
  runtimePod(uid: string): RuntimePod | undefined;
  /** Resolves when this container has ended. Never rejects. */
  ended(uid: string, containerId: string, signal: AbortSignal): Promise<void>;
  summary(): Promise<Summary>;
  /** Why the kubelet is not healthy; undefined when it is. */
  problem(): string | undefined;
}

function json({ response }: RequestContext, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

function text({ response }: RequestContext, value: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(200, { "content-type": type });
  response.end(value);
}

export function createHandlers(sources: HandlerSources): Record<string, Handler> {
  return {
    healthz: async (context) => {
      const problem = sources.problem();
      if (problem !== undefined) throw new HttpError(500, problem);
      text(context, "ok");
    },
    pods: async (context) => json(context, { kind: "PodList", apiVersion: "v1", metadata: {}, items: sources.pods() }),
    runningpods: async (context) =>
      json(context, { kind: "PodList", apiVersion: "v1", metadata: {}, items: runningPods(sources) }),
    configz: async (context) => json(context, { kubeletconfig: kubeletConfigurationFile(sources.configuration) }),
    stats: async (context) => {
      if (context.parts[0] !== "summary") throw new HttpError(404, "404 page not found");
      json(context, await sources.summary());
    },
    metrics: async (context) => {
      const body = context.parts[0] === "resource" ? resourceMetrics(await sources.summary()) : ownMetrics(sources);
      text(context, body, "text/plain; version=0.0.4; charset=utf-8");
    },
    containerLogs: (context) => containerLogs(sources, context),
    run: (context) => run(sources, context),
  };
}

function runningPods(sources: HandlerSources): Pod[] {
  return sources.pods().filter((pod) => sources.runtimePod(uidOf(pod))?.containers.some((c) => c.state === "running"));
}

function ownMetrics(sources: HandlerSources): string {
  const running = runningPods(sources);
  const containers = running.flatMap(
    (pod) => sources.runtimePod(uidOf(pod))?.containers.filter((c) => c.state === "running") ?? [],
  );
  return [
    "# HELP kubelet_running_pods [BETA] Number of pods that have a running pod sandbox",
    "# TYPE kubelet_running_pods gauge",
    `kubelet_running_pods ${running.length}`,
    "# HELP kubelet_running_containers [BETA] Number of containers currently running",
    "# TYPE kubelet_running_containers gauge",
    `kubelet_running_containers{container_state="running"} ${containers.length}`,
    "",
  ].join("\n");
}

interface Found {
  readonly pod: Pod;
  readonly path: ContainerPath;
}

function findPod(sources: HandlerSources, parts: readonly string[], wantsContainer: boolean): Found {
  const path = parseContainerPath(parts, wantsContainer);
  if (path === undefined) throw new HttpError(404, "404 page not found");
  const pod = sources.pods().find((each) => {
    const ref = podRef(each);
    return (
      ref.name === path.pod && ref.namespace === path.namespace && (path.uid === undefined || ref.uid === path.uid)
    );
  });
  if (pod === undefined) throw new HttpError(404, `pod does not exist`);
  return { pod, path };
}

function runningContainer(sources: HandlerSources, { pod, path }: Found): RuntimeContainer {
  const runtime = sources.runtimePod(uidOf(pod));
  const found = runtime === undefined ? undefined : latestContainer(runtime, path.container);
  if (found?.state === "running") return found;
  throw new HttpError(404, `container not found ("${path.container}")`);
}

async function containerLogs(sources: HandlerSources, context: RequestContext): Promise<void> {
  const { url, response, signal } = context;
  const { pod, path } = findPod(sources, context.parts, true);
  if (findContainer(pod, path.container) === undefined) {
    throw new HttpError(404, `container "${path.container}" not found in pod "${path.pod}"`);
  }
  const options = parseLogOptions(url.searchParams, sources.clock.now());
  const container = containerForLogs(sources, pod, path, options.previous);
  const ended = container.state === "running" ? sources.ended(uidOf(pod), container.id, signal) : Promise.resolve();
  const chunks = readLog({ path: container.logPath, ended }, options, signal);
  const first = await chunks.next().catch((error: unknown) => {
    throw new HttpError(
      500,
      `failed to try resolving symlinks in path "${container.logPath}": ${(error as Error).message}`,
    );
  });
  response.writeHead(200, { "content-type": "text/plain", "transfer-encoding": "chunked" });
  response.flushHeaders();
  if (!first.done) response.write(first.value);
  for await (const chunk of chunks) {
    if (response.write(chunk)) continue;
    await once(response, "drain", { signal }).catch(() => undefined); // Aborted: the log's reader ends too.
  }
  response.end();
}

/** The container whose log is meant. Source of the texts: `validateContainerLogStatus`. */
function containerForLogs(sources: HandlerSources, pod: Pod, path: ContainerPath, previous: boolean): RuntimeContainer {
  const instances = sources.runtimePod(uidOf(pod))?.containers.filter((c) => c.name === path.container) ?? [];
  const which = `container "${path.container}" in pod "${path.pod}"`;
  const ended = instances.filter((c) => c.state === "exited");
  if (previous) {
    const found =
      instances[0]?.state === "exited" && isWaiting(pod, path.container)
        ? ended[0]
        : ended.find((c) => c !== instances[0]);
    if (found === undefined) {
      throw new HttpError(400, `previous terminated container "${path.container}" in pod "${path.pod}" not found`);
    }
    return found;
  }
  const found = instances.find((c) => c.state === "running" || c.state === "exited");
  if (found !== undefined) return found;
  const reason = waitingReason(pod, path.container);
  if (reason === "ErrImagePull" || reason === "ImagePullBackOff") {
    throw new HttpError(400, `${which} is waiting to start: trying and failing to pull image`);
  }
  throw new HttpError(400, `${which} is waiting to start: ${reason}`);
}

function waitingReason(pod: Pod, name: string): string {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses].find((s) => s.name === name);
  return status?.state?.waiting?.reason ?? "ContainerCreating";
}

function isWaiting(pod: Pod, name: string): boolean {
  const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
  const status = [...containerStatuses, ...initContainerStatuses].find((s) => s.name === name);
  return status?.state?.waiting !== undefined;
}

async function run(sources: HandlerSources, context: RequestContext): Promise<void> {
  const found = findPod(sources, context.parts, true);
  const cmd = (context.url.searchParams.get("cmd") ?? "").split(" ").filter((word) => word !== "");
  const { id } = runningContainer(sources, found);
  const answer = await sources.runtime.execSync({ containerId: id, cmd, timeout: 0 }, { signal: context.signal });
  const output = Buffer.concat([answer.stdout, answer.stderr]).toString("utf8");
  if (answer.exitCode !== 0)
    throw new HttpError(500, `command terminated with exit code ${answer.exitCode}: ${output}`);
  text(context, output);
}

interface Streams {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/** `input`, `output` and `error` are the kubelet's own names; the API's are taken as well. */
function streamsOf(query: URLSearchParams): Streams {
  const flag = (...names: string[]) => names.some((name) => ["1", "true"].includes(query.get(name) ?? ""));
  const tty = flag("tty");
  const streams = {
    stdin: flag("input", "stdin"),
    stdout: flag("output", "stdout"),
    // A terminal has one stream out.
    stderr: flag("error", "stderr") && !tty,
    tty,
  };
  if (streams.stdin || streams.stdout || streams.stderr) return streams;
  throw new HttpError(400, "you must specify at least 1 of stdin, stdout, stderr");
}

export function createUpgradeHandlers(sources: HandlerSources): Record<string, UpgradeHandler> {
  return {
    exec: async ({ parts, url, signal }) => {
      const { id } = runningContainer(sources, findPod(sources, parts, true));
      const cmd = url.searchParams.getAll("command");
      const answer = await sources.runtime.exec({ containerId: id, cmd, ...streamsOf(url.searchParams) }, { signal });
      return new URL(answer.url);
    },
    attach: async ({ parts, url, signal }) => {
      const found = findPod(sources, parts, true);
      const { id } = runningContainer(sources, found);
      // Whether there is a terminal is the container's to say.
      const tty = findContainer(found.pod, found.path.container)?.container.tty === true;
      const { stdin, stdout, stderr } = streamsOf(url.searchParams);
      const request = { containerId: id, stdin, stdout, stderr: stderr && !tty, tty };
      return new URL((await sources.runtime.attach(request, { signal })).url);
    },
    portForward: async ({ parts, url, signal }) => {
      const { pod } = findPod(sources, parts, false);
      const sandbox = sources.runtimePod(uidOf(pod))?.sandboxes.find((s) => s.ready);
      if (sandbox === undefined) throw new HttpError(404, `pod does not have a running sandbox`);
      const port = url.searchParams.getAll("port").map(Number).filter(Number.isInteger);
      const answer = await sources.runtime.portForward({ podSandboxId: sandbox.id, port }, { signal });
      return new URL(answer.url);
    },
  };
}
