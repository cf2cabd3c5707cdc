import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear, costOf } from "@kubets/apimachinery/testing";
import { negotiateOutput, onlyProtobuf, plainJson } from "./negotiate.ts";
import { parseQuery } from "./query.ts";

test("a long query says what a short one does", () => {
  const odd = "?a&b=&=c&&d=e=f&g+h&%41&i%26=j&";
  const long = `${odd}z=${"z".repeat(20_000)}&${odd}`;
  assert.deepEqual([...parseQuery(odd)], [...new URLSearchParams(odd)]);
  assert.deepEqual([...parseQuery(long)], [...new URLSearchParams(long)]);
});

test("what a client may say is read in time that grows with it, and no faster", () => {
  // A reference that leaves as much garbage, but takes quadratic time. Where Node's own parser has become as fast, ours is not needed.
  const text = "a&".repeat(200_000);
  const [ours, theirs] = [
    costOf(text.length, () => parseQuery(text)),
    costOf(text.length, () => new URLSearchParams(text)),
  ];
  assert.ok(2 * ours < theirs, `${ours} µs instead of ${theirs}`);
  assertLinear("accepted", 200_000, (size) => {
    const accept = `${",".repeat(size)}application/json`;
    assert.deepEqual(negotiateOutput(accept, new URLSearchParams(), { table: true }), plainJson);
    assert.equal(onlyProtobuf(`${accept}, application/vnd.kubernetes.protobuf`), undefined);
  });
});
