import assert from "node:assert/strict";
import { test } from "node:test";
import { splitLines } from "./json-lines.ts";

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("lines are the same however the bytes are cut", async () => {
  const text = '{"a":"é"}\n\n{"b":"日本"}\r\n{"c":1}';
  for (let size = 1; size <= text.length + 8; size++) {
    const lines = await Array.fromAsync(splitLines(chunksOf(text, size)));
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [{ a: "é" }, { b: "日本" }, { c: 1 }],
    );
  }
});
