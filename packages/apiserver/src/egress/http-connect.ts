/** A connection through a proxy that is asked for it by HTTP CONNECT. Source: tunnelHTTPConnect in apiserver's pkg/server/egressselector. */

import { connect as connectPlain, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import type { Clock } from "@kubets/apimachinery";
import { ProxyUnreachableError } from "./metered-dial.ts";

/** Where the proxy is. */
export type ProxyAddress =
  | { readonly type: "tcp"; readonly host: string; readonly port: number; readonly tls: ConnectionOptions | undefined }
  | { readonly type: "uds"; readonly socketPath: string };

/** Go's http.DefaultMaxHeaderBytes. */
const maxHeaderBytes = 1 << 20;
/** Of the connection to the proxy and its answer together. */
const timeoutMs = 30_000;

/**
 * @returns a connection to `host`, on which nothing has been said yet
 * @throws Error that says what the proxy said
 */
export async function connectThrough(proxy: ProxyAddress, host: string, port: number, clock: Clock): Promise<Duplex> {
  const socket = open(proxy);
  const shown = proxy.type === "uds" ? proxy.socketPath : `${proxy.host}:${proxy.port}`;
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const timer = clock.setTimeout(
    () => socket.destroy(new Error(`dialing ${target} via proxy ${shown} took too long`)),
    timeoutMs,
  );
  try {
    await connected(socket, proxy);
    socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const status = statusOf(await headerOf(socket, target, shown));
    if (status !== "200" && !status.startsWith("200 "))
      throw new Error(`proxy error from ${shown} while dialing ${target}, code ${status.split(" ")[0]}: ${status}`);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    timer.cancel();
  }
}

function open(proxy: ProxyAddress): Socket {
  if (proxy.type === "uds") return connectPlain(proxy.socketPath);
  const { host, port, tls } = proxy;
  return tls === undefined ? connectPlain(port, host) : connectTls({ ...tls, host, port });
}

/** @throws ProxyUnreachableError */
function connected(socket: Socket, proxy: ProxyAddress): Promise<void> {
  const isSecure = proxy.type === "tcp" && proxy.tls !== undefined;
  return new Promise((resolve, reject) => {
    const onConnect = () => {
      socket.off("error", onError);
      resolve();
    };
    const onError = (cause: Error) => reject(new ProxyUnreachableError(cause.message, { cause }));
    socket.once(isSecure ? "secureConnect" : "connect", onConnect).once("error", onError);
  });
}

function headerOf(socket: Socket, target: string, proxy: string): Promise<string> {
  const failed = (why: string) =>
    new Error(`reading HTTP response from CONNECT to ${target} via proxy ${proxy} failed: ${why}`);
  let read = Buffer.alloc(0);
  return new Promise<string>((resolve, reject) => {
    const onReadable = () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        read = Buffer.concat([read, chunk]);
        const end = read.indexOf("\r\n\r\n");
        if (end < 0 && read.length > maxHeaderBytes) return done(() => reject(failed("its header is too long")));
        if (end < 0) continue;
        done(() => resolve(read.toString("latin1", 0, end)));
        // Whoever is connected to may have spoken first, as a server of HTTP/2 without TLS does.
        if (read.length > end + 4) socket.unshift(read.subarray(end + 4));
        return;
      }
    };
    const onError = (error: Error) => done(() => reject(error));
    const onEnd = () => done(() => reject(failed("unexpected EOF")));
    const done = (settle: () => void) => {
      socket.off("readable", onReadable).off("error", onError).off("end", onEnd).off("close", onEnd);
      settle();
    };
    socket.on("readable", onReadable).on("error", onError).on("end", onEnd).on("close", onEnd);
  });
}

/** `200 OK`, as the first line says after the version. */
function statusOf(header: string): string {
  return (
    /^HTTP\/1\.[01] (.*)/.exec(header)?.[1]?.trim() ?? `malformed HTTP response ${JSON.stringify(header.slice(0, 80))}`
  );
}
