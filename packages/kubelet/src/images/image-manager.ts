/** Makes sure that a container's image is there. Source of policy, events and errors: pkg/kubelet/images/image_manager.go. */

import type { Container, Pod, Secret } from "@kubets/api";
import type { Clock } from "@kubets/apimachinery";
import { formatDuration } from "@kubets/apimachinery";
import type { AuthConfig, Image, ImageService, PodSandboxConfig } from "@kubets/cri";
import type { PodEvents } from "../pods/pod-events.ts";
import { uidOf } from "../pods/pod-ref.ts";
import type { BackOff } from "../runtime/back-off.ts";
import { StartError } from "../runtime/start-error.ts";
import { withDefaultTag } from "./image-reference.ts";
import { credentialsFor } from "./pull-secrets.ts";

export interface ImageManagerOptions {
  readonly images: ImageService;
  readonly clock: Clock;
  readonly events: PodEvents;
  readonly backOff: BackOff;
  readonly serializePulls: boolean;
}

export interface PullRequest {
  readonly pod: Pod;
  readonly container: Container;
  pullSecrets(): Promise<readonly Secret[]>;
  readonly sandboxConfig: PodSandboxConfig;
  readonly signal: AbortSignal;
}

export class ImageManager {
  readonly #options: ImageManagerOptions;
  /** The end of the queue of pulls, when they go one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: ImageManagerOptions) {
    this.#options = options;
  }

  /** The image, pulled if the policy says so. @throws StartError with upstream's reason. */
  async ensure(request: PullRequest): Promise<Image> {
    const { pod, container } = request;
    const { events } = this.#options;
    const asked = container.image ?? "";
    const image = withDefaultTag(asked);
    if (image === undefined) {
      const message = `Failed to apply default image tag "${asked}": couldn't parse image name "${asked}": invalid reference format`;
      events.container(pod, container.name, "Warning", "InspectFailed", message);
      throw new StartError("InvalidImageName", message);
    }
    const present = await this.#inspect(request, image);
    if (present !== undefined && container.imagePullPolicy !== "Always") {
      const message = `Container image "${asked}" already present on machine and can be accessed by the pod`;
      events.container(pod, container.name, "Normal", "Pulled", message);
      return present;
    }
    if (container.imagePullPolicy === "Never") {
      const message = `Container image "${asked}" is not present with pull policy of Never`;
      events.container(pod, container.name, "Warning", "ErrImageNeverPull", message);
      throw new StartError("ErrImageNeverPull", message);
    }
    return this.#pull(request, image);
  }

  async #inspect({ pod, container, signal }: PullRequest, image: string): Promise<Image | undefined> {
    try {
      const answer = await this.#options.images.imageStatus({ image: { image } }, { signal });
      return answer.image ?? undefined;
    } catch (error) {
      const message = `Failed to inspect image "${container.image}": ${(error as Error).message}`;
      this.#options.events.container(pod, container.name, "Warning", "InspectFailed", message);
      throw new StartError("ImageInspectError", message);
    }
  }

  async #pull(request: PullRequest, image: string): Promise<Image> {
    const { pod, container, signal } = request;
    const { backOff, clock, events } = this.#options;
    const key = `${uidOf(pod)}_${image}`;
    const remainingMs = backOff.remainingSinceUpdateMs(key);
    if (remainingMs > 0) {
      const message = `Back-off pulling image "${container.image}"`;
      events.container(pod, container.name, "Normal", "BackOff", message);
      throw new StartError(
        "ImagePullBackOff",
        `${message}: ErrImagePull: ${this.#failures.get(key) ?? ""}`,
        remainingMs,
      );
    }
    events.container(pod, container.name, "Normal", "Pulling", `Pulling image "${container.image}"`);
    const asked = clock.monotonic();
    try {
      const { imageRef, startedAt } = await this.#inTurn(() => this.#fetch(request, image));
      const pulled = await this.#options.images.imageStatus({ image: { image: imageRef } }, { signal });
      if (pulled.image === null) throw new Error(`image "${imageRef}" is not there after it was pulled`);
      const now = clock.monotonic();
      const message = `Successfully pulled image "${container.image}" in ${formatDuration(Math.round(now - startedAt))} (${formatDuration(Math.round(now - asked))} including waiting). Image size: ${pulled.image.size} bytes.`;
      events.container(pod, container.name, "Normal", "Pulled", message);
      this.#failures.delete(key);
      return pulled.image;
    } catch (error) {
      if (signal.aborted) throw error;
      const text = (error as Error).message;
      const message = `Failed to pull image "${container.image}": ${text}`;
      events.container(pod, container.name, "Warning", "Failed", message);
      backOff.next(key);
      this.#failures.set(key, text);
      // Tried again before its back-off ends, so that the status tells ImagePullBackOff meanwhile.
      throw new StartError("ErrImagePull", text);
    }
  }

  /** The last failure of each pull, for the message while backing off. */
  readonly #failures = new Map<string, string>();

  forgetPod(uid: string): void {
    for (const key of this.#failures.keys()) if (key.startsWith(uid)) this.#failures.delete(key);
    this.#options.backOff.forget(uid);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#options.serializePulls) return work();
    const mine = this.#last.then(work, work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #fetch(request: PullRequest, image: string) {
    const { sandboxConfig, signal } = request;
    const startedAt = this.#options.clock.monotonic();
    const attempts: (AuthConfig | undefined)[] = [...credentialsFor(image, await request.pullSecrets())];
    if (attempts.length === 0) attempts.push(undefined);
    let failure: unknown;
    for (const auth of attempts) {
      try {
        const pull = { image: { image }, sandboxConfig, ...(auth === undefined ? {} : { auth }) };
        const answer = await this.#options.images.pullImage(pull, { signal, deadlineMs: Number.POSITIVE_INFINITY });
        return { imageRef: answer.imageRef, startedAt };
      } catch (error) {
        failure = error;
        if (signal.aborted) break;
      }
    }
    throw failure;
  }
}
