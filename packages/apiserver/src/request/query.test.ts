import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { negotiateOutput, onlyProtobuf, plainJson } from "./negotiate.ts";
import { parseQuery } from "./query.ts";

test("a long query says what a short one does", () => {
  const odd = "?a&b=&=c&&d=e=f&g+h&%41&i%26=j&";
  const long = `${odd}z=${"z".repeat(20_000)}&${odd}`;
  assert.deepEqual([...parseQuery(odd)], [...new URLSearchParams(odd)]);
  assert.deepEqual([...parseQuery(long)], [...new URLSearchParams(long)]);
});

test("what a client may say is read in time that grows with it, and no faster", () => {
  assertLinear("queries", 100_000, (size) => assert.equal(parseQuery("a&".repeat(size)).size, size));
  assertLinear("accepted", 200_000, (size) => {
    const accept = `${",".repeat(size)}application/json`;
    assert.deepEqual(negotiateOutput(accept, new URLSearchParams(), { table: true }), plainJson);
    assert.equal(onlyProtobuf(`${accept}, application/vnd.kubernetes.protobuf`), undefined);
  });
});
