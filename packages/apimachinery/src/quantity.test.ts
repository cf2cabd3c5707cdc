import assert from "node:assert/strict";
import { test } from "node:test";
import { parseQuantity, Quantity, tryParseQuantity } from "./quantity.ts";

test("prints as upstream prints", () => {
  const table: Record<string, string> = {
    "0": "0",
    "0Ki": "0",
    "100m": "100m",
    "0.1": "100m",
    "1.5": "1500m",
    "1.234": "1.234",
    "1000m": "1",
    "1024Mi": "1Gi",
    "1.5Gi": "1536Mi",
    "1025Ki": "1025Ki",
    "0.5Ki": "512",
    "1000Ki": "1000Ki",
    "1000k": "1M",
    "12e6": "12e6",
    "1e4": "10e3",
    "1E": "1E",
    "-5m": "-5m",
    "-0.0000000001": "-1n",
    "1.00000000001": "1000000001n",
    "9Ei": "9223372036854775807",
    "+1": "+1",
    "0.001Ki": "1024m",
    ".5": "500m",
    "1000E": "1000E",
  };
  for (const [text, want] of Object.entries(table)) assert.equal(Quantity.parse(text).toString(), want, text);
});

test("refuses what upstream refuses", () => {
  for (const text of ["", " 1", "1.1.1", "aoeu", "1 Gi", `${"0".repeat(3_000_000)}x`, "1".repeat(3_000_000)]) {
    assert.throws(() => Quantity.parse(text), /quantities must match the regular expression/, text);
  }
  for (const text of ["1i", "1mi", "1Kii", "1e", "1e9999999999", "1-5", "--1"]) {
    assert.throws(() => Quantity.parse(text), /unable to parse quantity's suffix/, text);
  }
  assert.equal(tryParseQuantity("x"), undefined);
  assert.equal(tryParseQuantity(undefined), undefined);
});

test("computes exactly and rounds up", () => {
  const q = parseQuantity;
  assert.equal(q("100m").add(q("0.2")).toString(), "300m");
  assert.equal(q("1Gi").sub(q("512Mi")).toString(), "512Mi");
  assert.equal(Quantity.zero.add(q("1Gi")).toString(), "1Gi");
  assert.equal(q("1").cmp(q("1000m")), 0);
  assert.equal(q("1Ki").cmp(q("1k")), 1);
  assert.equal(q("100m").value(), 1);
  assert.equal(q("-100m").value(), -1);
  assert.equal(q("1500m").value(), 2);
  assert.equal(q("1n").milliValue(), 1);
  assert.equal(q(2).milliValue(), 2000);
  assert.equal(q("1Gi").value(), 1073741824);
  assert.equal(Quantity.ofMilli(1500).toString(), "1500m");
  assert.equal(Quantity.of(2048, "BinarySI").toString(), "2Ki");
  assert.equal(JSON.stringify({ cpu: q("2000m") }), '{"cpu":"2"}');
});
