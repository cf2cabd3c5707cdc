import assert from "node:assert/strict";
import { test } from "node:test";
import { flagHelp, sectionedHelp } from "./flag-help.ts";
import { parseFlags, UsageError } from "./flags.ts";

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

const more = {
  "etcd-servers": { type: "strings", help: "members" },
  modes: { type: "strings", help: "modes", default: ["AlwaysAllow"] },
  issuer: { type: "texts", help: "issuers" },
  claims: { type: "map", help: "claims" },
  ttl: { type: "duration", help: "how long", default: 3_600_000 },
  chance: { type: "float", help: "how likely", default: 0 },
  v: { type: "number", help: "verbosity", short: "v", default: 0 },
  cache: { type: "boolean", help: "a cache", default: true, ignored: "there always is one" },
  old: { type: "string", help: "the old way", deprecated: "use --issuer" },
} as const;

const forms: [args: string, want: Record<string, unknown>][] = [
  ["--etcd-servers=a,b --etcd-servers c", { "etcd-servers": ["a", "b", "c"] }],
  ["--etcd_servers a", { "etcd-servers": ["a"] }],
  ['--modes="a,b",c', { modes: ["a,b", "c"] }],
  ["--modes Node --modes RBAC", { modes: ["Node", "RBAC"] }],
  ["--modes=", { modes: [] }],
  ["--issuer=a,b --issuer c", { issuer: ["a,b", "c"] }],
  ["--claims a=b,c=d=e --claims f=", { claims: { a: "b", c: "d=e", f: "" } }],
  ["--claims a,b=c,d", { claims: { "a,b": "c,d" } }],
  ['--claims "a,b=c,d","e=f"', { claims: { "a,b": "c,d", e: "f" } }],
  ["--ttl 1h2m3s", { ttl: 3_723_000 }],
  ["--ttl=0", { ttl: 0 }],
  ["--chance .02", { chance: 0.02 }],
  ["-v4", { v: 4 }],
  ["-v=4", { v: 4 }],
  ["-v 4", { v: 4 }],
  ["--v=4", { v: 4 }],
  ["--cache=F", { cache: false }],
];
for (const [args, want] of forms)
  test(`form: ${args}`, () => {
    const { flags } = parseFlags(more, args.split(" "));
    assert.deepEqual({ ...flags, ...want }, flags);
  });

test("what was given is known, and what has no effect is said", () => {
  const { given, warnings } = parseFlags(more, ["--cache", "--old", "x", "--ttl=1m"]);
  assert.deepEqual([...given], ["cache", "old", "ttl"]);
  assert.deepEqual(warnings, [
    "Flag --cache has no effect: there always is one",
    "Flag --old has been deprecated, use --issuer",
  ]);
});

const mistakes: [args: string[], message: RegExp][] = [
  [["--node", "3"], /unknown flag --node; did you mean --nodes\?/],
  [["--frobnicate"], /unknown flag --frobnicate$/],
  [["--nodes", "many"], /--nodes: "many" is not a whole number/],
  [["--nodes"], /--nodes needs a value/],
  [["--egress=perhaps"], /want true or false/],
  [["--constructor"], /unknown flag/],
  [["--ttl=5"], /--ttl: "5" is not a duration; write it as 30s/],
  [["--chance=often"], /"often" is not a number/],
  [["--claims=a"], /"a" must be formatted as key=value/],
];
for (const [args, message] of mistakes)
  test(`mistake: ${args.join(" ")}`, () => {
    assert.throws(
      () => parseFlags({ ...specs, ...more }, args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });

test("help lists every flag with its default", () => {
  assert.match(flagHelp(specs), /--nodes N {2,}how many nodes \(default 1\)/);
});

test("help by section", () => {
  const help = sectionedHelp([{ title: "generic", flags: more }], 60);
  assert.match(help, /^Generic flags:\n\n {2}--etcd-servers LIST\n {8}members\n/);
  assert.match(help, /--modes LIST\n {8}modes \(default AlwaysAllow\)/);
  assert.match(help, /--ttl DURATION\n {8}how long \(default 1h0m0s\)/);
  assert.match(help, /--cache\n {8}a cache \(default true\)\. Accepted without effect:\n {8}there always is one\n/);
});
