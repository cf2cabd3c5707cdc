/** Streams that are held to so many bytes a second: `--max-connection-bytes-per-sec`, of each direction of each upgraded connection. */

import { pipeline, type Readable, Transform, type TransformCallback, type Writable } from "node:stream";
import type { Clock } from "@kubets/apimachinery";

export interface ByteRate {
  /** More than 0. */
  readonly bytesPerSecond: number;
  readonly clock: Clock;
}

/** How long a piece takes at the rate: what is sent goes evenly, in ten pieces a second. */
const pieceSeconds = 0.1;

/** Says when bytes may go on. What was not used while nothing was sent is not made up for. */
export class Pace {
  readonly #rate: ByteRate;
  /** Milliseconds of the monotonic clock: when what was sent so far has been paid for. */
  #paidAt = 0;

  constructor(rate: ByteRate) {
    this.#rate = rate;
  }

  /** In pieces that are sent one at a time. Resolves when all were sent; rejects when `signal` aborts. */
  async send(bytes: Buffer, sendPiece: (piece: Buffer) => unknown, signal?: AbortSignal): Promise<void> {
    const { bytesPerSecond, clock } = this.#rate;
    const size = Math.max(1, Math.floor(bytesPerSecond * pieceSeconds));
    for (let at = 0; at < bytes.length; at += size) {
      const now = clock.monotonic();
      if (this.#paidAt > now) await clock.sleep(this.#paidAt - now, signal);
      const piece = bytes.subarray(at, at + size);
      this.#paidAt = Math.max(this.#paidAt, now) + (piece.length / bytesPerSecond) * 1000;
      await sendPiece(piece);
    }
  }
}

/** Bytes as they come, no faster than the rate. */
export class Throttle extends Transform {
  readonly #pace: Pace;
  readonly #gone = new AbortController();

  constructor(rate: ByteRate) {
    super();
    this.#pace = new Pace(rate);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pace.send(chunk, (piece) => this.push(piece), this.#gone.signal).then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#gone.abort();
    done(error);
  }
}

/** What comes from `stream`, at the rate. */
export function slowedOutput(stream: Readable, rate: ByteRate | undefined): Readable {
  // Whoever reads is told of its failure by reading.
  return rate === undefined ? stream : pipeline(stream, new Throttle(rate), () => {});
}

/** What is written goes on to `stream` at the rate; it ends as that does. */
export function slowedInput(stream: Writable, rate: ByteRate | undefined): Writable {
  if (rate === undefined) return stream;
  const throttle = new Throttle(rate);
  throttle.on("error", () => {}); // That of `stream`, which is told there.
  pipeline(throttle, stream, () => {});
  return throttle;
}
