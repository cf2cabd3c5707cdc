import assert from "node:assert/strict";
import { test } from "node:test";
import { ProtobufWriter } from "./protobuf-writer.ts";

test("a message goes before its length is known, whatever its length", () => {
  for (const size of [0, 1, 42, 43, 125, 126, 127, 128, 16_380, 16_384, 2_097_152]) {
    const bytes = new ProtobufWriter()
      .message(1, (inner) => inner.message(2, (w) => w.strings(3, ["x".repeat(size)])))
      .boolean(4, true)
      .finish();
    const text = field(0x1a, Buffer.alloc(size, "x"));
    assert.deepEqual(Buffer.from(bytes), Buffer.concat([field(0x0a, field(0x12, text)), Buffer.from([0x20, 1])]));
  }
});

test("text is UTF-8, and an empty one is left out", () => {
  const bytes = new ProtobufWriter().string(1, "").string(2, "é".repeat(42)).string(3, "語".repeat(60)).finish();
  const expected = [field(0x12, Buffer.from("é".repeat(42))), field(0x1a, Buffer.from("語".repeat(60)))];
  assert.deepEqual(Buffer.from(bytes), Buffer.concat(expected));
});

function field(tag: number, content: Buffer): Buffer {
  const head = [tag];
  let rest = content.length;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) head.push((rest % 0x80) | 0x80);
  return Buffer.concat([Buffer.from([...head, rest]), content]);
}
