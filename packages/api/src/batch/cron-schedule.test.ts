import assert from "node:assert/strict";
import { test } from "node:test";
import { CronScheduleError, parseSchedule } from "./cron-schedule.ts";

const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16));

test("the next time", () => {
  const table: [schedule: string, zone: string | undefined, after: string, want: string | undefined][] = [
    ["*/5 * * * *", undefined, "2026-01-01T00:00", "2026-01-01T00:05"],
    ["0 0 * * *", undefined, "2026-01-01T00:00", "2026-01-02T00:00"],
    ["30 4 1,15 * 5", undefined, "2026-01-01T05:00", "2026-01-02T04:30"],
    ["0 9-17/4 * * mon-fri", undefined, "2026-01-02T17:30", "2026-01-05T09:00"],
    ["@hourly", undefined, "2026-01-01T00:30", "2026-01-01T01:00"],
    ["@every 90s", undefined, "2026-01-01T00:00", "2026-01-01T00:01"],
    ["0 0 29 2 *", undefined, "2026-01-01T00:00", "2028-02-29T00:00"],
    ["0 0 31 2 *", undefined, "2026-01-01T00:00", undefined],
    ["0 12 * * *", "Europe/Berlin", "2026-07-01T00:00", "2026-07-01T10:00"],
    ["30 23 31 12 *", "Pacific/Apia", "2011-01-02T00:00", "2011-12-31T09:30"],
    ["0 0 1 3 *", "Australia/Lord_Howe", "2026-03-01T00:00", "2027-02-28T13:00"],
    ["CRON_TZ=Asia/Tokyo 0 12 * * *", undefined, "2026-07-01T00:00", "2026-07-01T03:00"],
    ["0 12 * * *", "Asia/Kathmandu", "2026-07-01T00:00", "2026-07-01T06:15"],
  ];
  for (const [schedule, zone, after, want] of table) {
    assert.equal(iso(parseSchedule(schedule, zone).next(Date.parse(`${after}Z`))), want, `${schedule} ${zone ?? ""}`);
  }
});

test("a day that never comes is looked for in few steps: a zone's clock is slow to ask", (t) => {
  const schedule = parseSchedule("0 0 31 2 *", "Europe/Berlin");
  const asked = t.mock.method(Intl.DateTimeFormat.prototype, "formatToParts").mock;
  assert.equal(schedule.next(Date.parse("2026-03-01T00:00Z")), undefined);
  assert.ok(asked.callCount() < 5000, `${asked.callCount()} steps`);
});

test("what is no schedule", () => {
  for (const text of [
    "",
    "__proto__",
    "* * * *",
    "60 * * * *",
    "5-1 * * * *",
    "*/0 * * * *",
    "a * * * *",
    "@every nonsense",
    "1/2/3 * * * *",
  ]) {
    assert.throws(() => parseSchedule(text), CronScheduleError, text);
  }
  assert.throws(() => parseSchedule("* * * * *", "No/Where"), CronScheduleError);
});
