import assert from "node:assert/strict";
import { test } from "node:test";
import { assertLinear } from "@kubets/apimachinery/testing";
import { formatCheck } from "./formats.ts";

const cases: Readonly<Record<string, readonly [good: readonly string[], bad: readonly string[]]>> = {
  uri: [
    ["http://a.example", "https://a.example/x?y=%20#z", "/path", "urn:isbn:1", "mailto:a@b.c"],
    ["a.example", "", "x y", "http://a b"],
  ],
  email: [
    [
      "a@b.example",
      "a+tag@b.c",
      '" "@b.c',
      '"A\\@b"@c.d',
      '"A@b"@c.d',
      "x/y=z@b.c",
      "O'Brian@b.c",
      "root@localhost",
      "A B <a@b.c>",
    ],
    ["a@b@c", "a", "", "a@", "@b"],
  ],
  hostname: [
    [
      "a.com",
      "1.2.3.com",
      "localhost",
      "x",
      "x-y",
      "xn--ls8h.la",
      "www.example.ôlà",
      "☁→❄.ws",
      "ex$ample",
      "www.詹姆斯.org",
    ],
    [
      "a.com!",
      "u@a.com",
      "1.1.1.1",
      "www.example-.org",
      "-www.example.org",
      "www-",
      "_www.a.org",
      "a.b.c.d",
      "x.",
      "a".repeat(64),
      "a".repeat(256),
    ],
  ],
  ipv4: [
    ["127.0.0.1", "192.168.1.01"],
    ["1.2.3.4.5", "1.2.3", "256.1.1.1", "::1"],
  ],
  ipv6: [
    ["::1", "2001:db8::1"],
    ["127.0.0.1", ":::", "x"],
  ],
  cidr: [
    ["192.0.2.1/24", "192.0.02.1/24", "2001:db8::1/32"],
    ["192.0.2.1", "192.0.2.1/33", "::1/129", "x/1"],
  ],
  mac: [
    ["01:02:03:04:05:06", "01-02-03-04-05-06", "0102.0304.0506"],
    ["01:02:03:04:05", "01:02-03:04:05:06"],
  ],
  uuid: [
    ["a987fbc9-4bed-3078-cf07-9141ba07c9f3", "A987FBC94BED3078CF079141BA07C9F3"],
    ["not-a-uuid", ""],
  ],
  uuid4: [["57b73598-8764-4ad0-a76a-679bb6640eb1"], ["57b73598-8764-3ad0-a76a-679bb6640eb1"]],
  isbn: [["0321751043", "978-0321751041"], ["836217463"]],
  isbn10: [["0321751043"], ["0321751044"]],
  isbn13: [["978-0321751041"], ["978-0321751042"]],
  hexcolor: [
    ["#FFFFFF", "fff"],
    ["#fffffffz", "#ffff"],
  ],
  rgbcolor: [
    ["rgb(255,255,255)", "rgb( 0, 1 ,2 )"],
    ["rgb(300,0,0)", "rgb(1,2)"],
  ],
  ssn: [["111-11-1111", "999 99 9999"], ["999 99 999"]],
  creditcard: [
    ["4111-1111-1111-1111", "4012-8888-8888-1881"],
    ["9999-9999-9999-999", "4111-1111-1111-1112"],
  ],
  byte: [
    ["YQ==", "YWI=", "YWJj"],
    ["ZWxpemFiZXRocG9zZXk", "", "a b"],
  ],
  password: [["", "anything"], []],
  date: [
    ["2024-02-29", "2026-12-31"],
    ["2023-02-29", "2026-13-01", "26-1-1", ""],
  ],
  "date-time": [
    ["2026-01-02T03:04:05Z", "2026-01-02t03:04:05.678z", "2026-01-02T03:04:05+01:00"],
    ["2026-01-02", "2026-01-02T24:00:00Z", "2026-01-02T03:04:05", "now"],
  ],
  duration: [
    ["0ms", "1h30m", "1µs", "3 weeks", "22 ns", "1hr", "1minutes", "2 d"],
    ["yada", "three week", "", "5", "12 parsecs", "45 wekk", "12 y"],
  ],
  "k8s-short-name": [
    ["a", "a-1"],
    ["A", "-a", "a.b", "a".repeat(64)],
  ],
  "k8s-long-name": [["a.b-c"], ["a..b", "A.b", "a".repeat(254)]],
  bsonobjectid: [["507f1f77bcf86cd799439011"], ["507f1f77bcf86cd79943901"]],
};

for (const [format, [good, bad]] of Object.entries(cases)) {
  test(`format ${format}`, () => {
    const check = formatCheck(format)!;
    for (const text of good) assert.ok(check(text), `${text} is one`);
    for (const text of bad) assert.ok(!check(text), `${text} is none`);
  });
}

test("formats that are not known are no demand", () => {
  for (const name of ["odd", "__proto__", "constructor", ""]) assert.equal(formatCheck(name), undefined);
});

test("a text of any format is checked in time that grows with it, and no faster", () => {
  assertLinear("formats", 100_000, (size) => {
    const texts = ["a".repeat(size), "a.".repeat(size / 2), "1".repeat(size), `"${"\\a".repeat(size / 2)}`];
    for (const format of Object.keys(cases)) for (const text of texts) formatCheck(format)!(text);
  });
});
