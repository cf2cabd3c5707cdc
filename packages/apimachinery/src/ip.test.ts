import assert from "node:assert/strict";
import { test } from "node:test";
import { path } from "./field-error.ts";
import {
  cidrContains,
  formatCidr,
  formatIp,
  parseCidr,
  parseIp,
  validateCidr,
  validateIp,
  validateIpLegacy,
} from "./ip.ts";

test("addresses, canonical", () => {
  const table: Record<string, string | undefined> = {
    "10.0.0.1": "10.0.0.1",
    "010.0.0.1": "10.0.0.1",
    "::": "::",
    "::1": "::1",
    "2001:DB8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "1:0:2:0:3:0:4:0": "1:0:2:0:3:0:4:0",
    "::ffff:1.2.3.4": "1.2.3.4",
    "64:ff9b::1.2.3.4": "64:ff9b::102:304",
    "1.2.3": undefined,
    "256.0.0.1": undefined,
    "fe80::1%eth0": undefined,
    "1::2::3": undefined,
    "1:2:3:4:5:6:7:8:9": undefined,
    ":1:2:3:4:5:6:7": undefined,
    "": undefined,
  };
  for (const [text, want] of Object.entries(table)) {
    const ip = parseIp(text);
    assert.equal(ip && formatIp(ip.family, ip.value), want, text);
  }
});

test("CIDRs", () => {
  assert.equal(formatCidr(parseCidr("10.1.2.3/16")!), "10.1.0.0/16");
  assert.equal(formatCidr(parseCidr("2001:db8::1/64")!), "2001:db8::/64");
  assert.equal(parseCidr("10.0.0.0/33"), undefined);
  assert.equal(parseCidr("10.0.0.0"), undefined);
  assert.ok(cidrContains(parseCidr("10.0.0.0/8")!, parseIp("10.255.0.1")!));
  assert.ok(!cidrContains(parseCidr("10.0.0.0/8")!, parseIp("11.0.0.1")!));
  assert.ok(cidrContains(parseCidr("0.0.0.0/0")!, parseIp("1.1.1.1")!));
});

test("validation", () => {
  const at = path("spec.x");
  const why = (errors: { message: string }[]) => errors.map((e) => e.message.replace(/^Invalid value: "[^"]*": /, ""));
  assert.deepEqual(why(validateIp("10.0.0.1", at)), []);
  assert.deepEqual(why(validateIp("x", at)), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
  assert.deepEqual(why(validateIp("01.0.0.1", at)), ["must not have leading 0s"]);
  assert.deepEqual(why(validateIp("::FF", at)), ['must be in canonical form ("::ff")']);
  assert.deepEqual(why(validateIpLegacy("01.0.0.1", at)), []);
  assert.deepEqual(why(validateCidr("10.0.0.1/8", at)), ["must not have bits set beyond the prefix length"]);
});
