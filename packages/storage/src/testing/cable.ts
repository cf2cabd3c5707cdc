/** A TCP connection that a test can cut, or make deaf to answers: `cable.url` leads to `target`. */

import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

export class Cable {
  readonly url: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #whole = true;
  #deaf = false;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async to(target: string): Promise<Cable> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const cable = new Cable(server, (server.address() as { port: number }).port);
    server.on("connection", (near) => cable.#join(near, connect(Number(port), hostname)));
    return cable;
  }

  #join(near: Socket, far: Socket): void {
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    if (!this.#whole) return void near.destroy();
    near.on("data", (data) => far.write(data));
    far.on("data", (data) => {
      if (!this.#deaf) near.write(data);
    });
  }

  /** Requests still arrive; answers are lost. */
  deafen(): void {
    this.#deaf = true;
  }

  /** Ends all connections, and lets none through until {@link mend}. */
  cut(): void {
    this.#whole = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#whole = true;
    this.#deaf = false;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, "close");
  }
}
