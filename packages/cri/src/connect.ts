/** Connecting to a container runtime's socket. */

import { type Clock, type Logger, realClock, silentLogger } from "@kubets/apimachinery";
import { runtimeEvents } from "./events.ts";
import { openChannel } from "./grpc.ts";
import type { ImageService, RuntimeClient, RuntimeService } from "./services.ts";

export interface ConnectOptions {
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const runtimeMethods: readonly (keyof RuntimeService)[] = [
  ...(["version", "status", "runtimeConfig", "updateRuntimeConfig"] as const),
  ...(["runPodSandbox", "stopPodSandbox", "removePodSandbox", "podSandboxStatus", "listPodSandbox"] as const),
  ...(["updatePodSandboxResources", "createContainer", "startContainer", "stopContainer", "removeContainer"] as const),
  ...(["containerStatus", "listContainers", "updateContainerResources", "reopenContainerLog"] as const),
  ...(["execSync", "exec", "attach", "portForward"] as const),
  ...(["containerStats", "listContainerStats", "podSandboxStats", "listPodSandboxStats"] as const),
];

const imageMethods: readonly (keyof ImageService)[] = [
  "listImages",
  "imageStatus",
  "pullImage",
  "removeImage",
  "imageFsInfo",
];

/**
 * A client of the runtime that listens on a Unix socket. Connects at the first call, and again by itself when the runtime was away:
 * calls made meanwhile fail with UNAVAILABLE.
 * @param socketPath an absolute path, with or without a leading `unix://`; at most 107 bytes, the kernel's limit
 * @throws Error when the path cannot be a socket's
 */
export async function connectRuntime(socketPath: string, options: ConnectOptions = {}): Promise<RuntimeClient> {
  const clock = options.clock ?? realClock;
  const channel = await openChannel(socketPath);
  const service = <Service>(name: string, methods: readonly (keyof Service & string)[]): Service =>
    Object.fromEntries(methods.map((method) => [method, channel.unary(name, method)])) as Service;
  const runtime = service<RuntimeService>("runtime.v1.RuntimeService", runtimeMethods);
  const image = service<ImageService>("runtime.v1.ImageService", imageMethods);
  return {
    runtime,
    image,
    events: (signal) => runtimeEvents({ channel, runtime, clock, logger: options.logger ?? silentLogger }, signal),
    close: () => channel.close(),
  };
}
