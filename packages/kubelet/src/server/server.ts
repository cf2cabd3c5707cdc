/** The node's HTTPS server: who may come in, and which handler answers. The paths are upstream's (pkg/kubelet/server). */

import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "@kubets/apimachinery";
import type { Authenticate } from "./authentication.ts";
import type { Authorize } from "./authorization.ts";
import { nodeSubresources, verbOf } from "./authorization.ts";
import { HttpError } from "./http-error.ts";
import { proxyUpgrade } from "./streaming-proxy.ts";

/** What the server is made with: PEM texts. */
export interface ServerTls {
  readonly cert: string;
  readonly key: string;
  /** The authority whose client certificates are believed. */
  readonly clientCA?: string;
}

export interface RequestContext {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** The path's parts after the first, decoded. */
  readonly parts: readonly string[];
  /** Aborts when the caller goes away or the server stops. */
  readonly signal: AbortSignal;
}

export type Handler = (context: RequestContext) => Promise<void>;
/** Gives the runtime's URL that takes up the session. */
export type UpgradeHandler = (context: Omit<RequestContext, "response">) => Promise<URL>;

export interface KubeletServerOptions {
  readonly tls: ServerTls;
  readonly address: string;
  readonly port: number;
  readonly logger: Logger;
  readonly authenticate: Authenticate;
  /** Undefined allows everyone who is authenticated. */
  readonly authorize: Authorize | undefined;
  readonly nodeName: string;
  /** By the first part of the path. */
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly upgrades: Readonly<Record<string, UpgradeHandler>>;
}

export class KubeletServer {
  readonly #options: KubeletServerOptions;
  readonly #stopping = new AbortController();
  readonly #sessions = new Set<Duplex>();
  #server: Server | undefined;

  constructor(options: KubeletServerOptions) {
    this.#options = options;
  }

  /** Starts to listen and returns the port. @throws Error that says which address could not be had */
  async listen(): Promise<number> {
    const { createServer } = await import("node:https");
    const { constants } = await import("node:crypto");
    const { tls, address, port } = this.#options;
    const server = createServer(
      {
        cert: tls.cert,
        key: tls.key,
        ...(tls.clientCA === undefined ? {} : { ca: tls.clientCA }),
        requestCert: true,
        rejectUnauthorized: false,
        minVersion: "TLSv1.2",
        // A resumed session would come without its certificate.
        secureOptions: constants.SSL_OP_NO_TICKET,
      },
      (request, response) => void this.#answer(request, response),
    );
    server.on("upgrade", (request, socket, head) => void this.#upgrade(request, socket, head));
    // Logs are followed for hours.
    server.requestTimeout = 0;
    this.#server = server as unknown as Server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        reject(new Error(`kubelet cannot listen on ${address}:${port}: ${error.message}`, { cause: error }));
      });
      server.listen(port, address, () => resolve());
    });
    server.removeAllListeners("error");
    server.on("error", (error) => this.#options.logger.warn("kubelet server", { err: error }));
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    for (const socket of this.#sessions) socket.destroy();
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  }

  async #admit(request: IncomingMessage, path: string): Promise<void> {
    const { authenticate, authorize, nodeName } = this.#options;
    const caller = await authenticate(request);
    if (caller === undefined) throw new HttpError(401, "Unauthorized");
    if (authorize === undefined) return;
    const method = request.method ?? "GET";
    if (await authorize(caller, method, path)) return;
    const subresources = nodeSubresources(path).join(" ");
    throw new HttpError(
      403,
      `Forbidden (user=${caller.name}, verb=${verbOf(method)}, resource=nodes, subresource(s)=[${subresources}], name=${nodeName})`,
    );
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      const { url, root, parts } = route(request);
      await this.#admit(request, url.pathname);
      const handler = this.#options.handlers[root];
      if (handler === undefined) {
        if (this.#options.upgrades[root] !== undefined) throw new HttpError(400, "Upgrade request required");
        throw new HttpError(404, "404 page not found");
      }
      await handler({ request, response, url, parts, signal: AbortSignal.any([gone.signal, this.#stopping.signal]) });
    } catch (error) {
      this.#fail(request, response, error);
    }
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const code = error instanceof HttpError ? error.code : 500;
    if (code === 500) this.#options.logger.info("kubelet request failed", { path: request.url, err: error });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.writeHead(code, { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff" });
    response.end(`${(error as Error).message}\n`);
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    this.#sessions.add(socket);
    socket.once("close", () => this.#sessions.delete(socket));
    // Until both ends are joined nobody else listens for its errors.
    socket.on("error", () => socket.destroy());
    try {
      const { url, root, parts } = route(request);
      await this.#admit(request, url.pathname);
      const handler = this.#options.upgrades[root];
      if (handler === undefined) throw new HttpError(404, "404 page not found");
      const target = await handler({ request, url, parts, signal: this.#stopping.signal });
      await proxyUpgrade(request, socket, head, target);
    } catch (error) {
      const code = error instanceof HttpError ? error.code : 500;
      const text = `${(error as Error).message}\n`;
      const length = Buffer.byteLength(text);
      socket.end(
        `HTTP/1.1 ${code} ${statusText(code)}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${text}`,
      );
    }
  }
}

function statusText(code: number): string {
  return (
    { 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found" }[code] ?? "Internal Server Error"
  );
}

function route(request: IncomingMessage): { url: URL; root: string; parts: string[] } {
  let url: URL;
  let all: string[];
  try {
    url = new URL(request.url ?? "/", "https://kubelet");
    all = url.pathname
      .split("/")
      .filter((part) => part !== "")
      .map(decodeURIComponent);
  } catch (error) {
    throw new HttpError(400, `bad request path: ${(error as Error).message}`);
  }
  const [root = "", ...parts] = all;
  return { url, root, parts };
}
