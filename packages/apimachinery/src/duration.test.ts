import assert from "node:assert/strict";
import { test } from "node:test";
import { formatDuration, humanDuration, parseDuration, readDuration } from "./duration.ts";

test("Go durations", () => {
  const table: Record<string, [number, string]> = {
    "0": [0, "0s"],
    "1h": [3_600_000, "1h0m0s"],
    "1h2m3.5s": [3_723_500, "1h2m3.5s"],
    "-1.5h": [-5_400_000, "-1h30m0s"],
    "100ms": [100, "100ms"],
    "1.5s": [1500, "1.5s"],
    "10us": [0.01, "10µs"],
    ".5m": [30_000, "30s"],
    "90s": [90_000, "1m30s"],
  };
  for (const [text, [ms, printed]] of Object.entries(table)) {
    assert.equal(parseDuration(text), ms, text);
    assert.equal(formatDuration(ms), printed, text);
  }
  assert.throws(() => parseDuration(""), { message: 'time: invalid duration ""' });
  assert.throws(() => parseDuration("3"), { message: 'time: missing unit in duration "3"' });
  assert.throws(() => parseDuration("3d"), { message: 'time: unknown unit "d" in duration "3d"' });
  assert.throws(() => parseDuration("x"), { message: 'time: invalid duration "x"' });
  for (const text of ["", "-", ".", ".s", "1h.m", "9223372036854775808ns", "2562048h", `${"9".repeat(100_000)}h`])
    assert.equal(readDuration(text), `time: invalid duration ${JSON.stringify(text)}`);
  assert.equal(readDuration("-9223372036854775808ns"), -(1n << 63n));
  assert.equal(readDuration("1.0000000019s"), 1_000_000_001n);
  assert.equal(readDuration("000000000000000000000001.5µs"), 1500n);
});

test("ages as kubectl shows them", () => {
  const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
  const table: [number, string][] = [
    [-5 * s, "<invalid>"],
    [-1 * s, "0s"],
    [119 * s, "119s"],
    [2 * m, "2m"],
    [9 * m + 5 * s, "9m5s"],
    [10 * m + 5 * s, "10m"],
    [179 * m, "179m"],
    [3 * h, "3h"],
    [7 * h + 5 * m, "7h5m"],
    [47 * h, "47h"],
    [2 * d, "2d"],
    [3 * d + 4 * h, "3d4h"],
    [8 * d, "8d"],
    [730 * d, "2y"],
    [800 * d, "2y70d"],
    [3000 * d, "8y"],
  ];
  for (const [ms, text] of table) assert.equal(humanDuration(ms), text);
});
