import assert from "node:assert/strict";
import { test } from "node:test";
import { VirtualClock } from "@kubets/apimachinery";
import type { RequestInfo } from "../request/request-info.ts";
import { dealHand, hashFlow } from "./dealer.ts";
import type { Flow, Work } from "./flow.ts";
import { FlowCounters } from "./flow-counters.ts";
import { Level } from "./level.ts";
import { Pace } from "./pace.ts";
import { Patience } from "./patience.ts";
import type { Ticket } from "./ticket.ts";

const info = {} as RequestInfo;
const flowOfOne: Flow = { schema: "s", distinguisher: "one", counters: new FlowCounters(), hand: [0] };

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

test("seats that lingered count until they were given back, though nobody looked", async () => {
  const { come, tickets, clock, level } = setUp(10);
  come("a1", 0, { finalSeats: 4, lingerMs: 100 });
  await clock.advance(100);
  tickets.get("a1")!.leave();
  await clock.advance(800);
  assert.deepEqual([level.sync() > 0, level.seatsInUse], [true, 0]);
  level.demand.endPeriod();
  assert.ok(Math.abs(level.demand.average - (4 * 200) / 900) < 1e-9, String(level.demand.average));
  const { seats } = level.utilization;
  assert.equal(Math.round(seats.count), 900e6);
  assert.deepEqual([Math.round(seats.counts[0]!), Math.round(seats.counts[4]!)], [700e6, 200e6]);
});

test("each is late at its own time", async () => {
  const late: string[] = [];
  const clock = new VirtualClock();
  const patience = new Patience<string>(clock, (who) => late.push(who));
  patience.add("long", 300);
  patience.add("short", 100);
  patience.add("gone", 200);
  patience.delete("gone");
  await clock.advance(150);
  assert.deepEqual(late, ["short"]);
  await clock.advance(150);
  assert.deepEqual([late, clock.pendingTimers], [["short", "long"], 0]);
});

test("a level that became small gives those who waited fewer seats for longer", async () => {
  const { come, tickets, level, settle, started } = setUp(10);
  come("a1", 0, { seats: 10 });
  come("b1", 1, { finalSeats: 8, lingerMs: 5 });
  level.setLimit(4);
  tickets.get("a1")!.leave();
  await settle();
  assert.deepEqual(started, ["a1", "b1"]);
  assert.deepEqual(tickets.get("b1")!.work, { seats: 1, finalSeats: 4, lingerMs: 10 });
});

test("a level without seats lets nobody in but those who may not be refused", async () => {
  const { come, level, started, refused, clock, settle } = setUp(0);
  come("a1", 0);
  const comer = { request: { signal: new AbortController().signal, query: new URLSearchParams() }, info, userName: "" };
  const patient = level.enter(flowOfOne, { seats: 1, finalSeats: 0, lingerMs: 0 }, { ...comer, patient: true });
  assert.ok(!(patient instanceof Promise));
  await clock.advance(15_001);
  await settle();
  assert.deepEqual([started, refused], [[], ["a1"]]);
});

test("queues that are configured no more are gone once they are empty", async () => {
  const { come, tickets, level, settle } = setUp(1);
  come("a1", 7);
  come("b1", 6);
  level.configure(false, { queues: 2, handSize: 1, queueLengthLimit: 50 });
  assert.equal(level.queues.length, 8);
  tickets.get("a1")!.leave();
  await settle();
  tickets.get("b1")!.leave();
  assert.deepEqual([level.queues.length, level.activeQueues, level.idle], [2, 0, true]);
});

test("a turn begins only so much; the next goes on, in order", async () => {
  const clock = new VirtualClock();
  const pace = new Pace(clock);
  const level = new Level({ name: "paced", clock, waitLimitMs: () => 15_000, onPressure() {}, pace });
  level.configure(false, { queues: 1, handSize: 1, queueLengthLimit: 1000 });
  level.setLimit(1000);
  const comer = { request: { signal: new AbortController().signal, query: new URLSearchParams() }, info, userName: "" };
  const begun = () => level.executing.length;
  for (let i = 0; i < 250; i++) {
    void level.enter(flowOfOne, { seats: 1, finalSeats: 0, lingerMs: 0 }, { ...comer, patient: false });
  }
  assert.deepEqual([begun(), level.waiting.size], [100, 150]);
  await new Promise((resolve) => setImmediate(resolve));
  const second = begun();
  assert.ok(second > 100 && second < 250, String(second));
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([begun(), level.waiting.size, level.seatsWaiting], [250, 0, 0]);
});
