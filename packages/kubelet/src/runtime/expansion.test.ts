import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { expand } from "./expansion.ts";

const values: Record<string, string> = { A: "one", B: "two", EMPTY: "" };
const lookup = (name: string) => values[name];

describe("expand", () => {
  for (const [input, want] of [
    ["plain", "plain"],
    ["$(A)-$(B)", "one-two"],
    ["$(EMPTY)x", "x"],
    ["$$(A)", "$(A)"],
    ["$(UNKNOWN)", "$(UNKNOWN)"],
    ["$(A", "$(A"],
    ["$A $", "$A $"],
    ["$$$$(A)", "$$(A)"],
    ["$($(A))", "$($(A))"],
  ] as const) {
    it(`${input} -> ${want}`, () => assert.equal(expand(input, lookup), want));
  }
});
