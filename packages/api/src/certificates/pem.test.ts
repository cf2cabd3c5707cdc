import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { pemBlocks } from "./pem.ts";

const found = (text: string) =>
  pemBlocks(text).map(({ type, hasHeaders, bytes }) => [type, hasHeaders, Buffer.from(bytes).toString()]);

test("the blocks of a text, and what is not quite one", () => {
  const block = "-----BEGIN A B-----\naGVs\nbG8=\n-----END A B-----\n";
  assert.deepEqual(found(`words\n${block}words\r\n${block.replaceAll("\n", " \r\n")}`), [
    ["A B", false, "hello"],
    ["A B", false, "hello"],
  ]);
  assert.deepEqual(found(block.trimEnd()), [["A B", false, "hello"]]);
  assert.deepEqual(found(block.replace("\naG", "\nKey: v\nOther: w\n\naG")), [["A B", true, "hello"]]);
  assert.deepEqual(found("-----BEGIN A-----\n-----END A-----"), [["A", false, ""]]);
  // One that was begun and not ended is passed over.
  assert.deepEqual(found(`-----BEGIN A B-----\naGVs\n${block}`), [["A B", false, "hello"]]);
  const not = [block.replace("END A B", "END A"), `x${block}`, block.replace("aG", "a!"), block.replace("=", "")];
  for (const text of [...not, block.replace("END A B-----", "END A B----- x")]) {
    assert.deepEqual(found(text), [], text);
    assert.deepEqual(found(text + block), [["A B", false, "hello"]], text);
  }
});

test("texts of many beginnings, headers and ends take no longer than they are long", () => {
  const beginnings = "-----BEGIN G-----\n-----END \0";
  const ends = "\n-----END A-----";
  const headers = ":\r\n\r:";
  assertLinear("blocks", 3000, (size) => {
    const text = `${beginnings.repeat(size)}\n-----BEGIN A-----\n\0:${headers.repeat(size)}\n-----END A-----${ends.repeat(size)}`;
    assert.deepEqual(pemBlocks(text), []);
  });
});
