/** Node's agents, with connections that are made by a {@link Dial}. */

import type { AgentOptions, ClientRequestArgs, Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions as HttpsAgentOptions, type RequestOptions } from "node:https";
import { Duplex } from "node:stream";
import { Agent as AnyHttpAgent } from "../node-http.ts";
import type { Dial } from "./egress.ts";

type Connected = (error: Error | null, socket: Duplex) => void;

const none = undefined as unknown as Duplex;

class DialledHttpAgent extends AnyHttpAgent {
  readonly #dial: Dial;

  constructor(dial: Dial, options: AgentOptions) {
    super(options);
    this.#dial = dial;
  }

  override createConnection({ host, port }: ClientRequestArgs, connected: Connected = () => {}): undefined {
    this.#dial(host ?? "localhost", Number(port ?? 80)).then(
      (socket) => connected(null, socket),
      (error: Error) => connected(error, none),
    );
    return undefined;
  }
}

class DialledHttpsAgent extends HttpsAgent {
  readonly #dial: Dial;

  constructor(dial: Dial, options: HttpsAgentOptions) {
    super(options);
    this.#dial = dial;
  }

  override createConnection(options: RequestOptions, connected: Connected = () => {}): undefined {
    // Which throws for a certificate that is none.
    const secured = (socket: Duplex) => super.createConnection({ ...options, socket } as RequestOptions) ?? none;
    this.#dial(options.host ?? "localhost", Number(options.port ?? 443))
      .then(secured)
      .then(
        (socket) => connected(null, socket),
        (error: Error) => connected(error, none),
      );
    return undefined;
  }
}

/** @param dial without it the agent is as any */
export function httpsAgent(options: HttpsAgentOptions, dial: Dial | undefined): HttpsAgent {
  return dial === undefined ? new HttpsAgent(options) : new DialledHttpsAgent(dial, options);
}

/** @param dial without it the agent is as any */
export function httpAgent(options: AgentOptions, dial: Dial | undefined): HttpAgent {
  return dial === undefined ? new AnyHttpAgent(options) : new DialledHttpAgent(dial, options);
}

/** For a request of its own: what goes beside its other options. */
export function throughAgent(scheme: "http" | "https", dial: Dial | undefined): { agent?: HttpAgent } {
  if (dial === undefined) return {};
  return { agent: scheme === "https" ? httpsAgent({}, dial) : httpAgent({}, dial) };
}

/** What is given to whoever cannot wait for a connection. */
export function connectLater(dial: Dial): (host: string, port: number) => Duplex {
  return (host, port) => new LaterConnection(dial(host, port));
}

/** A connection that may be written to before it is made. */
class LaterConnection extends Duplex {
  readonly #dialled: Promise<Duplex>;
  #socket: Duplex | undefined;

  constructor(dialled: Promise<Duplex>) {
    super({ allowHalfOpen: false });
    this.#dialled = dialled;
  }

  override _construct(done: (error?: Error | null) => void): void {
    this.#dialled.then((socket) => {
      this.#socket = socket;
      socket.on("data", (chunk: Buffer) => {
        if (!this.push(chunk)) socket.pause();
      });
      socket.on("end", () => this.push(null));
      socket.on("error", (error) => this.destroy(error));
      // What came before its end is still to be read.
      socket.on("close", () => {
        if (!socket.readableEnded) this.destroy();
      });
      done();
    }, done);
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket?.write(chunk, encoding, done);
  }

  override _final(done: () => void): void {
    this.#socket?.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // It may be there only later; that it could not be made has been told.
    this.#dialled.then(
      (socket) => socket.destroy(),
      () => {},
    );
    done(error);
  }
}
