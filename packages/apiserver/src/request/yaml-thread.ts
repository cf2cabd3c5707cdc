/**
 * YAML bodies that take long, read in a thread of their own: three megabytes of them can keep the parser busy for seconds, and everyone else would
 * wait. The thread starts with the first such body and ends when none came for a while.
 */

import { Worker } from "node:worker_threads";
import {
  type Clock,
  type DecodedBody,
  decodeYaml,
  decodeYamlThatIsJson,
  type Json,
  parseJson,
  realClock,
  type Timer,
  YamlSyntaxError,
} from "@kubets/apimachinery";
import { bodyTooLarge } from "./body-limit.ts";
import type { YamlReply, YamlTask } from "./yaml-worker.ts";

/** Smaller bodies are read where they are: the worst of them takes some tens of milliseconds, about as long as a thread takes to start. */
const inlineBytes = 16 * 1024;
/** Of the thread. What Go's parser makes of three megabytes fits many times. */
const maxHeapMB = 1024;
const slowestMs = 20_000;
const idleMs = 30_000;

interface Waiting {
  readonly body: Uint8Array;
  readonly resolve: (decoded: DecodedBody) => void;
  readonly reject: (error: Error) => void;
}

export class YamlThread {
  readonly #clock: Clock;
  readonly #queue: Waiting[] = [];
  #worker: Worker | undefined;
  #current: Waiting | undefined;
  /** Of the current body, or of idleness. */
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * As `decodeYaml`, one body after the other.
   * @param signal of whoever wants it, asked for when it takes long: it is not read when nobody does any more
   * @throws YamlSyntaxError, JsonSyntaxError; StatusError 413 when it takes more memory or time than any sensible body does; the signal's reason
   */
  async decode(body: Uint8Array, signal?: () => AbortSignal): Promise<DecodedBody> {
    if (body.length <= inlineBytes) return await decodeYaml(body);
    return decodeYamlThatIsJson(new TextDecoder().decode(body)) ?? (await this.#decodeAside(body, signal?.()));
  }

  #decodeAside(body: Uint8Array, signal: AbortSignal | undefined): Promise<DecodedBody> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const waiting: Waiting = { body, resolve, reject };
      signal?.addEventListener("abort", () => this.#leave(waiting, signal.reason), { once: true });
      this.#queue.push(waiting);
      if (this.#current === undefined) this.#next();
    });
  }

  /** Harmless when it has been read. */
  #leave(waiting: Waiting, reason: Error): void {
    waiting.reject(reason);
    const at = this.#queue.indexOf(waiting);
    if (at >= 0) this.#queue.splice(at, 1);
    else if (waiting === this.#current) this.#dismiss();
  }

  #next(): void {
    this.#timer?.cancel();
    this.#current = this.#queue.shift();
    if (this.#current === undefined) return this.#rest();
    const { body } = this.#current;
    this.#worker ??= this.#start();
    this.#worker.ref();
    this.#timer = this.#clock.setTimeout(() => this.#dismiss(), slowestMs, { unref: true });
    this.#worker.postMessage(body satisfies YamlTask);
  }

  #rest(): void {
    this.#worker?.unref();
    this.#timer = this.#clock.setTimeout(() => this.#dismiss(), idleMs, { unref: true });
  }

  #start(): Worker {
    const worker = new Worker(new URL("./yaml-worker.ts", import.meta.url), {
      name: "kubets-yaml",
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMB },
    });
    worker.on("message", (reply: YamlReply) => {
      if (worker === this.#worker) this.#finish(reply);
    });
    // Out of memory, as far as anything can go wrong there; the end of the thread follows.
    worker.on("error", () => undefined);
    worker.on("exit", () => {
      if (worker === this.#worker) this.#dismiss();
    });
    return worker;
  }

  #finish(reply: YamlReply): void {
    const done = this.#current;
    if ("problem" in reply) done?.reject(new YamlSyntaxError(reply.problem));
    else done?.resolve({ value: parseJson(reply.json) as Json, duplicates: reply.duplicates });
    this.#next();
  }

  /** Whoever comes next has another thread: this one takes a while to end. */
  #dismiss(): void {
    void this.#worker?.terminate();
    this.#worker = undefined;
    this.#timer?.cancel();
    if (this.#current === undefined) return;
    this.#current.reject(bodyTooLarge(this.#current.body.length));
    this.#next();
  }
}

const thread = new YamlThread(realClock);

/** {@link YamlThread.decode} by the one thread of this process. */
export function decodeYamlAside(body: Uint8Array, signal: () => AbortSignal): Promise<DecodedBody> {
  return thread.decode(body, signal);
}
