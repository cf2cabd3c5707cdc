/** The cluster's DNS server: UDP and TCP on the same addresses. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, type Server, type Socket } from "node:net";
import {
  aborted,
  type Clock,
  type Component,
  type Health,
  type Logger,
  realClock,
  silentLogger,
} from "@kubets/apimachinery";
import type { InformerFactory } from "@kubets/client";
import { ClusterZone } from "./cluster-zone.ts";
import { InformerDirectory } from "./directory.ts";
import { type Forwarder, noForwarder } from "./forwarder.ts";
import { Responder } from "./responder.ts";

export interface DnsServerOptions {
  readonly informers: InformerFactory;
  /** Addresses to listen on. */
  readonly addresses: readonly string[];
  /** 0 picks a free one, the same for UDP and TCP. */
  readonly port: number;
  /** Default `cluster.local`. */
  readonly clusterDomain?: string;
  readonly forwarder?: Forwarder;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** TCP clients that say nothing for this long are let go. */
const idleMs = 10_000;
const maxTcpClients = 256;

/** Ready when it listens and its informers are synced. */
export class DnsServer implements Component {
  readonly name = "dns";
  readonly ready: Promise<void>;
  readonly #options: DnsServerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #clients = new Set<Socket>();
  #markReady: () => void = () => {};
  #listening = false;
  #port = 0;

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? realClock;
    this.#logger = options.logger ?? silentLogger;
    this.ready = new Promise((resolve) => {
      this.#markReady = resolve;
    });
  }

  healthz(): Health {
    return this.#listening ? { ok: true } : { ok: false, reason: "not listening yet" };
  }

  /** The port it listens on, once ready. */
  get port(): number {
    return this.#port;
  }

  async start(signal: AbortSignal): Promise<void> {
    const { informers, addresses, port, clusterDomain = "cluster.local", forwarder = noForwarder } = this.#options;
    const directory = new InformerDirectory(informers, clusterDomain);
    const responder = new Responder({
      zone: new ClusterZone(clusterDomain, directory),
      forwarder,
      serial: () => Math.trunc(this.#clock.now() / 1000),
    });
    const opened: (UdpSocket | Server)[] = [];
    try {
      await directory.synced(signal);
      this.#port = port;
      for (const address of addresses) {
        const tcp = await this.#listenTcp(address, this.#port, responder, signal);
        opened.push(tcp);
        this.#port = (tcp.address() as { port: number }).port;
        opened.push(await this.#listenUdp(address, this.#port, responder, signal));
      }
      this.#listening = true;
      this.#markReady();
      await aborted(signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      this.#listening = false;
      for (const client of this.#clients) client.destroy();
      await Promise.all(opened.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    }
  }

  #listenUdp(address: string, port: number, responder: Responder, signal: AbortSignal): Promise<UdpSocket> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.on("message", (query, from) => {
      responder.answer(query, false, signal).then(
        (answer) => {
          if (answer !== undefined && this.#listening) socket.send(answer, from.port, from.address, () => {});
        },
        (err) => this.#logger.error("A DNS query failed", { err }),
      );
    });
    return new Promise((resolve, reject) => {
      socket.once("error", (cause) => reject(cannotListen("udp", address, port, cause)));
      socket.bind(port, address, () => {
        socket.removeAllListeners("error");
        socket.on("error", (err) => this.#logger.warn("DNS socket error", { err }));
        resolve(socket);
      });
    });
  }

  #listenTcp(address: string, port: number, responder: Responder, signal: AbortSignal): Promise<Server> {
    const server = createServer((client) => this.#serveTcp(client, responder, signal));
    server.maxConnections = maxTcpClients;
    return new Promise((resolve, reject) => {
      server.once("error", (cause) => reject(cannotListen("tcp", address, port, cause)));
      server.listen(port, address, () => resolve(server));
    });
  }

  #serveTcp(client: Socket, responder: Responder, signal: AbortSignal): void {
    this.#clients.add(client);
    let received: Buffer = Buffer.alloc(0);
    client.setTimeout(idleMs, () => client.destroy());
    client.on("error", () => {}); // The client went away; `close` follows.
    client.on("close", () => this.#clients.delete(client));
    client.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const query = received.subarray(2, end);
        received = received.subarray(end);
        responder.answer(query, true, signal).then(
          (answer) => {
            if (answer === undefined || client.destroyed) return;
            const length = Buffer.alloc(2);
            length.writeUInt16BE(answer.length);
            client.write(Buffer.concat([length, answer]));
          },
          (err) => this.#logger.error("A DNS query failed", { err }),
        );
      }
    });
  }
}

function cannotListen(protocol: string, address: string, port: number, cause: NodeJS.ErrnoException): Error {
  const why = cause.code === "EADDRINUSE" ? "something else listens there" : cause.message;
  return new Error(`DNS cannot listen on ${protocol} ${address}:${port}: ${why}`, { cause });
}
