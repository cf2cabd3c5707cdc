/** The protobuf wire format, read. Pure. */

export type WireField =
  | { readonly number: number; readonly type: "varint"; readonly value: bigint }
  | { readonly number: number; readonly type: "bytes"; readonly value: Buffer }
  | { readonly number: number; readonly type: "fixed64"; readonly value: number }
  | { readonly number: number; readonly type: "fixed32"; readonly value: number };

/** The message is not protobuf. */
export class WireError extends Error {}

/** The fields of one message, in order. @throws WireError */
export function* readFields(message: Buffer): Generator<WireField> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined) throw new WireError("unexpected EOF");
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    throw new WireError("integer overflow");
  };
  const take = (length: number): Buffer => {
    if (length < 0 || at + length > message.length) throw new WireError("unexpected EOF");
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const tag = Number(BigInt.asUintN(32, varint()));
    const number = tag >>> 3;
    if (number === 0) throw new WireError("illegal tag 0");
    switch (tag & 7) {
      case 0:
        yield { number, type: "varint", value: varint() };
        break;
      case 1:
        yield { number, type: "fixed64", value: take(8).readDoubleLE() };
        break;
      case 2:
        yield { number, type: "bytes", value: take(Number(varint())) };
        break;
      case 5:
        yield { number, type: "fixed32", value: take(4).readFloatLE() };
        break;
      default:
        throw new WireError(`illegal wireType ${tag & 7}`);
    }
  }
}
