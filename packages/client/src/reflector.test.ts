import assert from "node:assert/strict";
import { test } from "node:test";
import { expired, forbidden, StatusError } from "@kubets/apimachinery";
import { initialReflectorState, type ReflectorState, reflectorDelayMs, step } from "./reflector.ts";

const watching: ReflectorState = { phase: "watch", resourceVersion: "7", failures: 0 };
const unavailable = new StatusError(503, "ServiceUnavailable", "gone fishing");

test("list, watch, follow", () => {
  const watch = step(initialReflectorState, { type: "listed", resourceVersion: "7" });
  assert.deepEqual(watch, watching);
  assert.deepEqual(step(watch, { type: "advanced", resourceVersion: "8" }), { ...watching, resourceVersion: "8" });
  assert.deepEqual(step(watch, { type: "ended", short: false }), watching);
});

test("an expired position means a list of the newest, at once", () => {
  assert.deepEqual(step(watching, { type: "failed", error: expired("old") }), {
    phase: "list",
    resourceVersion: "",
    failures: 0,
  });
});

test("a server in trouble keeps the position; any other error gives it up; both rest first", () => {
  const resting = step(watching, { type: "failed", error: unavailable });
  assert.deepEqual(resting, { phase: "backOff", failures: 1, next: { ...watching, failures: 1 } });
  assert.deepEqual(step(resting, { type: "rested" }), { ...watching, failures: 1 });
  const refused = step(watching, { type: "failed", error: forbidden({ group: "", resource: "pods" }, "", "no") });
  assert.equal(refused.phase === "backOff" && refused.next.phase, "list");
  assert.equal(step(watching, { type: "ended", short: true }).phase, "backOff");
});

test("rests double to 30 s, with as much again by chance", () => {
  const none = { next: () => 0, uuid: () => "" };
  assert.deepEqual(
    [1, 2, 3, 6, 7, 50].map((failures) => reflectorDelayMs(failures, none)),
    [800, 1600, 3200, 25600, 30000, 30000],
  );
  assert.equal(reflectorDelayMs(1, { ...none, next: () => 0.5 }), 1200);
});
