/** The client's side of a SPDY/3.1 connection, as kubelets and container runtimes speak it after an HTTP/1.1 upgrade. */

import { Duplex } from "node:stream";
import { decodeFrame, encodeFrame, type Frame } from "./frames.ts";
import { HeaderCodec, type Headers } from "./header-block.ts";

/** The largest piece of data put in one frame. */
const maxDataLength = 64 << 10;

/** One stream: a duplex that can be half-closed. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly #connection: SpdyConnection;
  #resume: (() => void) | undefined;
  #isReset = false;

  constructor(connection: SpdyConnection, id: number) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.id = id;
    // The connection's end tells whoever uses it; a peer that sends more after the end is no reason to end this process.
    this.on("error", () => {});
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    if (this.#isReset) return done();
    for (let at = 0; at < chunk.length; at += maxDataLength) {
      const payload = chunk.subarray(at, at + maxDataLength);
      const last = at + maxDataLength >= chunk.length;
      this.#connection.send({ type: "data", streamId: this.id, fin: false, payload }, last ? done : undefined);
    }
    if (chunk.length === 0) done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.#isReset) return done();
    this.#connection.send({ type: "data", streamId: this.id, fin: true, payload: Buffer.alloc(0) }, done);
  }

  override _read(): void {
    this.#resume?.();
    this.#resume = undefined;
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.forget(this);
    this.#resume?.();
    done(error);
  }

  /** The peer is through with the stream: what it sent before may still be read, what is written goes nowhere. */
  reset(): void {
    this.#isReset = true;
    this.push(null);
  }

  /** Data from the peer. Resolves when there is room for more: one slow stream holds the connection, as SPDY peers here have no windows. */
  receive(payload: Buffer, fin: boolean): Promise<void> | undefined {
    const full = payload.length > 0 && !this.push(payload);
    if (fin) this.push(null);
    if (!full || this.destroyed) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}

export class SpdyConnection {
  readonly #socket: Duplex;
  readonly #codec = new HeaderCodec();
  readonly #streams = new Map<number, SpdyStream>();
  /** Settles when the peer has replied to SYN_STREAM. */
  readonly #opening = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  readonly #closed: Promise<void>;
  /** Why it has ended. */
  #ended: Error | undefined;
  #nextId = 1;
  /** Header blocks must be compressed and sent in the order of their stream ids. */
  #lastOpen: Promise<void> = Promise.resolve();

  constructor(socket: Duplex, head: Buffer = Buffer.alloc(0)) {
    this.#socket = socket;
    this.#closed = this.#read(head).then(
      () => this.#end(new Error("the connection was closed")),
      (error: Error) => this.#end(error),
    );
  }

  /** Resolves when the connection has ended, for whatever reason. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  /** @throws Error when the connection has ended, or ends before the peer has taken the stream */
  async openStream(headers: Headers): Promise<SpdyStream> {
    const before = this.#lastOpen;
    let opened: () => void = () => {};
    this.#lastOpen = new Promise((resolve) => {
      opened = resolve;
    });
    await before;
    if (this.#ended !== undefined) {
      opened();
      throw this.#ended;
    }
    const stream = new SpdyStream(this, this.#nextId);
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    const replied = new Promise<void>((resolve, reject) => this.#opening.set(stream.id, { resolve, reject }));
    // It may be refused before it is waited for.
    replied.catch(() => {});
    try {
      const block = await this.#codec.compress(headers);
      this.send({ type: "synStream", streamId: stream.id, fin: false, block });
    } finally {
      opened();
    }
    await replied;
    return stream;
  }

  close(): void {
    this.#socket.destroy();
  }

  send(frame: Exclude<Frame, { type: "ignored" }>, done?: (error?: Error | null) => void): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) done?.(new Error("the connection was closed"));
    else this.#socket.write(encodeFrame(frame), done);
  }

  forget(stream: SpdyStream): void {
    this.#streams.delete(stream.id);
  }

  async #read(head: Buffer): Promise<void> {
    let bytes = await this.#consume(head);
    for await (const chunk of this.#socket as AsyncIterable<Buffer>)
      bytes = await this.#consume(bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]));
  }

  /** Handles every whole frame; returns what is left. */
  async #consume(bytes: Buffer): Promise<Buffer> {
    let left = bytes;
    for (let decoded = decodeFrame(left); decoded !== undefined; decoded = decodeFrame(left)) {
      left = decoded.rest;
      await this.#onFrame(decoded.frame);
    }
    return left;
  }

  async #onFrame(frame: Frame): Promise<void> {
    switch (frame.type) {
      case "data":
        return this.#streams.get(frame.streamId)?.receive(frame.payload, frame.fin);
      case "synReply":
        await this.#codec.decompress(frame.block);
        this.#opening.get(frame.streamId)?.resolve();
        this.#opening.delete(frame.streamId);
        if (frame.fin) await this.#streams.get(frame.streamId)?.receive(Buffer.alloc(0), true);
        return;
      case "rstStream": {
        const error = new Error(`the peer reset stream ${frame.streamId} with status ${frame.status}`);
        this.#opening.get(frame.streamId)?.reject(error);
        this.#opening.delete(frame.streamId);
        // Streaming servers close a connection by resetting its streams, right behind their last data.
        this.#streams.get(frame.streamId)?.reset();
        return;
      }
      case "synStream":
      case "headers":
        await this.#codec.decompress(frame.block); // Keeps the decompressor in step.
        if (frame.type === "synStream") this.send({ type: "rstStream", streamId: frame.streamId, status: 3 });
        return;
      case "ping":
        return this.send(frame);
      case "goAway":
      case "ignored":
        return;
    }
  }

  #end(error: Error): void {
    this.#ended = error;
    for (const { reject } of this.#opening.values()) reject(error);
    this.#opening.clear();
    for (const stream of this.#streams.values()) stream.push(null);
    this.#codec.close();
    this.#socket.destroy();
  }
}
