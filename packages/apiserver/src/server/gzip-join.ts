/**
 * One gzip stream out of parts that were compressed apart: each is a run of deflate blocks that ends on a byte and refers to nothing before it,
 * and the checksum of the whole is computed from those of the parts. RFC 1951 and 1952; the checksum's algebra is zlib's crc32_combine.
 */

import { promisify } from "node:util";
import { constants, crc32, deflateRaw } from "node:zlib";

export interface Deflated {
  readonly bytes: Uint8Array;
  /** Of what was compressed: its CRC-32, and its length. */
  readonly crc: number;
  readonly length: number;
}

const deflateBlocks = promisify(deflateRaw) as (
  bytes: Uint8Array,
  options: { level: number; finishFlush: number },
) => Promise<Buffer>;

/** Compressed in another thread. Level 1, as upstream. */
export async function deflate(bytes: Uint8Array): Promise<Deflated> {
  const blocks = await deflateBlocks(bytes, { level: 1, finishFlush: constants.Z_FULL_FLUSH });
  return { bytes: blocks, crc: crc32(bytes), length: bytes.length };
}

let oneComma: Promise<Deflated> | undefined;

/** Between two parts. */
export function comma(): Promise<Deflated> {
  oneComma ??= deflate(Buffer.from(","));
  return oneComma;
}

const magic = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** An empty block that says it is the last. */
const lastBlock = Buffer.from([3, 0]);

export function gzipOf(parts: readonly Deflated[]): Uint8Array[] {
  let crc = 0;
  let length = 0;
  for (const part of parts) {
    crc = combine(crc, part.crc, part.length);
    length += part.length;
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  return [magic, ...parts.map(({ bytes }) => bytes), lastBlock, trailer];
}

/** The CRC-32 of two texts one after the other, from theirs and the length of the second in bytes. */
export function combine(first: number, second: number, length: number): number {
  return (multiply(powerOfX(length), first) ^ second) >>> 0;
}

const polynomial = 0xedb88320;

/** The product of two polynomials over GF(2), modulo CRC-32's; the highest bit is x to the 0. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) !== 0 ? (factor >>> 1) ^ polynomial : factor >>> 1;
  }
  return product;
}

/** x to the power 2^n, for n from 0 to 31. */
const squares: number[] = [];

/** x to the 8 times `bytes`. */
function powerOfX(bytes: number): number {
  if (squares.length === 0) {
    squares.push(0x40000000);
    while (squares.length < 32) squares.push(multiply(squares.at(-1)!, squares.at(-1)!));
  }
  let power = 0x80000000;
  for (let rest = bytes, n = 3; rest > 0; rest = Math.floor(rest / 2), n++) {
    if (rest % 2 === 1) power = multiply(squares[n % 32]!, power);
  }
  return power;
}
