/** The load: HTTP/2 connections, as 64 separate clients would be. */

import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";

export const connections = 64;

export interface Target {
  readonly url: string;
  readonly tls: SecureClientSessionOptions;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
}

export class Load {
  readonly #sessions: ClientHttp2Session[];
  readonly #headers: Target["headers"];

  constructor({ url, tls, headers }: Target, count = connections) {
    this.#headers = headers;
    this.#sessions = Array.from({ length: count }, () => {
      const session = connect(url, { ...tls, maxSessionMemory: 1024, settings: { initialWindowSize: 16 << 20 } });
      session.on("connect", () => session.setLocalWindowSize(64 << 20));
      session.on("error", () => {});
      return session;
    });
  }

  /** @throws Error for an answer that is not 2xx */
  call(index: number, { method, path, body, contentType = "application/json" }: Call): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const session = this.#sessions[index % this.#sessions.length]!;
      const stream = session.request(
        {
          ...this.#headers,
          ":method": method,
          ":path": path,
          ...(body === undefined ? {} : { "content-type": contentType }),
        },
        { endStream: body === undefined },
      );
      const chunks: Buffer[] = [];
      let status = 0;
      stream.on("response", (response) => {
        status = Number(response[":status"]);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("end", () => {
        const bytes = Buffer.concat(chunks);
        if (status >= 200 && status < 300) resolve(bytes);
        else reject(new Error(`${method} ${path}: ${status} ${bytes.toString().slice(0, 300)}`));
      });
      if (body !== undefined) stream.end(body);
    });
  }

  /** All calls, on so many connections (all when not said), each of them with so many at a time (one when not said). @returns seconds */
  async run(
    count: number,
    make: (index: number) => Call,
    {
      connections: used = this.#sessions.length,
      inFlight = 1,
    }: { connections?: number | undefined; inFlight?: number } = {},
  ): Promise<number> {
    const started = performance.now();
    let next = 0;
    const caller = async (connection: number) => {
      while (next < count) await this.call(connection, make(next++));
    };
    await Promise.all(Array.from({ length: used * inFlight }, (_, i) => caller(i % used)));
    return (performance.now() - started) / 1000;
  }

  /** Opens a stream and hands every chunk of it to `onData` until `close`. */
  stream(index: number, path: string, onData: (chunk: Buffer) => void): Promise<{ close(): void }> {
    return new Promise((resolve, reject) => {
      const session = this.#sessions[index % this.#sessions.length]!;
      const stream = session.request({ ...this.#headers, ":method": "GET", ":path": path });
      stream.on("error", reject);
      stream.on("data", onData);
      stream.on("response", (headers) => {
        if (headers[":status"] === 200) resolve({ close: () => stream.close() });
        else reject(new Error(`GET ${path}: ${headers[":status"]}`));
      });
    });
  }

  close(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
