/** A proxy on loopback that is asked for connections by HTTP CONNECT, as konnectivity's server is: over TCP, TLS or a socket file. */

import { connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";

export interface ConnectProxy {
  readonly port: number;
  /** `HOST:PORT`, in the order in which they were asked for. */
  readonly asked: string[];
  close(): Promise<void>;
}

export interface ConnectProxyOptions {
  /** Instead of a port. */
  readonly socketPath?: string;
  readonly tls?: TlsOptions;
  /** What is said instead of connecting. */
  readonly answer?: string;
}

/** Whatever host it is asked for, it connects to the port on loopback. */
export async function connectProxy({ socketPath, tls, answer }: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const asked: string[] = [];
  const open = new Set<Socket>();
  const serve = (client: Socket) => {
    open.add(client);
    client.on("error", () => {});
    client.once("data", (chunk: Buffer) => {
      const [, target = ""] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(chunk.toString()) ?? [];
      asked.push(target);
      if (answer !== undefined) return void client.end(answer);
      const backend = connect(Number(target.split(":").at(-1)), "127.0.0.1");
      open.add(backend);
      backend.on("error", () => client.destroy());
      backend.once("connect", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n");
        client.pipe(backend);
        backend.pipe(client);
      });
    });
  };
  const server: Server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  await new Promise<void>((resolve) => {
    if (socketPath === undefined) server.listen(0, "127.0.0.1", resolve);
    else server.listen(socketPath, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    asked,
    close: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
