/** One stream of runtime events out of whatever the runtime offers. */

import type { Clock, Logger } from "@kubets/apimachinery";
import { containerdEvents } from "./containerd-events.ts";
import { CriError, isUnimplemented } from "./errors.ts";
import type { Channel } from "./grpc.ts";
import type { ContainerEvent, RuntimeEvent, RuntimeService } from "./services.ts";
import type { ContainerStatus, PodSandboxStatus } from "./types.ts";

export interface EventSourceOptions {
  readonly channel: Channel;
  readonly runtime: RuntimeService;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** From best to worst; a runtime that lacks one answers UNIMPLEMENTED and the next is tried. */
const sources: readonly ((options: EventSourceOptions, signal: AbortSignal) => AsyncIterable<RuntimeEvent>)[] = [
  criEvents,
  containerdEvents,
  slowRelist,
];

/** How often everything is listed where the runtime has no events at all. */
const relistPeriodMs = 10_000;
/** How long after the call a runtime that sends no headers is taken to have subscribed us. */
const subscribedAfterMs = 1000;
const retryMs = { first: 100, most: 5000 };

/** `RuntimeClient.events`: picks the source, and starts it again when it breaks. */
export async function* runtimeEvents(options: EventSourceOptions, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  let source = 0;
  let delayMs = retryMs.first;
  while (!signal.aborted) {
    try {
      for await (const event of sources[source]!(options, signal)) {
        delayMs = retryMs.first;
        yield event;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof CriError)) throw error;
      if (isUnimplemented(error)) {
        source = Math.min(source + 1, sources.length - 1);
        continue;
      }
      options.logger.warn("Lost the container runtime's events, connecting again", { err: error });
    }
    // A runtime that was replaced by a newer one may have more to offer.
    source = 0;
    if (!(await slept(options.clock, delayMs, signal))) return;
    delayMs = Math.min(delayMs * 2, retryMs.most);
  }
}

interface ContainerEventResponse {
  readonly containerId: string;
  readonly containerEventType: `CONTAINER_${"CREATED" | "STARTED" | "STOPPED" | "DELETED"}_EVENT`;
  readonly podSandboxStatus: PodSandboxStatus | null;
  readonly containersStatuses: readonly ContainerStatus[];
}

const criEventTypes = {
  CONTAINER_CREATED_EVENT: "ContainerCreated",
  CONTAINER_STARTED_EVENT: "ContainerStarted",
  CONTAINER_STOPPED_EVENT: "ContainerStopped",
  CONTAINER_DELETED_EVENT: "ContainerDeleted",
} as const satisfies Record<string, ContainerEvent["type"]>;

/** CRI's own GetContainerEvents: containerd 1.7 and newer, CRI-O. */
async function* criEvents({ channel, clock }: EventSourceOptions, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const messages = channel
    .stream<ContainerEventResponse>("runtime.v1.RuntimeService", "getContainerEvents", {}, { signal: either })
    [Symbol.asyncIterator]();
  let next = messages.next();
  try {
    // The server sends nothing until the first event, so there is no telling when the subscription holds: list once it surely does.
    await Promise.race([next, slept(clock, subscribedAfterMs, either)]);
    if (signal.aborted) return;
    yield { type: "Relist" };
    for (let result = await next; !result.done; result = await next) {
      next = messages.next();
      const { containerId, containerEventType, podSandboxStatus: sandbox } = result.value;
      const type = criEventTypes[containerEventType];
      yield { type, containerId, sandboxId: sandbox?.id ?? "", podUid: sandbox?.metadata?.uid ?? "" };
    }
  } finally {
    done.abort();
    // Its end was reported by the loop, or is of our own making.
    await next.catch(() => undefined);
  }
}

async function* slowRelist({ clock }: EventSourceOptions, signal: AbortSignal): AsyncGenerator<RuntimeEvent> {
  do yield { type: "Relist" };
  while (await slept(clock, relistPeriodMs, signal));
}

/** False when the signal ended the sleep. */
function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  return clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );
}
