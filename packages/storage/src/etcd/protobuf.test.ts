import assert from "node:assert/strict";
import { test } from "node:test";
import { bool, bytes, decode, encode, enumOf, int64, Message, many, one, string } from "./protobuf.ts";

const inner = new Message({ n: int64(1) });
const outer = new Message({
  n: int64(1),
  flag: bool(2),
  text: string(3),
  raw: bytes(4),
  kind: enumOf(5, ["A", "B"]),
  inner: one(6, inner),
  all: many(100, inner),
});
const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test("messages are written as the wire format has them, and read back", () => {
  const value = {
    ...{ n: 150, flag: true, text: "é", raw: Buffer.from([0, 255]), kind: "B" },
    ...{ inner: { n: 0 }, all: [{ n: 1 }, { n: 2 ** 40 }] },
  };
  const wire = hex("08 9601  10 01  1a 02 c3a9  22 02 00ff  28 01  32 02 0800  a206 02 0801  a206 07 08 808080808020");
  assert.deepEqual(encode(outer, value), wire);
  assert.deepEqual(decode(outer, wire), value);
  assert.deepEqual(encode(outer, { inner: {} }, 5).subarray(5), hex("32 00"));
  const long = { raw: Buffer.alloc(100_000, 7) };
  assert.deepEqual((decode(outer, encode(outer, long)) as typeof long).raw, long.raw);
});

test("what is absent is zero, what is negative is so, and what is unknown is passed over", () => {
  const blank = { n: 0, flag: false, text: "", raw: Buffer.alloc(0), kind: "A", inner: null, all: [] };
  assert.deepEqual(decode(outer, Buffer.alloc(0)), blank);
  assert.deepEqual(decode(inner, hex("08 ffffffffffffffffff01")), { n: -1 });
  assert.deepEqual(decode(inner, hex("08 ffffffffffffffff7f")), { n: 2 ** 63 });
  assert.deepEqual(decode(inner, hex("10 05  1a 01 ff  21 0000000000000000  2d 00000000  08 03")), { n: 3 });
});

test("what is cut short, or no protobuf, is refused", () => {
  for (const wire of ["08", "08 80", "1a 05 00", "32 03 08 01", "32 01 08 01", "22 ffffffff7f 00", "2d 0000", "0b"])
    assert.throws(() => decode(outer, hex(wire)), RangeError, wire);
});
