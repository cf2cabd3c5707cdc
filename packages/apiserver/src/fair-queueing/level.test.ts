import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import type { RequestInfo } from "../request/request-info.ts";
import { dealHand, hashFlow } from "./dealer.ts";
import { FlowCounters } from "./flow-counters.ts";
import { type Flow, Level, type Work } from "./level.ts";
import type { Ticket } from "./ticket.ts";

const info = {} as RequestInfo;

function setUp(limit: number, queueLengthLimit = 50) {
  const clock = new VirtualClock();
  const level = new Level({ name: "test", clock, waitLimitMs: () => 15_000, onPressure() {} });
  level.configure(false, { queues: 8, handSize: 1, queueLengthLimit });
  level.setLimit(limit);
  const flows = new Map<string, Flow>();
  const started: string[] = [];
  const refused: string[] = [];
  const flowOf = (name: string, queue: number) => {
    const known = flows.get(name);
    if (known !== undefined) return known;
    const flow: Flow = { schema: "s", distinguisher: name, counters: new FlowCounters(), hand: [queue] };
    flows.set(name, flow);
    return flow;
  };
  const tickets = new Map<string, Ticket>();
  /** A request, that runs until its ticket is left. */
  const come = (name: string, queue: number, work: Partial<Work> = {}, signal = new AbortController().signal) => {
    const id = name;
    const flow = flowOf(name.replace(/\d+$/, ""), queue);
    const comer = { request: { signal, query: new URLSearchParams() }, patient: false, info, userName: "" };
    const note = (ticket: Ticket) => {
      started.push(id);
      tickets.set(id, ticket);
    };
    try {
      const ticket = level.enter(flow, { seats: 1, finalSeats: 0, lingerMs: 0, ...work }, comer);
      if (!(ticket instanceof Promise)) return note(ticket);
      ticket.then(note, () => refused.push(id));
    } catch {
      refused.push(id);
    }
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, level, come, started, refused, tickets, settle, flowOf };
}

test("seats are given at once while there are any, without a timer", () => {
  const { come, started, clock, level } = setUp(2);
  come("a1", 0);
  come("b1", 1);
  assert.deepEqual(started, ["a1", "b1"]);
  assert.deepEqual([clock.pendingTimers, level.seatsInUse, level.activeQueues], [0, 2, 2]);
});

test("a flow with many requests and one with few take turns", async () => {
  const { come, started, tickets, settle, clock, level } = setUp(1);
  for (let i = 1; i <= 6; i++) come(`flood${i}`, 0);
  come("few1", 1);
  come("few2", 1);
  for (let left = 0; left < 8; left++) {
    await clock.advance(3);
    tickets.get(started.at(-1)!)!.leave();
    await settle();
  }
  assert.deepEqual(started, ["flood1", "few1", "flood2", "few2", "flood3", "flood4", "flood5", "flood6"]);
  assert.deepEqual([clock.pendingTimers, level.seatsInUse, level.activeQueues, level.idle], [0, 0, 0, true]);
});

test("wide requests weigh by their seats, and what is too wide runs alone", async () => {
  const { come, started, tickets, settle } = setUp(4);
  come("wide1", 0, { seats: 3 });
  come("wide2", 0, { seats: 3 });
  come("narrow1", 1);
  assert.deepEqual(started, ["wide1", "narrow1"]);
  come("huge1", 2, { seats: 9 });
  tickets.get("wide1")!.leave();
  tickets.get("narrow1")!.leave();
  await settle();
  assert.deepEqual(started, ["wide1", "narrow1", "wide2"]);
  tickets.get("wide2")!.leave();
  await settle();
  assert.equal(started.at(-1), "huge1");
});

test("seats linger for those who watch, and a timer runs only while someone waits for them", async () => {
  const { come, started, tickets, settle, clock } = setUp(2);
  come("a1", 0, { finalSeats: 2, lingerMs: 5 });
  tickets.get("a1")!.leave();
  assert.equal(clock.pendingTimers, 0);
  come("b1", 1);
  assert.deepEqual(started, ["a1"]);
  await clock.advance(6);
  await settle();
  assert.deepEqual([started, clock.pendingTimers], [["a1", "b1"], 0]);
});

test("who finds a full queue, waits too long, or goes away has no place", async () => {
  const { come, refused, settle, clock, level, flowOf, tickets, started } = setUp(1, 2);
  const gone = new AbortController();
  come("a1", 0);
  come("a2", 0, {}, gone.signal);
  come("a3", 0);
  come("a4", 0);
  assert.deepEqual(refused, ["a4"]);
  gone.abort();
  await settle();
  await clock.advance(15_001);
  await settle();
  assert.deepEqual(refused, ["a4", "a2", "a3"]);
  const { rejected } = flowOf("a", 0).counters;
  assert.deepEqual(Object.fromEntries(rejected), { "queue-full": 1, "time-out": 2 });
  tickets.get("a1")!.leave();
  tickets.get("a1")!.leave();
  assert.deepEqual([level.seatsInUse, level.idle, clock.pendingTimers, started], [0, true, 0, ["a1"]]);
});

test("a level without queues refuses; the exempt one never does", () => {
  const { come, level, refused, started } = setUp(1);
  level.configure(false, undefined);
  come("a1", 0);
  come("a2", 0);
  assert.deepEqual([started, refused], [["a1"], ["a2"]]);
  level.configure(true, undefined);
  level.setLimit(0);
  come("a3", 0);
  assert.deepEqual(started, ["a1", "a3"]);
});

test("a raised limit lets those in who wait", async () => {
  const { come, level, started, settle } = setUp(1);
  for (const name of ["a1", "a2", "a3"]) come(name, 0);
  level.setLimit(2);
  await settle();
  assert.deepEqual(started, ["a1", "a2"]);
});

test("a hand is a few different queues, and the same for the same flow", () => {
  for (const flow of ["a", "b", "c", "d"]) {
    const hand = dealHand(hashFlow("schema", flow), 16, 4);
    assert.equal(new Set(hand).size, 4);
    assert.ok(hand.every((index) => index >= 0 && index < 16));
    assert.deepEqual(hand, dealHand(hashFlow("schema", flow), 16, 4));
  }
  assert.deepEqual(dealHand(0n, 8, 3), [0, 1, 2]);
});
