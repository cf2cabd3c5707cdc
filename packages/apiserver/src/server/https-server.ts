/**
 * Node's server, as the front needs it: HTTP/2 and HTTP/1.1 on one port, with limits that upstream's clients can live with, and nothing a client does
 * wrong ends more than its own connection.
 */

import type { IncomingMessage } from "node:http";
import { createSecureServer, type Http2SecureServer, type SecureServerOptions } from "node:http2";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Logger } from "@kubets/apimachinery";
import { bodyTimeoutMs } from "./incoming.ts";
import { discard } from "./outgoing.ts";
import { refusePlainHttp } from "./plain-http.ts";
import { contextOptions, type TlsFiles } from "./serving-tls.ts";

export interface HttpsServerOptions {
  readonly tls: TlsFiles;
  /** False for HTTP/1.1 only. Default true. */
  readonly http2?: boolean;
  /** How many streams a connection may have at once. Default 250. */
  readonly maxStreams?: number;
  /** Chooses by the name a client asks for; needed when `tls` names certificates. */
  readonly onServerName: NonNullable<SecureServerOptions["SNICallback"]>;
  /** Whether a request that asks to is given the connection: the event `upgrade`. It is a request like any other when not. */
  takesUpgrade(request: IncomingMessage): boolean;
  /** Told of each TLS handshake that failed. */
  onHandshakeError?(): void;
  readonly clock: Clock;
  readonly logger: Logger;
}

const defaultMaxStreams = 250;
/**
 * Go's, and upstream's. A request with more gets 431 over HTTP/1.1. Over HTTP/2 its stream is reset, before anyone here has seen it: Node counts as the
 * headers come. Clients are told the limit, and Go's keep to it by themselves.
 */
const maxHeaderBytes = 1024 * 1024;
/** A client that went away without a word is noticed after so long, however little is said to it. Source: defaultKeepAlivePeriod in apiserver's pkg/server. */
const keepAliveMs = 180_000;
/** By HTTP/2's way of counting headers. */
const bytesPerHeader = 32;
/** The headers of a request come in nine frames at most, or nghttp2 ends the whole connection: who fills its frames has room for all that is allowed. */
const maxFrameBytes = 128 * 1024;

/** Client certificates are asked for and not required. It listens to nothing yet. */
export function httpsServer(options: HttpsServerOptions): Http2SecureServer {
  const { tls, http2 = true, maxStreams = defaultMaxStreams } = options;
  const server = createSecureServer({
    ...contextOptions(tls, tls),
    ...(tls.named?.length ? { SNICallback: options.onServerName } : {}),
    allowHTTP1: true,
    ALPNProtocols: http2 ? ["h2", "http/1.1"] : ["http/1.1"],
    requestCert: true,
    rejectUnauthorized: false,
    maxHeaderListPairs: maxHeaderBytes / bytesPerHeader,
    // Megabytes. Clients put everything on one connection; Node's 10 would refuse the third large list that is on its way.
    maxSessionMemory: 1024,
    settings: {
      maxConcurrentStreams: maxStreams,
      maxHeaderListSize: maxHeaderBytes,
      maxFrameSize: maxFrameBytes,
      initialWindowSize: 256 * 1024,
    },
    // HTTP/1.1's, which the types of this function do not name.
    ...{
      maxHeaderSize: maxHeaderBytes,
      requestTimeout: bodyTimeoutMs,
      headersTimeout: 32_000,
      keepAliveTimeout: 180_000,
    },
  });
  // Node takes a thousand. Here as upstream only their length counts: a proxy sends one for each group of whom it asks for.
  Object.assign(server, { maxHeadersCount: 0, shouldUpgradeCallback: options.takesUpgrade });
  refusePlainHttp(server);
  // Nagle's algorithm would hold a watch's second event back until the client's delayed acknowledgement of the first: 40 ms.
  server.on("connection", (socket: Socket) => {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveMs);
  });
  surviveClients(server, options);
  return server;
}

/** A client's broken handshake, reset or nonsense is its own affair; without listeners Node would end the process. */
function surviveClients(server: Http2SecureServer, options: HttpsServerOptions): void {
  const { logger, clock } = options;
  const onClientError = (error: Error, socket?: { destroy?(): void }) => {
    logger.debug("a connection failed", { err: error.message });
    socket?.destroy?.();
  };
  for (const event of ["tlsClientError", "sessionError"]) server.on(event, onClientError);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    const refusal = refusals[error.code ?? ""] ?? (error.code?.startsWith("HPE_") ? "400 Bad Request" : undefined);
    if (refusal === undefined || !socket.writable) return onClientError(error, socket);
    const header = "Content-Type: text/plain; charset=utf-8\r\nConnection: close";
    // What else it says is no request; but who is not heard out is cut off before reading why.
    socket.removeAllListeners("data");
    socket.end(`HTTP/1.1 ${refusal}\r\n${header}\r\n\r\n${refusal}`);
    void discard(socket, clock).then(() => socket.destroy());
  });
  server.on("tlsClientError", () => options.onHandshakeError?.());
  server.on("error", (error) => logger.error("the HTTPS server reported an error", { err: error }));
}

/** What Go's server says to what its parser does not take, by the code of Node's. */
const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
};
