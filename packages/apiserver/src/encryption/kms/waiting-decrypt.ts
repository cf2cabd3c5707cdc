/**
 * Asks a plugin to decrypt, and waits in this thread: values are read in one turn wherever that happens, and only the first one under a seed needs the
 * plugin. Seeds are as many as keys and starts of API servers since the values were last written: a handful.
 */

import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { messageOf, realClock } from "@kubets/apimachinery";
import type { EncryptedSource } from "./encrypted-object.ts";
import type { KmsMethod } from "./service.ts";

export interface DecryptWorkerData {
  readonly port: MessagePort;
  /** The number of the last request that was answered. */
  readonly signal: SharedArrayBuffer;
  readonly path: string;
  readonly timeoutMs: number;
}

export interface DecryptRequest {
  readonly number: number;
  readonly encrypted: EncryptedSource;
  readonly uid: string;
}

export type DecryptReply =
  | { readonly number: number; readonly plaintext: Uint8Array }
  | { readonly number: number; readonly error: string; readonly code: string };

/** Beyond the plugin's own time: a thread that starts takes a while. */
const graceMs = 2000;

export interface WaitingDecryptOptions {
  readonly path: string;
  readonly timeoutMs: number;
  onCall?(method: KmsMethod, code: string, ms: number): void;
}

export class WaitingDecrypt {
  readonly #options: WaitingDecryptOptions;
  readonly #port: MessagePort;
  readonly #answered: Int32Array<SharedArrayBuffer>;
  readonly #worker: Worker;
  #number = 0;
  /** Why there is nobody to ask any more. */
  #ended: string | undefined;

  constructor(options: WaitingDecryptOptions) {
    const { path, timeoutMs } = options;
    this.#options = options;
    const { port1, port2 } = new MessageChannel();
    const signal = new SharedArrayBuffer(4);
    this.#port = port1;
    this.#answered = new Int32Array(signal);
    this.#worker = new Worker(new URL("./decrypt-worker.ts", import.meta.url), {
      name: "kubets-kms",
      workerData: { port: port2, signal, path, timeoutMs } satisfies DecryptWorkerData,
      transferList: [port2],
    });
    // Neither keeps the process alive.
    this.#worker.unref();
    this.#worker.on("error", (error) => {
      this.#ended ??= `rpc error: code = Internal desc = the thread that asks the plugin ended: ${messageOf(error)}`;
    });
    this.#port.unref();
  }

  /** @throws Error with gRPC's words */
  decrypt(encrypted: EncryptedSource, uid: string): Uint8Array {
    if (this.#ended !== undefined) throw new Error(this.#ended);
    const start = realClock.monotonic();
    const number = ++this.#number;
    this.#port.postMessage({ number, encrypted, uid } satisfies DecryptRequest);
    const until = start + this.#options.timeoutMs + graceMs;
    const reply = this.#replyTo(number, until);
    const code = reply === undefined ? "DeadlineExceeded" : "error" in reply ? reply.code : "OK";
    this.#options.onCall?.("Decrypt", code, realClock.monotonic() - start);
    if (reply === undefined) throw new Error("rpc error: code = DeadlineExceeded desc = context deadline exceeded");
    if ("error" in reply) throw new Error(reply.error);
    return reply.plaintext;
  }

  /** Answers that came too late for their question are passed over. */
  #replyTo(number: number, until: number): DecryptReply | undefined {
    for (;;) {
      for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
        const reply = next.message as DecryptReply;
        if (reply.number === number) return reply;
      }
      const left = until - realClock.monotonic();
      if (left <= 0) return undefined;
      const seen = Atomics.load(this.#answered, 0);
      if (seen !== number) Atomics.wait(this.#answered, 0, seen, left);
    }
  }

  close(): void {
    this.#ended ??= "rpc error: code = Canceled desc = grpc: the client connection is closing";
    this.#port.close();
    void this.#worker.terminate();
  }
}
