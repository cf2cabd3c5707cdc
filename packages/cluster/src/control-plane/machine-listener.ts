/**
 * Lets nodes on this machine reach the API server at the machine's address towards them, which comes and goes with the nodes' links.
 * Connections are handed to the API server's own listener.
 */

import { createServer, type Server, type Socket } from "node:net";
import { aborted, type Clock, type Component, type Health, type Logger } from "@kubets/apimachinery";
import type { ControlPlane } from "./control-plane.ts";

const retryMs = 100;

export class MachineListener implements Component {
  readonly name = "machine-listener";
  readonly #controlPlane: ControlPlane;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #ready = Promise.withResolvers<void>();
  #health: Health = { ok: false, reason: "the nodes' links are not there yet" };

  constructor(controlPlane: ControlPlane, address: string, { clock, logger }: { clock: Clock; logger: Logger }) {
    this.#controlPlane = controlPlane;
    this.#address = address;
    this.#clock = clock;
    this.#logger = logger;
  }

  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  healthz(): Health {
    return this.#health;
  }

  async start(signal: AbortSignal): Promise<void> {
    const stopped = aborted(signal);
    await Promise.race([this.#controlPlane.ready, stopped]);
    if (signal.aborted) return;
    const { server } = this.#controlPlane;
    const listener = await this.#listen((socket) => server.accept(socket), server.port ?? 0, signal);
    if (listener === undefined) return;
    this.#health = { ok: true };
    this.#ready.resolve();
    await stopped;
    await new Promise<void>((resolve) => listener.close(() => resolve()));
  }

  /** The address appears with the first node's link: until then listening fails. */
  async #listen(accept: (socket: Socket) => void, port: number, signal: AbortSignal): Promise<Server | undefined> {
    let waited = false;
    while (!signal.aborted) {
      const server = createServer(accept);
      try {
        await new Promise<void>((resolve, reject) => {
          server.once("error", reject);
          server.listen(port, this.#address, () => resolve());
        });
        return server;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRNOTAVAIL") throw error;
        if (!waited) this.#logger.info("Waiting for the nodes' links", { address: this.#address });
        waited = true;
        await this.#clock.sleep(retryMs, signal).catch(() => undefined); // Aborted: the loop ends.
      }
    }
    return undefined;
  }
}
