import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { compile, dynType, Environment } from "../index.ts";

test("no text takes longer than it is long", () => {
  const environment = new Environment({ variables: { self: dynType } });
  const sources = {
    "self.trim() == ''": (size: number) => `x${"\t".repeat(size)}\0`,
    "double(self) == 0.0": (size: number) => `0${"0".repeat(size)}\0`,
    "isURL(self)": (size: number) => `http://${":".repeat(size)}\u2028`,
    "isIP(self)": (size: number) => `:${".".repeat(size)}:`,
  };
  const evaluations = Object.entries(sources).map(([source, make]) => {
    const { program } = compile(source, environment);
    assert.ok(program);
    return (size: number) => program.evaluate({ self: make(size) });
  });
  assertLinear("texts", 40_000, (size) => {
    for (const evaluate of evaluations) evaluate(size);
  });
});
