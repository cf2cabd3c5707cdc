/** SPDY/3 header blocks: name/value pairs, compressed by one zlib stream per direction for the life of a connection. */

import { constants, createDeflate, createInflate, type Deflate, type Inflate } from "node:zlib";
import { spdyDictionary } from "./dictionary.ts";

/** Lower-case names. */
export type Headers = Readonly<Record<string, string>>;

/** A block can be no larger than this when unpacked: a small one could otherwise blow up to any size. */
const maxBlockLength = 64 << 10;

/** Feeds one zlib stream piece by piece; pieces must go in one after the other. */
class ZlibStream {
  readonly #stream: Deflate | Inflate;
  #out: Buffer[] = [];
  #length = 0;
  /** Of what was fed last; harmless when that is through. */
  #fail: (error: Error) => void = () => {};

  constructor(stream: Deflate | Inflate) {
    this.#stream = stream;
    stream.on("data", (chunk: Buffer) => {
      this.#length += chunk.length;
      if (this.#length > maxBlockLength) stream.destroy(new Error("SPDY header block is too long"));
      else this.#out.push(chunk);
    });
    stream.on("error", (error) => this.#fail(error));
  }

  convert(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      if (this.#stream.destroyed) return reject(closed());
      this.#stream.write(bytes);
      this.#stream.flush(constants.Z_SYNC_FLUSH, () => {
        // Its error is still to come.
        if (this.#stream.destroyed) return;
        const made = Buffer.concat(this.#out);
        this.#out = [];
        this.#length = 0;
        resolve(made);
      });
    });
  }

  close(): void {
    this.#stream.destroy();
    this.#fail(closed());
  }
}

function closed(): Error {
  return new Error("the connection was closed");
}

export class HeaderCodec {
  readonly #deflate = new ZlibStream(createDeflate({ dictionary: spdyDictionary() }));
  readonly #inflate = new ZlibStream(
    createInflate({ dictionary: spdyDictionary(), finishFlush: constants.Z_SYNC_FLUSH }),
  );

  compress(headers: Headers): Promise<Buffer> {
    return this.#deflate.convert(packHeaders(headers));
  }

  /** @throws Error when the block is not zlib, too long, or malformed */
  async decompress(block: Buffer): Promise<Headers> {
    return unpackHeaders(await this.#inflate.convert(block));
  }

  close(): void {
    this.#deflate.close();
    this.#inflate.close();
  }
}

function packHeaders(headers: Headers): Buffer {
  const entries = Object.entries(headers);
  const parts = [uint32(entries.length)];
  for (const pair of entries)
    for (const text of pair) {
      const bytes = Buffer.from(text);
      parts.push(uint32(bytes.length), bytes);
    }
  return Buffer.concat(parts);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function unpackHeaders(block: Buffer): Headers {
  let at = 0;
  const number = (): number => {
    if (at + 4 > block.length) throw new Error("SPDY header block is cut short");
    at += 4;
    return block.readUInt32BE(at - 4);
  };
  const text = (): string => {
    const length = number();
    if (at + length > block.length) throw new Error("SPDY header block is cut short");
    at += length;
    return block.toString("utf8", at - length, at);
  };
  const headers: Record<string, string> = Object.create(null);
  for (let left = number(); left > 0; left--) headers[text().toLowerCase()] = text();
  return headers;
}
