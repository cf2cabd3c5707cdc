/** Writes pod statuses to the API, one request at a time per pod and always the newest, and deletes pods that have ended and were asked to go. */

import type { Pod, PodCondition, PodStatus } from "@kubets/api";
import { pods } from "@kubets/api";
import type { Clock, Logger } from "@kubets/apimachinery";
import { deepEqual, isConflict, isNotFound } from "@kubets/apimachinery";
import type { Client } from "@kubets/client";
import { podRef, uidOf } from "../pods/pod-ref.ts";
import { kubeletConditions } from "./conditions.ts";
import { statusPatch } from "./status-patch.ts";

export interface StatusManagerOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The API object that stands for the pod: itself, or a static pod's mirror. Undefined while there is none. */
  target(pod: Pod): Pod | undefined;
}

interface Entry {
  pod: Pod;
  status: PodStatus;
  /** What the server has, as far as is known. */
  acknowledged: PodStatus;
  /** Nothing of the pod runs any more, and its volumes are gone. */
  finished: boolean;
  dirty: boolean;
  writing: Promise<void> | undefined;
}

const firstRetryMs = 500;
const maxRetryMs = 10_000;

export class StatusManager {
  readonly #options: StatusManagerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #signal: AbortSignal;

  constructor(options: StatusManagerOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** The status set last, with others' conditions as the API has them now; before there was one, what the API has. */
  get(pod: Pod): PodStatus {
    const own = this.#entries.get(uidOf(pod))?.status;
    const reported = this.#options.target(pod)?.status ?? pod.status ?? {};
    if (own === undefined) return reported;
    const isOwn = ({ type }: PodCondition) => kubeletConditions.includes(type);
    const conditions = [
      ...(own.conditions ?? []).filter(isOwn),
      ...(reported.conditions ?? []).filter((condition) => !isOwn(condition)),
    ];
    return { ...own, conditions };
  }

  set(pod: Pod, status: PodStatus): void {
    const entry = this.#entry(pod);
    entry.pod = pod;
    if (deepEqual(entry.status, status) && entry.acknowledged === entry.status) return;
    entry.status = status;
    this.#touch(entry);
  }

  /** The pod's last status. When its deletion was asked for, the API object goes after it. */
  finish(pod: Pod, status: PodStatus): void {
    const entry = this.#entry(pod);
    entry.pod = pod;
    entry.status = status;
    entry.finished = true;
    this.#touch(entry);
  }

  /** The API's object has changed: a mirror appeared, a deletion was asked for. */
  observe(pod: Pod): void {
    const entry = this.#entries.get(uidOf(pod));
    if (entry === undefined) return;
    entry.pod = pod;
    if (entry.finished && pod.metadata?.deletionTimestamp !== undefined) this.#touch(entry);
  }

  /** A static pod's mirror was made anew: it has no status yet. */
  resend(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return;
    entry.acknowledged = {};
    this.#touch(entry);
  }

  remove(uid: string): void {
    this.#entries.delete(uid);
  }

  /** Resolves when everything set so far has been written or given up. */
  async flush(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.writing));
  }

  #entry(pod: Pod): Entry {
    const uid = uidOf(pod);
    let entry = this.#entries.get(uid);
    if (entry === undefined) {
      const acknowledged = this.#options.target(pod)?.status ?? {};
      entry = { pod, status: pod.status ?? {}, acknowledged, finished: false, dirty: false, writing: undefined };
      this.#entries.set(uid, entry);
    }
    return entry;
  }

  #touch(entry: Entry): void {
    entry.dirty = true;
    entry.writing ??= this.#write(entry);
  }

  async #write(entry: Entry): Promise<void> {
    // What is set again within the same turn is written once.
    await Promise.resolve();
    let delayMs = firstRetryMs;
    while (entry.dirty && !this.#signal.aborted) {
      entry.dirty = false;
      try {
        await this.#send(entry);
        delayMs = firstRetryMs;
      } catch (error) {
        if (this.#signal.aborted || isNotFound(error) || isOtherPod(error)) {
          // Gone, or another pod has its name now.
          this.#options.logger.debug("pod status not written", { ...podRef(entry.pod), err: error });
          continue;
        }
        this.#options.logger.warn("pod status not written, will try again", { ...podRef(entry.pod), err: error });
        entry.dirty = true;
        await this.#options.clock.sleep(delayMs, this.#signal).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, maxRetryMs);
      }
    }
    // In the same turn as the last look at `dirty`: what is set after this is written anew.
    entry.writing = undefined;
  }

  async #send(entry: Entry): Promise<void> {
    const target = this.#options.target(entry.pod);
    if (target === undefined) return;
    const { uid, name, namespace } = podRef(target);
    const client = this.#options.client.resource(pods).namespace(namespace);
    const { status } = entry;
    const patch = statusPatch(uid, entry.acknowledged, status);
    if (patch !== undefined) {
      const options = { subresource: "status", signal: this.#signal };
      await client.patch(name, "application/strategic-merge-patch+json", patch, options);
      entry.acknowledged = status;
    }
    const isMirror = target !== entry.pod && uid !== uidOf(entry.pod);
    if (!entry.finished || isMirror || entry.pod.metadata?.deletionTimestamp === undefined) return;
    await client.delete(name, { gracePeriodSeconds: 0, preconditions: { uid }, signal: this.#signal });
  }
}

/** The name is another pod's now: the uid in the request is not its. */
function isOtherPod(error: unknown): boolean {
  return isConflict(error) && /uid|precondition/i.test((error as Error).message);
}
