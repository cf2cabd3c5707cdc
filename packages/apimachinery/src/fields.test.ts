import assert from "node:assert/strict";
import { test } from "node:test";
import { escapeFieldValue, parseFieldSelector } from "./fields.ts";

test("parses and prints", () => {
  const table: Record<string, string> = {
    "": "",
    "metadata.name=web": "metadata.name=web",
    "b==2,a!=1": "a!=1,b=2",
    "a=x\\,y\\=z\\\\": "a=x\\,y\\=z\\\\",
    ",a=": "a=",
  };
  for (const [text, want] of Object.entries(table)) assert.equal(parseFieldSelector(text).toString(), want, text);
  assert.equal(escapeFieldValue("a=b,c\\"), "a\\=b\\,c\\\\");
});

test("errors are upstream's", () => {
  const table: Record<string, string> = {
    "a=1,b": "invalid selector: 'a=1,b'; can't understand 'b'",
    "a=b=c": "invalid field selector: unescaped character in value: 61",
    "a=\\x": "invalid field selector: invalid escape sequence: \\x",
    "a=\\": "invalid field selector: invalid escape sequence: \\",
  };
  for (const [text, message] of Object.entries(table)) assert.throws(() => parseFieldSelector(text), { message });
});

test("matches", () => {
  const selector = parseFieldSelector("spec.nodeName=n1,status.phase!=Failed");
  assert.ok(selector.matches({ "spec.nodeName": "n1" }));
  assert.ok(!selector.matches({ "spec.nodeName": "n1", "status.phase": "Failed" }));
  assert.ok(!selector.matches(() => undefined));
  assert.ok(parseFieldSelector("spec.nodeName=").matches({}));
  assert.equal(selector.requiresExactMatch("spec.nodeName"), "n1");
  assert.equal(selector.requiresExactMatch("status.phase"), undefined);
});
