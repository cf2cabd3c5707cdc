import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListOptions, parseResourceVersion } from "./list-options.ts";
import { negotiateError, negotiateOutput } from "./negotiate.ts";
import { managerOf, parseDeleteOptions, parseWriteOptions } from "./write-options.ts";

const list = (query: string) => parseListOptions(new URLSearchParams(query));

test("combinations of list options that upstream forbids", () => {
  const refused: readonly [string, RegExp][] = [
    ["resourceVersionMatch=Exact", /resourceVersionMatch is forbidden unless resourceVersion is provided/],
    [
      "resourceVersionMatch=Exact&resourceVersion=0",
      /resourceVersionMatch "exact" is forbidden for resourceVersion "0"/,
    ],
    ["resourceVersionMatch=Exact&resourceVersion=1&continue=x", /forbidden when continue is provided/],
    ["resourceVersionMatch=Nearly&resourceVersion=1", /Unsupported value: "Nearly"/],
    ["sendInitialEvents=true", /sendInitialEvents is forbidden for list/],
    ["watch=true&resourceVersionMatch=Exact", /forbidden for watch unless sendInitialEvents is provided/],
    ["watch=true&sendInitialEvents=true", /sendInitialEvents requires setting resourceVersionMatch to NotOlderThan/],
    ["watch=true&continue=x", /resourceVersionMatch is forbidden when continue is provided/],
    ["limit=", /strconv\.ParseInt: parsing "": invalid syntax/],
    ["limit=x", /parsing "x": invalid syntax/],
  ];
  for (const [query, message] of refused) assert.throws(() => list(query), { message }, query);
  assert.equal(list("watch=true&resourceVersion=5&continue=x").continue, "x", "which a watch does not look at");
});

test("list options have their defaults", () => {
  assert.deepEqual(list("watch=1&limit=5&timeoutSeconds=3"), {
    labelSelector: "",
    fieldSelector: "",
    resourceVersion: "",
    resourceVersionMatch: "NotOlderThan",
    limit: 5,
    continue: "",
    watch: true,
    allowWatchBookmarks: false,
    sendInitialEvents: true,
    timeoutSeconds: 3,
  });
  for (const query of ["watch=1&resourceVersion=5", "", "resourceVersion=0"])
    assert.deepEqual([list(query).sendInitialEvents, list(query).resourceVersionMatch], [undefined, ""], query);
  assert.equal(list("watch=1&resourceVersion=0").sendInitialEvents, true);
  assert.equal(parseResourceVersion(""), 0);
  assert.equal(parseResourceVersion("12"), 12);
  assert.throws(() => parseResourceVersion("1e3"));
});

test("write options", () => {
  const parse = (query: string, isApply = false) =>
    parseWriteOptions(new URLSearchParams(query), "PatchOptions", isApply);
  assert.deepEqual(parse("dryRun=All&fieldManager=me"), {
    dryRun: true,
    fieldManager: "me",
    fieldValidation: "Warn",
    force: undefined,
  });
  assert.throws(() => parse("force=true"), { message: /force: Forbidden: may not be specified for non-apply patch/ });
  assert.throws(() => parse("", true), { message: /is required for apply patch/ });
  assert.throws(() => parse("dryRun=x"), { message: /dryRun: Unsupported value: \["x"\]: supported values: "All"/ });
  assert.throws(() => parse("fieldValidation=x"), { code: 422 });
  assert.equal(managerOf("", "kubectl/v1.36.0 (linux/amd64)"), "kubectl");
  assert.equal(managerOf("mine", "kubectl/v1"), "mine");
});

test("delete options come from the body, or else from the query", () => {
  const none = new URLSearchParams("gracePeriodSeconds=5&propagationPolicy=Foreground");
  assert.equal(parseDeleteOptions(none, undefined).gracePeriodSeconds, 5);
  assert.equal(parseDeleteOptions(none, {}).gracePeriodSeconds, undefined);
  const conditions = new URLSearchParams("uid=u&resourceVersion=1");
  assert.deepEqual(parseDeleteOptions(conditions, undefined).preconditions, { uid: "u", resourceVersion: "1" });
  assert.deepEqual(parseDeleteOptions(conditions, {}).preconditions, {});
  assert.equal(parseDeleteOptions(none, { gracePeriodSeconds: -1 }).gracePeriodSeconds, 1);
  assert.throws(() => parseDeleteOptions(none, { propagationPolicy: "x" }), { code: 422 });
  assert.throws(() => parseDeleteOptions(none, { propagationPolicy: "Orphan", orphanDependents: true }), { code: 422 });
  assert.throws(() => parseDeleteOptions(none, { gracePeriodSeconds: "1" }), { code: 400 });
  const mistyped = [{ dryRun: "All" }, { dryRun: [1] }, { preconditions: "x" }, { preconditions: { uid: 1 } }];
  for (const body of mistyped) assert.throws(() => parseDeleteOptions(none, body), { code: 400 }, JSON.stringify(body));
  assert.equal(parseDeleteOptions(none, { dryRun: null }).dryRun, false);
});

test("what is accepted, in the order of its quality", () => {
  const negotiate = (accept: string) => {
    const { type, as, version } = negotiateOutput(accept, new URLSearchParams(), { table: true });
    return [type, as, version].join(" ").trim();
  };
  assert.equal(negotiate("application/json;as=Table;v=v1;g=meta.k8s.io,application/json"), "json table v1");
  assert.equal(negotiate("application/json;as=Other;v=v1;g=meta.k8s.io,application/json"), "json object");
  assert.equal(negotiate("application/vnd.kubernetes.protobuf,application/json"), "json object");
  assert.equal(negotiate("application/json;q=0.1, application/yaml"), "yaml object");
  assert.equal(negotiate("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"), "json partial v1");
  assert.equal(negotiate("*/*"), "json object");
  const watch = (accept: string) => negotiateOutput(accept, new URLSearchParams(), { table: true, watch: true }).type;
  assert.equal(watch("application/yaml,application/json;q=0.5"), "json");
  assert.throws(() => watch("application/yaml"), {
    code: 406,
    message: /application\/json;stream=watch, .*;stream=watch$/,
  });
  assert.throws(() => negotiate("application/vnd.kubernetes.protobuf"), {
    code: 406,
    message:
      "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  });
});

test("an empty dryRun is no dryRun that exists, and managers' names print", () => {
  const refused = (query: string, isApply = false) => {
    try {
      parseWriteOptions(new URLSearchParams(query), "PatchOptions", isApply);
    } catch (error) {
      return (error as Error).message;
    }
    return "";
  };
  assert.match(refused("dryRun="), /dryRun: Unsupported value: \[""\]: supported values: "All"/);
  assert.match(refused("dryRun=x", true), /\[fieldManager: Required value: is required for apply patch, dryRun:/);
  assert.match(refused("fieldManager=a%01b"), /"a\\x01b": invalid character U\+0001 \(at position 1\)/);
});

test("answers are indented when asked for, or read by a person; errors take the form of answers", () => {
  const isPretty = (query: string, agent?: string) =>
    negotiateOutput(undefined, new URLSearchParams(query), { table: true }, agent).pretty;
  assert.deepEqual(
    ["pretty=1", "pretty=true", "pretty=junk", "pretty=0", ""].map((query) => isPretty(query)),
    [true, true, false, false, false],
  );
  assert.deepEqual(
    [isPretty("", "curl/8.0"), isPretty("pretty=false", "curl/8.0"), isPretty("", "kubectl/v1")],
    [true, false, false],
  );
  const error = (accept: string) => negotiateError(accept, new URLSearchParams());
  assert.deepEqual(error("application/yaml").type, "yaml");
  assert.deepEqual(error("application/json;as=Table;g=meta.k8s.io;v=v1").as, "object");
  assert.equal(error("text/html").pretty, true);
});
