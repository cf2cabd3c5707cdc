import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import { YamlThread } from "./yaml-thread.ts";

const lines = (count: number): string => Array.from({ length: count }, (_, i) => `  key${i}: v\n`).join("");

test("a large body is read in another thread, with the same result and the same words", async () => {
  const thread = new YamlThread(new VirtualClock());
  const body = Buffer.from(`large: 9007199254740993\ndata:\n${lines(5000)}  key1: w\n`);
  const bad = Buffer.from(`data:\n${lines(5000)}- x\n`);
  const [read, refused] = await Promise.allSettled([thread.decode(body), thread.decode(bad)]);
  assert.ok(read.status === "fulfilled");
  const { value, duplicates } = read.value;
  assert.equal((value as { data: Record<string, string> }).data["key4999"], "v");
  assert.equal((value as { large: bigint }).large, 9007199254740993n);
  assert.match(duplicates.join(), /line 5003: key "key1" already set in map/);
  assert.ok(refused.status === "rejected");
  assert.match(String(refused.reason), /^YamlSyntaxError: error converting YAML to JSON: yaml: line 5002/);
});

test("a body that takes too long is refused, and the next one read", async () => {
  const clock = new VirtualClock();
  const thread = new YamlThread(clock);
  const slow = assert.rejects(thread.decode(Buffer.from(`a: {${"a:,".repeat(200_000)}}`)), { code: 413 });
  const next = thread.decode(Buffer.from(`data:\n${lines(2000)}`));
  await clock.advance(20_000);
  await slow;
  assert.deepEqual((await next).duplicates, []);
});

test("what begins like JSON and is none is no shorter a way", async () => {
  const clock = new VirtualClock();
  const thread = new YamlThread(clock);
  const slow = assert.rejects(thread.decode(Buffer.from(`{${"a:,".repeat(200_000)}}`)), { code: 413 });
  await new Promise((resolve) => setImmediate(resolve));
  await clock.advance(20_000);
  await slow;
});

test("a body that comes just as an idle thread is dismissed is read by another", async () => {
  const clock = new VirtualClock();
  const thread = new YamlThread(clock);
  const body = Buffer.from(`data:\n${lines(2000)}`);
  await thread.decode(body);
  await clock.advance(30_000);
  assert.deepEqual((await thread.decode(body)).duplicates, []);
});

test("what nobody waits for any more is not read, nor waited for", async () => {
  const clock = new VirtualClock();
  const thread = new YamlThread(clock);
  const slow = Buffer.from(`a: {${"a:,".repeat(200_000)}}`);
  const leavers = [new AbortController(), new AbortController()];
  const left = leavers.map(({ signal }) =>
    assert.rejects(
      thread.decode(slow, () => signal),
      /gone/,
    ),
  );
  const stays = thread.decode(Buffer.from(`data:\n${lines(2000)}`));
  for (const leaver of leavers.reverse()) leaver.abort(new Error("gone"));
  await Promise.all(left);
  // Without the clock, on which anyone who is being read has twenty seconds.
  assert.deepEqual((await stays).duplicates, []);
  await assert.rejects(
    thread.decode(slow, () => AbortSignal.abort(new Error("gone"))),
    /gone/,
  );
});
