import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { RememberedAnswers } from "./remembered-answers.ts";

test("an answer is good for its time, and the least recently used one makes room", async () => {
  const clock = new VirtualClock();
  const answers = new RememberedAnswers<string>(clock, 2);
  answers.set("a", "yes", 1000);
  answers.set("b", "no", 2000);
  answers.set("never", "yes", 0);
  assert.deepEqual([answers.get("a"), answers.get("never")], ["yes", undefined]);
  answers.set("c", "yes", 1000);
  assert.deepEqual([answers.get("a"), answers.get("b"), answers.get("c")], ["yes", undefined, "yes"]);
  await clock.advance(1000);
  assert.deepEqual([answers.get("a"), answers.get("c")], [undefined, undefined]);
});
