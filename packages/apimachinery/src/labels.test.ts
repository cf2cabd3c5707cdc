import assert from "node:assert/strict";
import { test } from "node:test";
import {
  everything,
  formatLabelSelector,
  nothing,
  parseSelector,
  selectorFromLabelSelector,
  selectorFromSet,
} from "./labels.ts";

test("texts are normalized as upstream does", () => {
  const table: Record<string, string> = {
    "": "",
    "x=a,y=b,z=c": "x=a,y=b,z=c",
    " z = c , x == a ": "x==a,z=c",
    "x in (b,a),!y,z notin ()": "x in (a,b),!y,z notin ()",
    "x,y!=1": "x,y!=1",
    "x=,y": "x=,y",
    "in in (in,notin)": "in in (in,notin)",
    "x in (,a,)": "x in (,a)",
    "a>1,b<3": "a>1,b<3",
    "example.com/a=b": "example.com/a=b",
  };
  for (const [text, want] of Object.entries(table)) assert.equal(parseSelector(text).toString(), want, text);
});

test("what cannot be parsed", () => {
  const table: Record<string, RegExp> = {
    "a=b=c": /^found '=', expected: ',' or 'end of string'$/,
    "a b": /^unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt$/,
    "a,": /^found '', expected: identifier after ','$/,
    ",a": /^found ',', expected: !, identifier, or 'end of string'$/,
    "x in a": /^unable to parse requirement: found 'a' expected: '\('$/,
    "x in (a": /expected: ',' or '\)'$/,
    "!": /^unable to parse requirement: found '', expected: identifier$/,
    "-a=b": /^unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of/,
    "a=-b": /^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-b": a valid label must be/,
    "a>x": /the value must be an integer/,
  };
  for (const [text, want] of Object.entries(table)) {
    assert.throws(() => parseSelector(text), { name: "SelectorError", message: want }, text);
  }
});

test("matching", () => {
  const labels = { app: "web", n: "5" };
  const yes = ["", "app=web", "app in (x,web)", "app", "!x", "x!=1", "x notin (a)", "n>4", "n<6", "app!=x"];
  const no = ["app=x", "app!=web", "app notin (web)", "!app", "x", "n>5", "n<5", "app>1", "x=", "toString"];
  for (const text of yes) assert.ok(parseSelector(text).matches(labels), text);
  for (const text of no) assert.ok(!parseSelector(text).matches(labels), text);
  assert.ok(everything.matches(undefined));
  assert.ok(!nothing.matches({}));
});

test("LabelSelector", () => {
  const selector = selectorFromLabelSelector({
    matchLabels: { b: "1" },
    matchExpressions: [
      { key: "a", operator: "In", values: ["x", "y"] },
      { key: "c", operator: "DoesNotExist" },
    ],
  });
  assert.equal(selector.toString(), "a in (x,y),b=1,!c");
  assert.ok(selector.matches({ a: "x", b: "1" }));
  assert.equal(selector.requiresExactMatch("b"), "1");
  assert.equal(selector.requiresExactMatch("a"), undefined);
  assert.equal(selectorFromLabelSelector(undefined), nothing);
  assert.ok(selectorFromLabelSelector({}).empty);
  assert.throws(() => selectorFromLabelSelector({ matchExpressions: [{ key: "a", operator: "Like" }] }), {
    message: '"Like" is not a valid label selector operator',
  });
  assert.equal(formatLabelSelector(undefined), "<none>");
  assert.equal(selectorFromSet({ b: "2", a: "1" }).toString(), "a=1,b=2");
});
