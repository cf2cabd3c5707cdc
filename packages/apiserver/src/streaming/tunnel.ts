/** port-forward over WebSocket: the client's SPDY/3.1 bytes, wrapped in binary messages, go on to the node as they are (KEP-4006). */

import type { RequestOptions } from "node:https";
import { type Logger, messageOf } from "@kubets/apimachinery";
import type { RawData, WebSocket } from "ws";
import type { Upgraded } from "./forward.ts";
import { type ByteRate, slowedInput, slowedOutput } from "./throttle.ts";
import { dialUpgrade } from "./upgrade.ts";

export const portForwardTunnelProtocol = "SPDY/3.1+portforward.k8s.io";

export interface Tunnel {
  readonly client: WebSocket;
  /** The node's end. */
  readonly upgraded: Upgraded;
  /** What each direction is held to. */
  readonly rate?: ByteRate | undefined;
  readonly logger: Logger;
}

/** To be done before the client's WebSocket is taken, so that a refusal can still be answered. @throws StatusError as dialUpgrade */
export function dialPortForward(node: RequestOptions, signal: AbortSignal): Promise<Upgraded> {
  const headers = {
    ...(node.headers as Record<string, string> | undefined),
    Connection: "Upgrade",
    Upgrade: "SPDY/3.1",
    "X-Stream-Protocol-Version": "portforward.k8s.io",
  };
  return dialUpgrade({ ...node, method: "POST", headers }, signal);
}

/** Runs until either side is done. */
export async function tunnelPortForward({ client, upgraded, rate, logger }: Tunnel): Promise<void> {
  const { socket, head } = upgraded;
  const input = slowedInput(socket, rate);
  client.pause();
  try {
    if (head.length > 0) client.send(head);
    client.on("message", (data: RawData) => {
      const bytes = Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer);
      if (input.writableEnded || input.destroyed || input.write(bytes)) return;
      client.pause();
      input.once("drain", () => client.resume());
    });
    client.on("close", () => socket.destroy());
    client.on("error", () => socket.destroy());
    client.resume();
    for await (const chunk of slowedOutput(socket, rate) as AsyncIterable<Buffer>)
      await new Promise<void>((resolve) => client.send(chunk, () => resolve()));
    client.close(1000);
  } catch (error) {
    logger.debug("Port-forward tunnel ended", { err: error });
    client.close(1011, messageOf(error).slice(0, 120));
  }
}
