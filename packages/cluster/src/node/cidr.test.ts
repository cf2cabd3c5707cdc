import assert from "node:assert/strict";
import { test } from "node:test";
import { addressAt, formatCidr, overlaps, parseCidr } from "./cidr.ts";

test("a range is read, cut to its prefix and printed", () => {
  for (const [text, want] of [
    ["10.86.0.0/24", "10.86.0.0/24"],
    ["10.86.0.17/24", "10.86.0.0/24"],
    ["192.168.1.7", "192.168.1.7/32"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["255.255.255.255/32", "255.255.255.255/32"],
  ] as const) {
    assert.equal(formatCidr(parseCidr(text)), want);
  }
});

test("what is not a range is refused", () => {
  for (const text of ["", "10.0.0", "10.0.0.256/8", "10.0.0.0/33", "fd00::/64", "a.b.c.d"]) {
    assert.throws(() => parseCidr(text), /is not an IPv4 range/, text);
  }
});

test("overlap is symmetric and exact at the edges", () => {
  for (const [a, b, want] of [
    ["10.0.0.0/8", "10.86.0.0/24", true],
    ["10.86.0.0/24", "10.86.1.0/24", false],
    ["10.86.0.0/24", "10.86.0.255", true],
    ["0.0.0.0/0", "192.168.0.0/16", true],
  ] as const) {
    assert.equal(overlaps(parseCidr(a), parseCidr(b)), want);
    assert.equal(overlaps(parseCidr(b), parseCidr(a)), want);
  }
});

test("addresses count from the first", () => {
  assert.equal(addressAt(parseCidr("10.86.3.0/24"), 10), "10.86.3.10");
  assert.throws(() => addressAt(parseCidr("10.86.3.0/30"), 4), /has no address number 4/);
});
