/** port-forward over WebSocket: the client's SPDY/3.1 bytes, wrapped in binary messages, go on to the node as they are (KEP-4006). */

import type { RequestOptions } from "node:https";
import type { Logger } from "@kubets/apimachinery";
import type { RawData, WebSocket } from "ws";
import { dialUpgrade } from "./upgrade.ts";

export const tunnelPrefix = "SPDY/3.1+";
export const portForwardTunnelProtocol = "SPDY/3.1+portforward.k8s.io";

export interface Tunnel {
  readonly client: WebSocket;
  /** Of the node's port-forward, without the headers of the upgrade. */
  readonly node: RequestOptions;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** Runs until either side is done. */
export async function tunnelPortForward({ client, node, signal, logger }: Tunnel): Promise<void> {
  client.pause();
  try {
    const { socket, head } = await dialUpgrade(
      {
        ...node,
        method: "POST",
        headers: {
          ...(node.headers as Record<string, string> | undefined),
          Connection: "Upgrade",
          Upgrade: "SPDY/3.1",
          "X-Stream-Protocol-Version": "portforward.k8s.io",
        },
      },
      signal,
    );
    if (head.length > 0) client.send(head);
    client.on("message", (data: RawData) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
      if (socket.writableEnded || socket.destroyed || socket.write(bytes)) return;
      client.pause();
      socket.once("drain", () => client.resume());
    });
    client.on("close", () => socket.destroy());
    client.on("error", () => socket.destroy());
    client.resume();
    for await (const chunk of socket as AsyncIterable<Buffer>)
      await new Promise<void>((resolve) => client.send(chunk, () => resolve()));
    client.close(1000);
  } catch (error) {
    logger.debug("Port-forward tunnel ended", { err: error });
    client.close(1011, (error instanceof Error ? error.message : String(error)).slice(0, 120));
  }
}
