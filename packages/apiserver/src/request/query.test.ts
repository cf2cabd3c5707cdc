import assert from "node:assert/strict";
import { test } from "node:test";
import { realClock } from "@kubets/apimachinery";
import { negotiateOutput, onlyProtobuf, plainJson } from "./negotiate.ts";
import { parseQuery } from "./query.ts";

test("a long query says what a short one does", () => {
  const odd = "?a&b=&=c&&d=e=f&g+h&%41&i%26=j&";
  const long = `${odd}z=${"z".repeat(20_000)}&${odd}`;
  assert.deepEqual([...parseQuery(odd)], [...new URLSearchParams(odd)]);
  assert.deepEqual([...parseQuery(long)], [...new URLSearchParams(long)]);
});

test("a megabyte of what a client may say is read in no time", () => {
  const started = realClock.monotonic();
  assert.equal(parseQuery("a&".repeat(500_000)).size, 500_000);
  const accept = `${",".repeat(1_000_000)}application/json`;
  assert.deepEqual(negotiateOutput(accept, new URLSearchParams(), { table: true }), plainJson);
  assert.equal(onlyProtobuf(`${accept}, application/vnd.kubernetes.protobuf`), undefined);
  assert.ok(realClock.monotonic() - started < 500);
});
