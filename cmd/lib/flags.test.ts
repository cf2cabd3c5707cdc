import assert from "node:assert/strict";
import { test } from "node:test";
import { flagHelp, parseFlags, UsageError } from "./flags.ts";

const specs = {
  name: { type: "string", help: "the cluster's name", default: "kubets" },
  nodes: { type: "number", help: "how many nodes", default: 1 },
  egress: { type: "boolean", help: "a way out", default: true },
  output: { type: "string", help: "json", short: "o" },
} as const;

test("values, defaults, switches and what is left", () => {
  const { flags, rest } = parseFlags(specs, [
    "a",
    "--nodes=3",
    "--name",
    "x",
    "--egress=false",
    "-o",
    "json",
    "--",
    "--nodes",
  ]);
  assert.deepEqual(flags, { name: "x", nodes: 3, egress: false, output: "json" });
  assert.deepEqual(rest, ["a", "--nodes"]);
  assert.deepEqual(parseFlags(specs, ["--no-egress"]).flags, {
    name: "kubets",
    nodes: 1,
    egress: false,
    output: undefined,
  });
});

const mistakes: [args: string[], message: RegExp][] = [
  [["--node", "3"], /unknown flag --node; did you mean --nodes\?/],
  [["--frobnicate"], /unknown flag --frobnicate$/],
  [["--nodes", "many"], /--nodes: "many" is not a whole number/],
  [["--nodes"], /--nodes needs a value/],
  [["--egress=perhaps"], /want true or false/],
  [["--constructor"], /unknown flag/],
];
for (const [args, message] of mistakes)
  test(`mistake: ${args.join(" ")}`, () => {
    assert.throws(
      () => parseFlags(specs, args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });

test("help lists every flag with its default", () => {
  assert.match(flagHelp(specs), /--nodes N {2,}how many nodes \(default 1\)/);
});
