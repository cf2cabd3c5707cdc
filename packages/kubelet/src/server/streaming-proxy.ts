/** Hands an upgraded connection (SPDY/3.1 or WebSocket) on to the runtime's streaming server, byte for byte. */

import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";

/** Never sent on: it is the kubelet's caller's secret. */
const withheld = new Set(["authorization", "host"]);

/** The request as it goes to the runtime: its path, the caller's headers. */
export function upgradeRequest(request: IncomingMessage, url: URL): string {
  const lines = [`${request.method ?? "POST"} ${url.pathname}${url.search} HTTP/1.1`, `Host: ${url.host}`];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i] ?? "";
    if (!withheld.has(name.toLowerCase())) lines.push(`${name}: ${request.rawHeaders[i + 1] ?? ""}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Joins both ends until one closes. Rejects only when the runtime cannot be reached. */
export async function proxyUpgrade(request: IncomingMessage, client: Duplex, head: Buffer, url: URL): Promise<void> {
  const upstream = await dial(url);
  upstream.write(upgradeRequest(request, url));
  if (head.length > 0) upstream.write(head);
  (client as Socket).setNoDelay?.(true);
  client.pipe(upstream);
  upstream.pipe(client);
  await new Promise<void>((resolve) => {
    const finish = () => {
      client.destroy();
      upstream.destroy();
      resolve();
    };
    // An error on either side ends the session, as it would have without a proxy in between.
    for (const end of [client, upstream]) end.once("close", finish).once("error", finish);
  });
}

function dial(url: URL): Promise<Socket> {
  const isTls = url.protocol === "https:";
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (isTls ? 443 : 80));
  return new Promise((resolve, reject) => {
    const socket = isTls ? connectTls({ host, port, rejectUnauthorized: false }) : connect({ host, port });
    socket.setNoDelay(true);
    socket.once("error", reject);
    socket.once(isTls ? "secureConnect" : "connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}
