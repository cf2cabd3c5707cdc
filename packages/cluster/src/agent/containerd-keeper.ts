/** Brings the node's containerd back when it dies. It holds a connection to its socket: the end of that is the news, so nothing is polled. */

import * as http2 from "node:http2";
import { connect } from "node:net";
import {
  type Clock,
  type Component,
  type Health,
  type Logger,
  messageOf,
  realClock,
  silentLogger,
} from "@kubets/apimachinery";

export interface ContainerdKeeperOptions {
  readonly socketPath: string;
  /** Starts it, or finds it running. */
  readonly ensure: (signal: AbortSignal) => Promise<unknown>;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const firstRetryMs = 200;
const maxRetryMs = 10_000;

export class ContainerdKeeper implements Component {
  readonly name = "containerd";
  readonly #options: ContainerdKeeperOptions;
  readonly #ready = Promise.withResolvers<void>();
  #health: Health = { ok: false, reason: "not connected yet" };

  constructor(options: ContainerdKeeperOptions) {
    this.#options = options;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { clock = realClock, logger = silentLogger, socketPath, ensure } = this.#options;
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        await ensure(signal);
        if (signal.aborted) return;
        await this.#holdConnection(socketPath, signal, () => {
          retryMs = firstRetryMs;
        });
        if (!signal.aborted) logger.warn("containerd is gone; starting it again", { socketPath });
      } catch (err) {
        if (signal.aborted) return;
        this.#health = { ok: false, reason: messageOf(err) };
        logger.error("containerd does not start; trying again", { err, retryMs });
        await clock.sleep(retryMs, signal).catch(() => undefined); // Aborted: the loop ends.
        retryMs = Math.min(retryMs * 2, maxRetryMs);
      }
    }
  }

  /** Resolves when the other end closes, or the signal aborts. A real HTTP/2 session: the server would drop a client that says nothing. */
  #holdConnection(socketPath: string, signal: AbortSignal, onConnect: () => void): Promise<void> {
    return new Promise((resolve) => {
      const session = http2.connect("http://containerd", { createConnection: () => connect(socketPath) });
      const abort = () => session.destroy();
      signal.addEventListener("abort", abort, { once: true });
      session.on("connect", () => {
        this.#health = { ok: true };
        this.#ready.resolve();
        onConnect();
      });
      session.on("error", () => {}); // `close` follows.
      session.on("close", () => {
        signal.removeEventListener("abort", abort);
        this.#health = { ok: false, reason: "the connection was lost" };
        resolve();
      });
    });
  }
}
