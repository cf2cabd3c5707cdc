/** HTTP without TLS on a port that speaks TLS: told so, as Go's servers do, instead of a connection that closes without a word. */

import type { Http2SecureServer } from "node:http2";
import type { Socket } from "node:net";

/** Go's tlsRecordHeaderLooksLikeHTTP. */
const beginnings = new Set(["GET /", "HEAD ", "POST ", "PUT /", "OPTIO"]);
const answer = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
/** Node's limit for a handshake; it begins to count with the first byte. */
const firstByteMs = 120_000;

/** Looks at the first bytes of every connection before the handshake does. */
export function refusePlainHttp(server: Http2SecureServer): void {
  const [handshake, ...others] = server.listeners("connection");
  if (handshake === undefined || others.length > 0) throw new Error("a TLS server listens to connections once");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    const giveUp = () => socket.destroy();
    socket.on("error", giveUp);
    socket.setTimeout(firstByteMs, giveUp);
    socket.once("readable", () => {
      socket.setTimeout(0);
      socket.off("timeout", giveUp);
      const first = socket.read() as Buffer | null;
      if (first === null) return void socket.destroy();
      if (beginnings.has(first.toString("latin1", 0, 5))) return void socket.end(answer);
      socket.unshift(first);
      handshake.call(server, socket);
    });
  });
}
