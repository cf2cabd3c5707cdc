import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32, gunzipSync } from "node:zlib";
import { combine, comma, deflate, gzipOf } from "./gzip-join.ts";

test("the checksum of two texts follows from theirs", () => {
  for (const [a, b] of [
    ["", ""],
    ["a", ""],
    ["", "b"],
    ["hello ", "world"],
    ["x".repeat(100_000), "y".repeat(70_001)],
  ] as const) {
    assert.equal(combine(crc32(a), crc32(b), b.length), crc32(a + b));
  }
});

test("parts compressed apart are one gzip stream", async () => {
  const texts = [
    '{"items":[',
    JSON.stringify({ a: "b".repeat(5000) }),
    "",
    JSON.stringify({ c: "ü".repeat(300) }),
    "]}",
  ];
  const parts = await Promise.all(texts.map((text) => deflate(Buffer.from(text))));
  const joined = Buffer.concat(gzipOf([...parts.slice(0, 2), await comma(), ...parts.slice(2)]));
  assert.equal(gunzipSync(joined).toString(), [...texts.slice(0, 2), ",", ...texts.slice(2)].join(""));
  // A second member after the first would be read by gunzip as well: there must be none.
  assert.equal(joined.subarray(1).indexOf(Buffer.from([0x1f, 0x8b, 8])), -1);
});
